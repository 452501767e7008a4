"""Writes `manifests/` and `docs/reference/` from what `vkp install` applies: `python -m vk_provider.install.write`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from vk_provider.install.controller import account, deployment, metrics_service, namespace
from vk_provider.install.crds import cluster_crd, policy_crd
from vk_provider.install.dashboard import dashboard
from vk_provider.install.options import Options
from vk_provider.install.overlays import DASHBOARD, overlays
from vk_provider.install.reference import references
from vk_provider.install.roles import cluster_roles

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = REPOSITORY / "manifests"
REFERENCE = REPOSITORY / "docs" / "reference"
_NOTE = "# Written by `make manifests`; change vk_provider/install instead.\n"


class _Plain(yaml.CSafeDumper):
    """Repeats what occurs twice, instead of naming it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the base class has it
        return True


def _readable(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    """Write several lines as several lines."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _readable)


def files() -> dict[Path, str]:
    """Every file that is written."""
    manifests = {MANIFESTS / path: text_of(documents) for path, documents in _manifests(Options()).items()}
    manifests[MANIFESTS / "overlays" / "metrics" / DASHBOARD] = json.dumps(dashboard(), indent=1) + "\n"
    return manifests | {REFERENCE / path: text for path, text in references().items()}


def _manifests(options: Options) -> dict[str, Sequence[Any]]:
    return {
        "base/crds/clusters.yaml": [cluster_crd(rules=False)],
        "base/crds/virtualclusterpolicies.yaml": [policy_crd(rules=False)],
        "base/namespace.yaml": [namespace(options)],
        "base/roles.yaml": cluster_roles(),
        "base/controller.yaml": [*account(options), metrics_service(options), deployment(options)],
        **overlays(options),
    }


def text_of(documents: Iterable[Any]) -> str:
    return _NOTE + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120)


def main() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
