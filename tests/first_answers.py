"""What an API server answers to the controller's objects, as far as the next ones depend on it; without one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from vk_provider.controller.cluster import Cluster, Spec
from vk_provider.controller.desired import Desired, desired
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = Installation(provider_image="vkp:1", host_version="v1.31.4", service_cidr="10.43.0.0/16")
Objects = dict[tuple[str, str], Mapping[str, Any]]


def demo(**spec: Any) -> Cluster:
    """A Cluster whose fields are named as in Python."""
    return Cluster(name="demo", namespace="team", uid="u1", generation=1, spec=Spec(**spec))


def settled(
    cluster: Cluster, *, host: Installation = HOST, before: Known | None = None, now: datetime = NOW
) -> tuple[Known, Desired]:
    """Ask and apply until nothing new comes; what is known then, and the last answer."""
    known = before or Known()
    for _ in range(5):
        answer = desired(cluster, known, host, now)
        after = applied(answer, known)
        if after.objects == known.objects:
            return known, answer
        known = after
    raise AssertionError("something new came each time")


def applied(answer: Desired, known: Known) -> Known:
    addresses = _free_addresses(known)
    objects: Objects = dict(known.objects)
    for body in answer.objects:
        key = body["kind"], body["metadata"]["name"]
        objects[key] = _stored(body, known.objects.get(key), addresses)
    for key in answer.obsolete:
        objects.pop(key, None)
    return Known(objects, known.secrets)


def _stored(body: Mapping[str, Any], before: Mapping[str, Any] | None, addresses: Iterator[str]) -> Mapping[str, Any]:
    metadata = {"creationTimestamp": NOW.isoformat(), **body["metadata"]}
    stored: dict[str, Any] = {**body, "metadata": metadata}
    if before is not None and "status" in before:
        stored["status"] = before["status"]
    if body["kind"] == "Service":
        has = (before or {}).get("spec", {}).get("clusterIP")
        stored["spec"] = {"clusterIP": has or next(addresses), **body["spec"]}
    return stored


def _free_addresses(known: Known) -> Iterator[str]:
    taken = {body.get("spec", {}).get("clusterIP") for body in known.objects.values()}
    return (address for number in range(1, 255) if (address := f"10.43.7.{number}") not in taken)
