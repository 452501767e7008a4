"""What every daemon does around its work: settings, logs, signals, and an exit code that says how it ended."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import structlog

from kube.errors import CredentialsError
from vk_provider.logs import LogFormat, LogLevel, configure_logs
from vk_provider.settings import SettingsError

DONE, FAILED, MISCONFIGURED, NO_CREDENTIALS = 0, 1, 2, 3

# Nearly all that the caches hold is free of cycles: looking for some as often as by default costs a tenth of the time.
GARBAGE_THRESHOLDS = (50_000, 20, 100)

log = structlog.get_logger()


class DaemonSettings(Protocol):
    """What this needs of them."""

    @property
    def log_format(self) -> LogFormat: ...
    @property
    def log_level(self) -> LogLevel: ...


S = TypeVar("S", bound=DaemonSettings)
Work = Callable[[S], Coroutine[Any, Any, None]]


def run_daemon(name: str, read: Callable[[Sequence[str]], S], work: Work[S], arguments: Sequence[str]) -> int:
    """Work until SIGTERM. Returns the exit code: 0 ended by a signal, 1 a fault, 2 bad settings, 3 bad credentials."""
    try:
        settings = read(arguments)
    except SettingsError as error:
        for mistake in error.mistakes:
            print(f"Error: {mistake}", file=sys.stderr)  # noqa: T201 - nobody has said yet how to log
        return MISCONFIGURED
    configure_logs(settings.log_format, settings.log_level)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    return asyncio.run(_run(name, work, settings))


async def _run(name: str, work: Work[S], settings: S) -> int:
    working = asyncio.create_task(work(settings), name=name)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        log.info("daemon ended", daemon=name)
        return DONE
    except Exception as error:  # noqa: BLE001 - what nobody expected is logged with its origin
        return _ended_by(name, _only(error))
    return DONE


def _ended_by(name: str, error: Exception) -> int:
    match error:
        case SettingsError():
            for mistake in error.mistakes:
                log.error("settings cannot be", daemon=name, error=mistake)
            return MISCONFIGURED
        case CredentialsError():
            log.warning("credentials unusable", daemon=name, error=str(error))
            return NO_CREDENTIALS
        case _:
            log.error("daemon failed", daemon=name, exc_info=error)
            return FAILED


def _only(error: Exception) -> Exception:
    """Return what a task group was ended by, if that is one thing."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
