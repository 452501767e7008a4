import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

from sandbox.locking import exclusive


def hold(lock: Path, taken: Event, release: Event) -> None:
    with exclusive(lock, doing="holding", progress=lambda _: None):
        taken.set()
        release.wait(30)


def test_a_second_process_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken, release = context.Event(), context.Event()
    lock = tmp_path / "lock"
    first = context.Process(target=hold, args=(lock, taken, release))
    first.start()
    assert taken.wait(30)
    said: list[str] = []

    def listen(text: str) -> None:
        said.append(text)
        release.set()

    with exclusive(lock, doing="holding", progress=listen):
        pass
    first.join(30)
    assert said == ["waiting: another process is holding"]


def test_a_lock_is_free_again_after_use(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with exclusive(tmp_path / "lock", doing="nothing", progress=said.append):
            pass
    assert said == []
