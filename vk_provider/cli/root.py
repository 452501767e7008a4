"""The root of `vkp`."""

import click

from vk_provider.cli.explain import explain
from vk_provider.cli.translate import translate
from vk_provider.entry import DAEMONS


class Root(click.Group):
    """Lists the daemons too, which `vk_provider.entry` starts before this is loaded."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the daemons to the help."""
        super().format_commands(ctx, formatter)
        with formatter.section("Daemons"):
            formatter.write_dl([(name, f"see `vkp {name} --help`") for name in DAEMONS])


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vk-provider", prog_name="vkp")
def main() -> None:
    """Virtual Kubernetes clusters on one host cluster."""


main.add_command(explain)
main.add_command(translate)
