"""`vkp completion`: what makes a shell complete commands, options, and the names of Clusters."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

VARIABLE = "_VKP_COMPLETE"
SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Print what makes a shell complete the arguments of vkp.

    \b
        bash   add to ~/.bashrc:  source <(vkp completion bash)
        zsh    add to ~/.zshrc:   source <(vkp completion zsh)
        fish   vkp completion fish > ~/.config/fish/completions/vkp.fish
    """  # noqa: D301 - click wants the backspace itself
    root = click.get_current_context().find_root().command
    script = SHELLS[shell](root, {}, "vkp", VARIABLE)
    click.echo(script.source_template % script.source_vars())  # `source()` would ask for bash's version, and need one
