"""What is wrong with a setting's value, in words for whoever set it; nothing when it is right."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

from vk_provider.settings import flag

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def bad_label(name: str, value: str | None) -> Iterator[str]:
    if value is not None and not _DNS_LABEL.fullmatch(value):
        yield f"{flag(name)}: {value!r} is no DNS label; use up to 63 of a-z, 0-9 and '-'"


def bad_address(name: str, value: str | None) -> Iterator[str]:
    if value and not is_ip(value):
        yield f"{flag(name)}: {value!r} is no IP address"


def bad_range(name: str, value: str | None) -> Iterator[str]:
    if not value:
        return
    try:
        ip_network(value)
    except ValueError as error:
        yield f"{flag(name)}: {error}; write it like 10.43.0.0/16"


def bad_file(name: str, value: str | Path | None) -> Iterator[str]:
    if not value:
        return
    try:
        Path(value).read_bytes()
    except OSError as error:
        yield f"{flag(name)}: cannot read {value} ({error.strerror}); name a file that this user may read"


def is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
