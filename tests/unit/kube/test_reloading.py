from pathlib import Path

import pytest

from kube.errors import CredentialsError
from kube.reloading import INTERVAL, Read, Reloading
from tests.virtual_clock import VirtualClock


def number_in(path: Path, clock: VirtualClock) -> Reloading[int]:
    def load(read: Read) -> int:
        try:
            return int(read(path))
        except ValueError as error:
            raise CredentialsError(str(error)) from error

    return Reloading(load, clock)


def test_value_is_made_anew_when_a_file_has_other_contents(tmp_path: Path) -> None:
    clock = VirtualClock()
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    value = Reloading(lambda read: read(one) + read(other), clock)
    assert value.current() == b"12"
    other.write_bytes(b"3")
    clock.jump(INTERVAL)
    assert value.current() == b"13"


def test_files_are_not_looked_at_each_time(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = tmp_path / "number"
    path.write_text("1")
    value = number_in(path, clock)
    path.write_text("2")
    clock.jump(INTERVAL - 0.1)
    assert value.current() == 1


def test_files_are_looked_at_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("1")
    value = number_in(path, VirtualClock())
    path.write_text("2")
    value.look()
    assert value.current() == 2


def test_unchanged_files_give_the_very_same_value(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("1")
    clock = VirtualClock()
    value: Reloading[object] = Reloading(lambda read: [read(path)], clock)
    before = value.current()
    path.touch()
    clock.jump(INTERVAL)
    assert value.current() is before


def test_file_that_cannot_be_used_leaves_the_old_value_until_it_can(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = tmp_path / "number"
    path.write_text("1")
    value = number_in(path, clock)
    path.write_text("half a numb")
    clock.jump(INTERVAL)
    assert value.current() == 1
    path.unlink()
    clock.jump(INTERVAL)
    assert value.current() == 1
    path.write_text("2")
    clock.jump(INTERVAL)
    assert value.current() == 2


def test_first_load_fails_aloud(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        number_in(tmp_path / "nothing", VirtualClock())
