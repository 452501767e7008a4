"""A real Prometheus that watches our daemons by our own rules, and hurries."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.eventually import eventually_true
from tests.prometheus import ask, running_prometheus
from vk_provider.install.alerts import rules

LIMIT = 90.0
INTERVAL = "1s"
WINDOW = "15s"
# Nobody wants to wait for hours in a test: how long things have to last is shortened, what they are is not.
HURRIES = [
    (r"\[\d+m\]", f"[{WINDOW}]"),
    (r"workqueue_oldest_age_seconds(.*) > 60", r"workqueue_oldest_age_seconds\1 > 3"),
]


@dataclass(frozen=True)
class Target:
    """A daemon to watch, with the labels that the monitors give it."""

    port: int
    labels: Mapping[str, str]


class Prometheus:
    """What it knows."""

    def __init__(self, api: str) -> None:
        self._api = api

    async def query(self, expression: str) -> list[Any]:
        found: list[Any] = (await self._get("query", query=expression))["result"]
        return found

    async def firing(self) -> dict[str, list[Mapping[str, str]]]:
        """The labels of each alert that fires."""
        found: dict[str, list[Mapping[str, str]]] = {}
        for alert in (await self._get("alerts"))["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"] | alert["annotations"])
        return found

    async def fires(self, alert: str, /, **labels: str) -> Mapping[str, str]:
        """Wait for an alert with these labels; return all its labels and annotations."""
        seen: list[Mapping[str, str]] = []

        async def look() -> bool:
            fired = (await self.firing()).get(alert, [])
            seen[:] = [each for each in fired if labels.items() <= each.items()]
            return bool(seen)

        await eventually_true(look, f"{alert} {labels} to fire", seconds=LIMIT)
        return seen[0]

    async def is_calm(self, *names: str) -> None:
        """Wait until none of these alerts fires any more."""

        async def look() -> bool:
            return not (await self.firing()).keys() & set(names)

        await eventually_true(look, f"{names} to end", seconds=LIMIT)

    async def has_looked(self) -> None:
        """Wait until all targets were scraped, and all rules looked at since."""

        async def look() -> bool:
            targets = (await self._get("targets"))["activeTargets"]
            groups = (await self._get("rules"))["groups"]
            scraped = [each["lastScrape"] for each in targets]
            return bool(scraped) and all(group["lastEvaluation"] > max(scraped) for group in groups)

        await eventually_true(look, "targets and rules to be looked at", seconds=LIMIT)

    async def _get(self, path: str, **query: str) -> Any:
        return await asyncio.to_thread(ask, self._api, path, **query)


def hurried_rules() -> str:
    """Our rules, for whom seconds are minutes."""
    ours = rules()
    for rule in (rule for group in ours["groups"] for rule in group["rules"]):
        rule["for"] = "1s"
        for long, short in HURRIES:
            rule["expr"] = re.sub(long, short, rule["expr"])
    return yaml.safe_dump(ours)


@contextmanager
def prometheus(program: Path, folder: Path, targets: Sequence[Target]) -> Iterator[Prometheus]:
    (folder / "rules.yaml").write_text(hurried_rules())
    static = [{"targets": [f"127.0.0.1:{each.port}"], "labels": dict(each.labels)} for each in targets]
    config = {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(folder / "rules.yaml")],
        "scrape_configs": [{"job_name": "ours", "static_configs": static}],
    }
    with running_prometheus(program, folder, config) as api:
        yield Prometheus(api)
