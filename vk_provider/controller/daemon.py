"""`vkp controller`: puts the parts of the controller together and runs them until SIGTERM."""

from collections.abc import Sequence

from vk_provider.controller.parts import run_controller
from vk_provider.controller.settings import controller_settings
from vk_provider.daemon import run_daemon


def main(arguments: Sequence[str]) -> int:
    """Run the controller; returns the exit code."""
    return run_daemon("controller", controller_settings, run_controller, arguments)
