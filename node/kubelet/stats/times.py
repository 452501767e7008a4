"""Times and durations as Kubernetes writes them."""

import re
from datetime import datetime, timedelta

_PARTS = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)", re.ASCII)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def read_time(text: str | None) -> datetime | None:
    """None for what is no time with a zone, as in 2026-01-31T12:00:00.123456789Z."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None


def read_duration(text: str) -> timedelta | None:
    """None for what is no duration, as in 1m30.5s."""
    parts = _PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))
