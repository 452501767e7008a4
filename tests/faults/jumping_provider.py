"""The real provider with a clock that jumps: by as many seconds as a file says, at any time.

    python -m tests.faults.jumping_provider FILE PROVIDER'S ARGUMENTS

Only the time of day jumps, as after a correction by NTP; the clock that measures how long something took does not.
"""

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from kube.clock import SystemClock
from vk_provider.daemon import run_daemon
from vk_provider.provider.parts import run_provider
from vk_provider.provider.settings import provider_settings


class JumpingClock(SystemClock):
    def __init__(self, file: Path) -> None:
        self._file = file

    def utcnow(self) -> datetime:
        offset = 0.0
        with suppress(OSError, ValueError):  # it is not there yet, or being written
            offset = float(self._file.read_text())
        return super().utcnow() + timedelta(seconds=offset)


if __name__ == "__main__":
    work = partial(run_provider, clock=JumpingClock(Path(sys.argv[1])))
    sys.exit(run_daemon("provider", provider_settings, work, sys.argv[2:]))
