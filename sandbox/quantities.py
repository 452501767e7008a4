"""Kubernetes quantities (`1Gi`, `500M`, `1e9`) as numbers. Source: the API reference, "Quantity"."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([KMGTPE]i|[numkMGTPE]))?")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_SUFFIXES = {
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(_BINARY, start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(_DECIMAL, start=-3)},
}


def parse_quantity(text: str) -> Decimal:
    """Raises ValueError for what is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no quantity")
    number, exponent, suffix = match.groups()
    return Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]
