"""Long-lived processes that outlive the command which started them, and that only we end.

A process is known by its id *and* its start time, so that a recycled id is never taken for ours.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sandbox.errors import SandboxError

LAST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Process:
    """One program we started."""

    name: str
    pid: int
    started: int  # clock ticks since boot, field 22 of /proc/PID/stat
    log: str

    def is_alive(self) -> bool:
        """Whether it still runs, or any thread of it, which has its files and ports; a mere zombie does not."""
        seen = _stat(self.pid)
        return seen is not None and seen.started == self.started and (seen.state != "Z" or seen.threads > 1)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                if self.is_alive():
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)

    def stop(self, *, grace: float) -> None:
        """Ask it to end (SIGTERM), and end it (SIGKILL) after `grace` seconds; at once when that is 0."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            if number is signal.SIGTERM and not grace:
                continue
            self.signal(number)
            self.signal(signal.SIGCONT)  # a paused process does not hear SIGTERM
            if self._ends_within(patience):
                return
        raise SandboxError(f"{self.name} (process {self.pid}) survived SIGKILL: see `cat /proc/{self.pid}/stack`")

    def last_words(self) -> str:
        """The end of its log, for whoever has to say why it died."""
        try:
            lines = Path(self.log).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-LAST_WORDS:])

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_alive():
            _reap(self.pid)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cgroup_procs: Sequence[Path] = (),
) -> Process:
    """Start a program in a session of its own, its output appended to `log`.

    `cgroup_procs` are the files that it writes its id into before it becomes the program, so that no child escapes.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(part) for part in command]
    if cgroup_procs:
        enter = 'for f in $VKP_CGROUPS; do echo $$ > "$f" || exit 125; done; unset VKP_CGROUPS; exec "$@"'
        argv = ["/bin/sh", "-c", enter, "sh", *argv]
    variables = {**os.environ, **(environment or {}), "VKP_CGROUPS": " ".join(map(str, cgroup_procs))}
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=variables,
            cwd="/",
            start_new_session=True,
        )
    child.returncode = 0  # it outlives us on purpose: keep subprocess from warning that it still runs
    seen = _stat(child.pid)
    return Process(name, child.pid, seen.started if seen else 0, str(log))


def of_this_process() -> tuple[int, int]:
    """Our own id and start time."""
    seen = _stat(os.getpid())
    return os.getpid(), seen.started if seen else 0


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


class _Stat(NamedTuple):
    state: str
    threads: int
    started: int


def _stat(pid: int) -> _Stat | None:
    """State letter, number of threads and start time, or None when there is no such process. Source: proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(fields[0], int(fields[17]), int(fields[19]))
