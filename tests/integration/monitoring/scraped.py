"""What running daemons say of themselves on their health ports."""

import asyncio

from prometheus_client import Metric

from tests.scraped import text_at


async def scraped(port: int) -> str:
    return await asyncio.to_thread(text_at, f"http://127.0.0.1:{port}/metrics", seconds=10)


def name_of(family: Metric) -> str:
    """Return what its samples are called, but for the parts of a histogram."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}
