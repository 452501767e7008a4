"""What is seen of a Cluster, drawn together: from its objects on the host, and from inside the virtual cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vk_provider.controller.addresses import SERVER_PORT, server_url
from vk_provider.controller.known import Known
from vk_provider.controller.names import COMPONENT, PROVIDER, SERVER, Names
from vk_provider.controller.problems import (
    Problem,
    Told,
    claim_problems,
    deployment_problems,
    pod_problems,
    stateful_set_problems,
)
from vk_provider.controller.progress import Side
from vk_provider.controller.rollout import provider_rollout, servers_rollout
from vk_provider.controller.virtual_side import VirtualFacts

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the host has of a Cluster, decoded."""

    names: Names
    known: Known
    pods: Sequence[Json] = ()
    claims: Sequence[Json] = ()
    told: Sequence[Told] = ()

    def component(self, name: str) -> list[Json]:
        """Return the pods of servers or provider, by name."""
        pods = (pod for pod in self.pods if (pod["metadata"].get("labels") or {}).get(COMPONENT) == name)
        return sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))

    def object(self, kind: str, name: str) -> Json | None:
        return self.known.objects.get((kind, name))


def control_plane(seen: Seen, facts: VirtualFacts, failure: Problem | None) -> Side:
    """How the servers are; `failure` is what the host answered when they were to be made."""
    found = [*([failure] if failure else []), *_server_problems(seen)]
    return Side(works=facts.answers, problems=found, waits_for=_waits_for_server(seen, facts))


def node(seen: Seen, facts: VirtualFacts) -> Side:
    """How the provider, and with it the virtual node, is."""
    waits_for = f"its node: {facts.node_trouble}" if facts.answers else "its API server has to answer first"
    works = facts.answers and facts.node_ready
    return Side(works=works, problems=list(_provider_problems(seen)), waits_for=waits_for)


def rollout(seen: Seen, servers: int) -> str:
    """Return what of the last change is still to be done, on either side."""
    of_servers = servers_rollout(seen.object("StatefulSet", seen.names.servers), servers)
    return of_servers or provider_rollout(seen.object("Deployment", seen.names.provider))


def server_to_ask(seen: Seen, current: str, *, works: bool) -> str:
    """Return the URL of a server; empty if none runs.

    That is the `current` one as long as it runs and `works`, then one that is ready, then the first.
    """
    running = [pod for pod in seen.component(SERVER) if _is_running(pod)]
    ready_first = sorted(running, key=lambda pod: not _is_ready(pod))
    servers = [server_url(str(pod["status"]["podIP"]), SERVER_PORT) for pod in ready_first]
    if works and current in servers:
        return current
    return servers[0] if servers else ""


def _server_problems(seen: Seen) -> Iterator[Problem]:
    servers = seen.object("StatefulSet", seen.names.servers)
    if servers is not None:
        yield from stateful_set_problems(servers, seen.told)
    for claim in seen.claims:
        yield from claim_problems(claim, seen.told)
    for pod in seen.component(SERVER):
        yield from pod_problems(pod, seen.told)


def _provider_problems(seen: Seen) -> Iterator[Problem]:
    deployment = seen.object("Deployment", seen.names.provider)
    if deployment is not None:
        yield from deployment_problems(deployment)
    for pod in seen.component(PROVIDER):
        yield from pod_problems(pod, seen.told)


def _waits_for_server(seen: Seen, facts: VirtualFacts) -> str:
    pods = seen.component(SERVER)
    if not pods:
        return "its server pod has to be made"
    if not any(_is_running(pod) for pod in pods):
        return f"Pod {pods[0]['metadata']['name']} has to start"
    return f"its API server does not answer yet: {facts.trouble or 'it has not been asked'}"


def _is_running(pod: Json) -> bool:
    status = pod.get("status") or {}
    leaving = "deletionTimestamp" in pod["metadata"]
    return status.get("phase") == "Running" and bool(status.get("podIP")) and not leaving


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
