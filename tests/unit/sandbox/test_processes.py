import signal
import sys
from pathlib import Path

import pytest

from sandbox import processes
from sandbox.processes import Process
from sandbox.waiting import wait_until

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
# Its first thread ends, so that it looks like a zombie; the other goes on.
HEADLESS = (
    "import ctypes, threading, time; threading.Thread(target=time.sleep, args=[60]).start(); "
    "ctypes.CDLL(None).pthread_exit(None)"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_a_started_process_lives_until_it_is_stopped(log: Path) -> None:
    process = processes.start("sleeper", ["sleep", "60"], log=log)
    assert process.is_alive()
    process.stop(grace=5)
    assert not process.is_alive()


def test_one_that_ignores_sigterm_is_killed_after_its_grace(log: Path) -> None:
    process = processes.start("stubborn", [sys.executable, "-c", STUBBORN], log=log)
    wait_until(lambda: None if "deaf" in log.read_text() else "nothing", what="its word", seconds=20, advice="")
    process.stop(grace=0.1)
    assert not process.is_alive()


def test_a_paused_process_can_be_stopped(log: Path) -> None:
    process = processes.start("paused", ["sleep", "60"], log=log)
    process.signal(signal.SIGSTOP)
    process.stop(grace=5)
    assert not process.is_alive()


def test_one_whose_first_thread_has_ended_still_runs(log: Path) -> None:
    process = processes.start("headless", [sys.executable, "-c", HEADLESS], log=log)

    def look() -> str | None:
        text = Path(f"/proc/{process.pid}/stat").read_text()
        return None if text[text.rindex(")") + 2] == "Z" else text

    wait_until(look, what="the end of its first thread", seconds=20, advice="")
    assert process.is_alive()
    process.stop(grace=0)
    assert not process.is_alive()


def test_a_recycled_id_is_not_taken_for_ours(log: Path) -> None:
    theirs = processes.start("theirs", ["sleep", "60"], log=log)
    ours = Process("ours", theirs.pid, theirs.started - 1, str(log))
    assert not ours.is_alive()
    ours.stop(grace=0)
    assert theirs.is_alive()
    theirs.stop(grace=0)


def test_last_words_are_the_end_of_the_log(log: Path) -> None:
    process = processes.start("talker", ["sh", "-c", "seq 1 100; echo dying >&2; exit 1"], log=log)
    wait_until(lambda: "alive" if process.is_alive() else None, what="its end", seconds=10, advice="")
    assert process.last_words().splitlines()[-2:] == ["100", "dying"]


def test_a_program_that_is_not_there_is_an_error(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        processes.start("nobody", ["/does/not/exist"], log=log)


def test_a_process_enters_its_groups_before_it_becomes_the_program(log: Path, tmp_path: Path) -> None:
    group = tmp_path / "cgroup.procs"
    group.touch()
    process = processes.start("member", ["sleep", "60"], log=log, cgroup_procs=[group])
    wait_until(lambda: None if group.read_text() else "empty", what="its entry", seconds=10, advice="")
    assert group.read_text() == f"{process.pid}\n"
    process.stop(grace=0)
