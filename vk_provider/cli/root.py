"""The root of `vkp`, and how every command ends."""

import sys

import click

from vk_provider.cli.exits import Exit
from vk_provider.cli.host_options import OWN_PROCESS, host_options
from vk_provider.cli.lazy import Lazy, LazyGroup
from vk_provider.entry import DAEMONS

_HERE = "vk_provider.cli"
COMMANDS = {
    "cluster": Lazy(f"{_HERE}.cluster.group:cluster", "Create, look at, change and delete virtual clusters."),
    "kubeconfig": Lazy(f"{_HERE}.kubeconfig:kubeconfig", "Get the kubeconfig of a virtual cluster."),
    "install": Lazy(f"{_HERE}.installing.install:install", "Install vk-provider on the host cluster."),
    "uninstall": Lazy(f"{_HERE}.installing.uninstall:uninstall", "Take vk-provider off the host cluster."),
    "status": Lazy(f"{_HERE}.status.command:status", "Show how a virtual cluster is, and keep that up to date."),
    "connect": Lazy(f"{_HERE}.connect:connect", "Run a shell or a command that talks to a virtual cluster."),
    "doctor": Lazy(f"{_HERE}.doctor.command:doctor", "Examine the host cluster, and say how to mend it."),
    "explain": Lazy(f"{_HERE}.explain:explain", "Show a pod on both sides, and what went wrong last."),
    "translate": Lazy(f"{_HERE}.translate:translate", "Print what a manifest becomes on the host."),
    "completion": Lazy(f"{_HERE}.completion:completion", "Print what makes a shell complete the arguments of vkp."),
}


class Root(LazyGroup):
    """Lists the daemons too, which `vk_provider.entry` starts before this is loaded."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the daemons to the help."""
        super().format_commands(ctx, formatter)
        with formatter.section("Daemons"):
            formatter.write_dl([(name, f"see `vkp {name} --help`") for name in DAEMONS])


@click.group(
    cls=Root,
    commands_by_name=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "VKP", "max_content_width": 110},
)
@click.version_option(package_name="vk-provider", prog_name="vkp")
@host_options
def main() -> None:
    """Virtual Kubernetes clusters on one host cluster."""


def run(arguments: list[str] | None = None) -> None:
    """Run a command line and end the process: whatever goes wrong is a few lines on stderr and an exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        ended = main.main(args=list(given), prog_name="vkp", standalone_mode=False, obj=OWN_PROCESS)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if "--debug" in given:
            raise
        click.echo(f"Error: a fault of vkp: {type(error).__name__}: {error}", err=True)
        click.echo("  Please report it, with what the same command says with --debug.", err=True)
        sys.exit(Exit.FAULT)
    sys.exit(ended if isinstance(ended, int) else Exit.OK)
