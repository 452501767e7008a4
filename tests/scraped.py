"""What daemons tell Prometheus."""

import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def text_at(url: str, *, seconds: float = 30.0) -> str:
    with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - the daemon's own address
        body: bytes = answer.read()
        return body.decode()


def samples_at(url: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text_at(url)):
        yield from family.samples
