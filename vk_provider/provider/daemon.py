"""`vkp provider`: puts the parts of the provider together and runs them until SIGTERM."""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

import structlog

from kube.errors import CredentialsError
from vk_provider.logs import configure_logs
from vk_provider.provider.parts import run_provider
from vk_provider.provider.settings import ProviderSettings, provider_settings
from vk_provider.settings import SettingsError

DONE, FAILED, MISCONFIGURED, NO_CREDENTIALS = 0, 1, 2, 3

# Nearly all that the caches hold is free of cycles: looking for some as often as by default costs a tenth of the time.
GARBAGE_THRESHOLDS = (50_000, 20, 100)

log = structlog.get_logger()


def main(arguments: Sequence[str]) -> int:
    """Run the provider. Returns the exit code: 0 ended by a signal, 1 a fault, 2 bad settings, 3 bad credentials."""
    try:
        settings = provider_settings(arguments)
    except SettingsError as error:
        for mistake in error.mistakes:
            print(f"Error: {mistake}", file=sys.stderr)  # noqa: T201 - nobody has said yet how to log
        return MISCONFIGURED
    configure_logs(settings.log_format, settings.log_level)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    return asyncio.run(_run(settings))


async def _run(settings: ProviderSettings) -> int:
    provider = asyncio.create_task(run_provider(settings), name="provider")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, provider.cancel)
    try:
        await provider
    except asyncio.CancelledError:
        log.info("provider ended", cluster=settings.cluster)
        return DONE
    except CredentialsError as error:
        log.warning("credentials unusable", error=str(error))
        return NO_CREDENTIALS
    except Exception:
        log.exception("provider failed", cluster=settings.cluster)
        return FAILED
    return DONE
