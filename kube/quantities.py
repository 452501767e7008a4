"""Kubernetes quantities (`500m`, `16Gi`, `1e3`) as exact numbers, and back in the form that API servers keep.

Promises: nothing is lost or gained between reading and writing, however large; what is finer than a billionth rounds
up, as in Kubernetes; what is written here comes back from an API server letter for letter.
"""

import re
from typing import NewType

Quantity = NewType("Quantity", int)
"""An amount in billionths of a unit: Kubernetes knows nothing finer."""

UNIT = 10**9

# Three digits of exponent are more than any amount needs, and few enough to be computed.
_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3})|(|[numkMGTPE]|[KMGTPE]i))", re.ASCII)
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_BILLIONTHS = {
    **{suffix: 1000**power for power, suffix in enumerate(_DECIMAL)},
    **{suffix: 1024**power * UNIT for power, suffix in enumerate(_BINARY)},
}


def parse_quantity(text: str) -> Quantity:
    """Raises ValueError for what is no quantity."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is no quantity; write it like 500m, 2, 16Gi or 1e3")
    sign, number, exponent, suffix = form.groups()
    digits, _, decimals = number.partition(".")
    tenths = len(decimals) - int(exponent or 0)
    size = int(digits + decimals) * _BILLIONTHS[suffix or ""] * 10 ** max(0, -tenths)
    size = -(-size // 10 ** max(0, tenths))
    return Quantity(-size if sign == "-" else size)


def whole(quantity: Quantity, step: int = UNIT) -> Quantity:
    """The greatest multiple of `step` that is not more than the quantity."""
    return Quantity(quantity // step * step)


def decimal_form(quantity: Quantity) -> str:
    """Write with the greatest decimal suffix that needs no fraction."""
    return _shortest(quantity, 1000, _DECIMAL)


def binary_form(quantity: Quantity) -> str:
    """Write bytes with the greatest binary suffix that needs no fraction, or as `decimal_form` if there is none."""
    if quantity == 0 or quantity % (1024 * UNIT):
        return decimal_form(quantity)
    return _shortest(quantity // UNIT, 1024, _BINARY)


def _shortest(amount: int, base: int, suffixes: tuple[str, ...]) -> str:
    if amount == 0:
        return "0"
    power = 0
    while amount % base == 0 and power < len(suffixes) - 1:
        amount //= base
        power += 1
    return f"{amount}{suffixes[power]}"
