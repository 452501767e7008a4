"""The root of `vkp`."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vk-provider", prog_name="vkp")
def main() -> None:
    """Virtual Kubernetes clusters on one host cluster."""
