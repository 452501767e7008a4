"""The command `vkp doctor`."""

from dataclasses import asdict

import click

from vk_provider.cli.doctor.examination import examine
from vk_provider.cli.doctor.facts import gather
from vk_provider.cli.doctor.finding import Finding, Level
from vk_provider.cli.exits import Exit
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.output import Format, text_of

_MARKS = {Level.OK: "✓", Level.NOTE: "i", Level.WARNING: "!", Level.BAD: "✗"}
_COLOURS = {Level.OK: "green", Level.NOTE: "blue", Level.WARNING: "yellow", Level.BAD: "red"}


@click.command()
@click.option("-o", "--output", type=click.Choice([Format.JSON.value, Format.YAML.value]), help="For programs.")
@host_options
def doctor(output: str | None) -> None:
    """Examine the host cluster: whether it has what virtual clusters need, and how to mend it.

    Ends with 1 if there is something without which nothing works. It changes nothing.
    """

    async def look(host: Host) -> list[Finding]:
        click.echo(f"Examining {host.server}", err=True)
        return examine(await gather(host))

    findings = on_host(look)
    if output:
        click.echo(text_of({"findings": [_body(each) for each in findings]}, Format(output)), nl=False)
    else:
        for each in findings:
            _tell(each)
    bad = any(each.level is Level.BAD for each in findings)
    raise SystemExit(Exit.FAILED if bad else Exit.OK)


def _tell(finding: Finding) -> None:
    mark = click.style(_MARKS[finding.level], fg=_COLOURS[finding.level])
    click.echo(f"{mark} {finding.subject}: {finding.what}")
    if finding.advice:
        click.echo(f"    {finding.advice}")


def _body(finding: Finding) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(finding).items()}
