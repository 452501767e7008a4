"""`vkp provider`: puts the parts of the provider together and runs them until SIGTERM."""

from collections.abc import Sequence

from vk_provider.daemon import run_daemon
from vk_provider.provider.parts import run_provider
from vk_provider.provider.settings import provider_settings


def main(arguments: Sequence[str]) -> int:
    """Run the provider; returns the exit code."""
    return run_daemon("provider", provider_settings, run_provider, arguments)
