"""One process at a time, across the machine."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Progress

LONGEST_WAIT = 3600.0


@contextlib.contextmanager
def exclusive(lock: Path, *, doing: str, progress: Progress) -> Iterator[int]:
    """Hold the file's lock; say so once while another process has it, and give up after an hour.

    Yields the lock's descriptor: a child that inherits it holds the lock too, also when we are killed.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        deadline = time.monotonic() + LONGEST_WAIT
        told = False
        while not _try(handle.fileno()):
            if not told:
                progress(f"waiting: another process is {doing}")
                told = True
            if time.monotonic() > deadline:
                raise SandboxError(f"another process has been {doing} for an hour; look for it with `fuser {lock}`")
            time.sleep(0.2)
        yield handle.fileno()


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
