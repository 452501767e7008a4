"""Our kinds on a test's API server, as `vkp install` and `kubectl apply -k` bring them there."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest

from sandbox.session import ApiServer
from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from vk_provider.install.crds import RULES_SINCE, crds

Json = Mapping[str, Any]


def install_kinds(server: ApiServer) -> None:
    """Return when our kinds are served."""
    kubectl = Kubectl(server.kubectl, server.kubeconfig)
    definitions = crds(rules=knows_rules(server))
    kubectl("apply", "-f", "-", stdin=b"\n".join(map(msgspec.json.encode, definitions)))
    wait_for_kinds(kubectl, *(definition["metadata"]["name"] for definition in definitions))


def wait_for_kinds(kubectl: Kubectl, *definitions: str) -> None:
    """Return when objects of these kinds can be made; `kubectl wait` fails where there is no condition yet."""

    def look() -> str | None:
        conditions = kubectl("get", "crd", *definitions, "-o", "jsonpath={.items[*].status.conditions}")
        return None if conditions.count("InitialNamesAccepted") == len(definitions) else conditions

    wait_until(look, what=f"{definitions} served", seconds=60, advice="see the API server's log")


def knows_rules(server: ApiServer) -> bool:
    return tuple(server.version) >= RULES_SINCE


def need_rules(server: ApiServer) -> None:
    if not knows_rules(server):
        pytest.skip("rules in CEL are checked by API servers since 1.25; give one by KUBEBUILDER_ASSETS")


def identities(bodies: Iterable[Json]) -> dict[tuple[str, str, str], Json]:
    """Bodies by kind, namespace and name."""
    return {(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]): body for body in bodies}
