"""The program in CoreDNS's place: Services, the names of nodes, and what `coredns-custom` says about others."""

import argparse
import ipaddress
import os
import sys
import threading
import time
from pathlib import Path

from sandbox.dns_server import AAAA, A, Names, Record, answer
from sandbox.k3s_standin import dns_overrides
from sandbox.k3s_standin.dns_overrides import BadOverrideError, Template

RELOAD = 2.0  # seconds; the real one looks every 30 s and a jitter


class ClusterNames(Names):
    """The names of a cluster, with what files add to them."""

    def __init__(self, domain: str, *, hosts: Path, custom: Path) -> None:
        super().__init__(domain)
        self._hosts_file, self._custom = hosts, custom
        self._templates: list[Template] = []
        self._nodes: dict[str, str] = {}
        self.load()

    def load(self) -> None:
        """Read the files; raises BadOverrideError, and then nothing has changed."""
        files = sorted(self._custom.glob("*.override")) if self._custom.is_dir() else []
        self._templates = [template for file in files for template in dns_overrides.parse(file.read_text())]
        lines = self._hosts_file.read_text().splitlines() if self._hosts_file.exists() else []
        self._nodes = {name: words[0] for line in lines if (words := line.split()) for name in words[1:]}

    def follow(self) -> None:
        """Read the files again and again."""
        while True:
            time.sleep(RELOAD)
            try:
                self.load()
            except (BadOverrideError, OSError) as error:
                _log(f"[ERROR] Restart failed: {error}")

    def lookup(self, name: str, kind: int) -> list[Record] | None:
        decided, records = dns_overrides.lookup(self._templates, name, kind)
        if decided:
            return records
        if (address := self._nodes.get(name.rstrip("."))) is not None:
            parsed = ipaddress.ip_address(address)
            record = Record(name, A if parsed.version == 4 else AAAA, parsed.packed)
            return [record] if record.kind == kind else []
        return super().lookup(name, kind)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer for the cluster that this runs in.")
    parser.add_argument("--domain", required=True)
    parser.add_argument("--hosts", type=Path, required=True)
    parser.add_argument("--custom", type=Path, required=True)
    parser.add_argument("--port", type=int, default=53)
    arguments = parser.parse_args()
    try:
        names = ClusterNames(arguments.domain, hosts=arguments.hosts, custom=arguments.custom)
    except BadOverrideError as error:
        _log(f"[ERROR] {error}")
        os._exit(1)
    threading.Thread(target=names.follow, daemon=True).start()
    answer(names, arguments.port)


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - its only log


if __name__ == "__main__":
    main()
