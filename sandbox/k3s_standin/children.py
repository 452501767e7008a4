"""The programs that a server is made of: started one by one, and all ended when one ends or the server is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sandbox.k3s_standin.errors import ChildEndedError

GRACE = 1.0  # seconds; an API server would wait for the watches of others, the real one's goes with its process
DATASTORE = "etcd"


class Terminated(BaseException):
    """SIGTERM or SIGINT arrived."""


def raise_on_signal() -> None:
    """Make the main thread raise `Terminated` wherever it is."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough: what follows must not be interrupted
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


class Children:
    """Child processes by name, in the order in which they were started."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        log(f"Running {name} {' '.join(arguments)}")
        self._running[name] = subprocess.Popen(
            [self._programs / name, *arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # a terminal's Ctrl-C is for us alone
        )

    def check(self) -> None:
        """Raise ChildEndedError if one has ended."""
        for name, child in self._running.items():
            if child.poll() is not None:
                raise ChildEndedError(name, child.returncode)

    def wait(self) -> NoReturn:
        """Until one ends, which is fatal; strays are reaped on the way, since nobody else does so for process 1."""
        while True:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            self.check()
            pid, _ = os.waitpid(-1, os.WNOHANG)
            self._forget(pid)

    def _forget(self, pid: int) -> None:
        for child in self._running.values():
            if child.pid == pid:  # it ended between the check and the reaping
                child.returncode = 1
        self.check()

    def end(self) -> None:
        """End what was started, the datastore after everybody who writes to it; whoever takes too long is killed."""
        writers = [child for name, child in self._running.items() if name != DATASTORE]
        for group in (writers, list(self._running.values())):
            for child in group:
                child.terminate()
            deadline = time.monotonic() + GRACE
            for child in group:
                try:
                    child.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        self._running.clear()


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - its only log
