"""What the program `vkp` does first: start a daemon, without loading what only the command line needs, or that."""

import os
import signal
import sys
from importlib import import_module

DAEMONS = {"provider": "vk_provider.provider.daemon", "controller": "vk_provider.controller.daemon"}


def main() -> None:
    """Run `vkp`; the process ends with the exit code of what it ran."""
    command, *arguments = sys.argv[1:] or [""]
    if command in DAEMONS:
        # Process 1 of a container hears only what it handles: told to end while it loads, it would be waited for, in
        # vain, for the whole grace period of its pod.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        sys.exit(import_module(DAEMONS[command]).main(arguments))
    import_module("vk_provider.cli.root").run()
