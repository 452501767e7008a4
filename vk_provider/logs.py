"""Logs: one line an event, with a constant name and fields; JSON for machines, colours for people."""

import logging
import sys
from contextlib import suppress
from enum import StrEnum
from typing import Any

import orjson
import structlog


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Lossy:
    """What is written to it is lost where there is no room for it: a full disk must not end a daemon."""

    def __init__(self, stream: Any) -> None:
        # Past the buffer, which would keep what could not be written, and fail again with every line.
        self._stream = getattr(stream, "raw", stream)

    def write(self, line: bytes | str) -> None:
        with suppress(OSError):
            self._stream.write(line.encode(errors="replace") if isinstance(line, str) else line)

    def flush(self) -> None:
        """Nothing is kept back."""


def configure_logs(log_format: LogFormat, level: LogLevel) -> None:
    """Send logs to stderr from now on."""
    lowest = logging.getLevelNamesMapping()[level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    stderr: Any = Lossy(sys.stderr.buffer)
    shared: list[Any] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]
    if log_format is LogFormat.JSON:
        structlog.configure(
            processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)],
            wrapper_class=structlog.make_filtering_bound_logger(lowest),
            logger_factory=structlog.BytesLoggerFactory(stderr),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *shared,
                # The usual formatter shows local variables, in which there may be secrets.
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                ),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(lowest),
            logger_factory=structlog.PrintLoggerFactory(stderr),
            cache_logger_on_first_use=True,
        )
    logging.basicConfig(
        level=max(lowest, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def _json(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)
