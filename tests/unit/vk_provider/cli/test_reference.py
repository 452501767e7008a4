from collections.abc import Iterator

import click
import pytest

from vk_provider.cli.lazy import LazyGroup
from vk_provider.cli.reference import FILE, text
from vk_provider.cli.root import main


def lazy_commands(group: LazyGroup, path: str = "vkp") -> Iterator[tuple[str, str, click.Command]]:
    """Each command of a group: its path, what the list of commands says of it, and itself."""
    for name, lazy in group.commands_by_name.items():
        command = lazy.load()
        yield f"{path} {name}", lazy.short_help, command
        if isinstance(command, LazyGroup):
            yield from lazy_commands(command, f"{path} {name}")


def test_the_reference_is_what_the_commands_say() -> None:
    assert FILE.read_text() == text(), f"{FILE} is out of date; run `make manifests`"


@pytest.mark.parametrize(
    ("short_help", "command"),
    [pytest.param(short_help, command, id=path) for path, short_help, command in lazy_commands(main)],
)
def test_the_list_of_commands_says_what_they_do(short_help: str, command: click.Command) -> None:
    assert isinstance(main, LazyGroup)
    assert len(short_help) <= 60
    assert short_help.endswith(".")
    assert (command.help or "").startswith(short_help.split(maxsplit=1)[0])


def test_every_option_says_what_it_is_for() -> None:
    missing = [
        f"{path} {parameter.opts[0]}"
        for path, _, command in lazy_commands(main)
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert missing == []
