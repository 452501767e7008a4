"""What running daemons say of themselves on their health ports."""

import asyncio
import urllib.request

from prometheus_client import Metric


async def scraped(port: int) -> str:
    def read() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            body: bytes = answer.read()
            return body.decode()

    return await asyncio.to_thread(read)


def name_of(family: Metric) -> str:
    """Return what its samples are called, but for the parts of a histogram."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}
