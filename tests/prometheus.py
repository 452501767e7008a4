"""A real Prometheus, for tests to have look at what they run."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.waiting import wait_until
from tests.ports import free_port

START_LIMIT = 60.0


@contextmanager
def running_prometheus(program: Path, folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Where its API is; `folder` is for its files."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    options = {
        "config.file": folder / "prometheus.yaml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": address,
    }
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        command = [str(program), *(f"--{name}={value}" for name, value in options.items())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        advice = f"see its log {log}"
        wait_until(lambda: _not_ready(address), what="Prometheus", seconds=START_LIMIT, advice=advice)
        yield f"http://{address}/api/v1"
    finally:
        process.terminate()
        process.wait(30)


def ask(api: str, path: str, **query: str) -> Any:
    """The data of an answer."""
    with urllib.request.urlopen(f"{api}/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:  # noqa: S310 - ours
        return json.load(answer)["data"]


def _not_ready(address: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=5):
            return None
    except OSError as error:
        return str(error)
