"""Rooms import only downwards: what each may import of ours is what this table says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ALLOWED = {
    "kube": set(),
    "node": {"kube"},
    "reflectors": {"kube"},
    "vk_provider": {"kube", "node", "reflectors"},
    "sandbox": {"kube"},
}
ROOMS = {*ALLOWED, "tests", "benchmarks"}


@pytest.mark.parametrize("room", [room for room in ALLOWED if (PROJECT / room).is_dir()])
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    wrong = [
        f"{file.relative_to(PROJECT)}:{line} imports {imported}"
        for file in (PROJECT / room).rglob("*.py")
        for line, imported in _rooms_imported(file)
        if imported not in {room, *ALLOWED[room]}
    ]
    assert wrong == []


def test_the_daemons_never_import_what_only_the_command_line_needs() -> None:
    wrong = [
        f"{file.relative_to(PROJECT)}:{line} imports {module}"
        for room in ("kube", "node", "reflectors", "vk_provider")
        for file in (PROJECT / room).rglob("*.py")
        if not file.is_relative_to(PROJECT / "vk_provider" / "cli")
        for line, module in _modules_imported(file)
        if module.partition(".")[0] in {"click", "rich"} or module.startswith("vk_provider.cli")
    ]
    assert wrong == []


def _rooms_imported(file: Path) -> Iterator[tuple[int, str]]:
    for line, module in _modules_imported(file):
        room = module.partition(".")[0]
        if room in ROOMS:
            yield line, room


def _modules_imported(file: Path) -> Iterator[tuple[int, str]]:
    for statement in ast.walk(ast.parse(file.read_text())):
        match statement:
            case ast.Import(names=names):
                yield from ((statement.lineno, name.name) for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield statement.lineno, module
