"""A real Prometheus that watches our daemons by our own rules, and hurries."""

import asyncio
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.waiting import wait_until
from tests.eventually import eventually_true
from tests.integration.monitoring.scraped import free_port
from vk_provider.install.alerts import rules

START_LIMIT = 60.0
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

    def __init__(self, url: str) -> None:
        self._url = url

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
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"

        def read() -> Any:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - ours
                return json.load(answer)["data"]

        return await asyncio.to_thread(read)


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
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    url = f"127.0.0.1:{free_port()}"
    options = {
        "config.file": folder / "prometheus.yaml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": url,
    }
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        command = [str(program), *(f"--{name}={value}" for name, value in options.items())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        advice = f"see its log {log}"
        wait_until(lambda: _not_ready(f"http://{url}/-/ready"), what="Prometheus", seconds=START_LIMIT, advice=advice)
        yield Prometheus(f"http://{url}")
    finally:
        process.terminate()
        process.wait(30)


def _not_ready(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - ours
            return None
    except OSError as error:
        return str(error)
