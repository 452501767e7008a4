"""One `vkp`, pointed at one host cluster."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import yaml
from click.testing import CliRunner, Result

from vk_provider.cli.root import main

RUN = "import sys; sys.argv = ['vkp', *sys.argv[1:]]; from vk_provider.entry import main; main()"
LIMIT = 120.0


class Vkp:
    """Runs commands in this process; what a process of its own adds is tested where it matters."""

    def __init__(self, kubeconfig: Path) -> None:
        self.environment = {"KUBECONFIG": str(kubeconfig), "VKP_HOST_KUBECONFIG": "", "VKP_HOST_CONTEXT": ""}

    def run(self, *arguments: str, text: str = "") -> Result:
        """Run a command to its end, whatever its exit code."""
        done = CliRunner().invoke(main, arguments, input=text, env=self.environment, prog_name="vkp")
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        return done

    def __call__(self, *arguments: str) -> str:
        """What a command prints that must succeed."""
        done = self.run(*arguments)
        assert done.exit_code == 0, f"vkp {' '.join(arguments)}: {done.exit_code}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """The decoded object that a command prints."""
        return yaml.safe_load(self(*arguments, "-o", "yaml"))


class Running:
    """A `vkp` in a process of its own, to be waited for; it is killed on leaving, if it still runs."""

    def __init__(self, vkp: Vkp, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments],
            env={**os.environ, **vkp.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end."""
        stdout, stderr = self._process.communicate(timeout=LIMIT)
        return subprocess.CompletedProcess([], self._process.returncode, stdout, stderr)
