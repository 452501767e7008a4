"""What daemons tell Prometheus."""

import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples_at(url: str) -> Iterator[Sample]:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the daemon's own address
        for family in text_string_to_metric_families(answer.read().decode()):
            yield from family.samples
