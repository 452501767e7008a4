"""docs/reference/cli.md, written from the commands themselves: `python -m vk_provider.cli.reference`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vk_provider.cli.exits import MEANINGS
from vk_provider.cli.root import main
from vk_provider.entry import DAEMONS

FILE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
_INTRODUCTION = """\
# The command line `vkp`

<!-- Written by `make manifests` from vk_provider/cli; change that instead. -->

`vkp` talks to the host cluster, as kubectl does with the same kubeconfig. What programs may want goes to stdout, talk
to stderr. `--kubeconfig`, `--context` and `--debug` may stand behind any command. Every option can also be a variable:
`VKP_CLUSTER_CREATE_SERVERS=3` is `vkp cluster create --servers 3`. Clusters that K3k has made are looked at, connected
to, changed and deleted in the same way.

A Cluster is named `NAME` or `NAMESPACE/NAME`. Without a namespace it is the one in `k3k-NAME`, or else the only one of
that name anywhere.
"""
_CONNECT = """
`vkp connect` ends as the command does that it runs: with 127 if there is no such program, and 128 and its number after
a signal.
"""


def text() -> str:
    """Return the document."""
    parts = [_INTRODUCTION, _exit_codes()]
    with click.Context(main, info_name="vkp", **main.context_settings) as context:
        parts += _described(main, context)
    daemons = ", ".join(f"`vkp {name}`" for name in DAEMONS)
    parts.append(f"## The daemons\n\n{daemons}: started by Kubernetes, not by people; `--help` tells their settings.\n")
    return "\n".join(parts)


def _exit_codes() -> str:
    rows = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return f"## Exit codes\n\n| code | |\n|---|---|\n{rows}{_CONNECT}"


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield a section for a command, or for each of a group's."""
    if not isinstance(command, click.Group):
        yield _section(command, context)
        return
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        if sub is None:
            continue
        with click.Context(sub, info_name=name, parent=context) as inside:
            yield from _described(sub, inside)


def _section(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"## {context.command_path}", "", "```", usage, "```", *_prose(command.help or "")]
    rows = [_row(parameter, context) for parameter in command.get_params(context) if _is_shown(parameter)]
    if rows:
        lines += ["", "| option | |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _prose(text: str) -> Iterator[str]:
    """Yield the help; what it keeps as it stands is code."""
    for paragraph in text.split("\n\n"):
        yield ""
        if paragraph.startswith("\b"):
            yield from ["```", *(line.strip() for line in paragraph.splitlines()[1:]), "```"]
        else:
            yield " ".join(paragraph.split())


def _is_shown(parameter: click.Parameter) -> bool:
    """Leave out what every command has."""
    common = {"--help", "--kubeconfig", "--context", "--debug"}
    return isinstance(parameter, click.Option) and not common.intersection(parameter.opts)


def _row(option: click.Parameter, context: click.Context) -> str:
    record = option.get_help_record(context) or ("", "")
    names, text = (re.sub(r"\s+", " ", part).replace("|", "\\|") for part in record)
    return f"| `{names}` | {text} |"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else FILE).write_text(text())
