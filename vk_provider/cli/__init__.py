"""The command line `vkp`: each command is a module here, registered in `root`."""

from vk_provider.cli.root import main

__all__ = ["main"]
