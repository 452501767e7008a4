"""The command line `vkp`: each command is a module here, registered below."""

from vk_provider.cli.root import main

__all__ = ["main"]
