"""A tenant of a virtual cluster for tests: kubectl on both sides, and what must hold after whatever was done."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from urllib.parse import quote

import msgspec

from reflectors.translation.host_names import Origin, host_name, label_value
from reflectors.translation.metadata import CLUSTER_LABEL, NAME, NAMESPACE_LABEL, REFLECTED_CONDITION, UID
from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from tests.made_cluster import MadeCluster, Server
from tests.virtual_cluster import VirtualCluster

NODE = "virtual-node"
LIMIT = 90.0
STILL_SECONDS = 1.0

ENDS_IN_FIVE_SECONDS = """
trap 'echo caught; sleep 5; echo finished; exit 0' TERM
echo ready
while :; do sleep 0.1; done
"""
LAST_WORDS = b"ready\ncaught\nfinished\n"  # of that script; a kubelet may add that the container is gone

Pod = Mapping[str, Any]
_CONFIG = ("configmaps", "secrets")


@dataclass(frozen=True)
class Tenant:
    """One namespace of a virtual cluster, and the host namespace that its pods run in."""

    cluster: VirtualCluster | MadeCluster
    namespace: str
    virtual: Kubectl
    host: Kubectl

    def elsewhere(self) -> "Tenant":
        """The same tenant in another namespace of the virtual cluster."""
        namespace = self.cluster.virtual.create_namespace("elsewhere")
        return replace(self, namespace=namespace, virtual=self.cluster.kubectl(namespace))

    def create(self, name: str, *containers: Mapping[str, Any], **spec: object) -> None:
        """Create a pod that is quickly gone unless it says otherwise."""
        self.virtual.apply(pod(name, **{"terminationGracePeriodSeconds": 0, "containers": list(containers), **spec}))

    def run(self, name: str, *containers: Mapping[str, Any], **spec: object) -> None:
        """Create a pod and wait until it is Ready."""
        self.create(name, *containers, **spec)
        self.wait_ready(name)

    def wait_ready(self, *names: str) -> None:
        self.virtual.wait_for("condition=Ready", *(f"pod/{name}" for name in names))

    def host_name(self, name: str) -> str:
        origin = Origin("Pod", self.cluster.namespace, self.cluster.name, self.namespace, name)
        return host_name(origin)

    def pod(self, name: str) -> Any:
        return next((each for each in self.pods() if each["metadata"]["name"] == name), None)

    def host_pod(self, name: str) -> Any:
        wanted = self.host_name(name)
        return next((each for each in self.host_pods() if each["metadata"]["name"] == wanted), None)

    def pods(self) -> list[Any]:
        return self.objects("pods")

    def host_pods(self) -> list[Any]:
        """Those that bear our labels."""
        return self.host_objects("pods")

    def host_objects(self, resource: str) -> list[Any]:
        """Those of the core API that bear our labels."""
        selector = quote(f"{CLUSTER_LABEL}={label_value(self.cluster.name)},{NAMESPACE_LABEL}={self.namespace}")
        path = f"/api/v1/namespaces/{self.cluster.namespace}/{resource}?labelSelector={selector}"
        return _items(self.cluster.host, path)

    def objects(self, resource: str) -> list[Any]:
        """Those of the core API in the virtual namespace."""
        return _items(self.cluster.virtual, f"/api/v1/namespaces/{self.namespace}/{resource}")

    def host_config(self) -> list[Any]:
        """The ConfigMaps and Secrets on the host that bear our labels: copies, and the tokens of pods."""
        return [each for resource in _CONFIG for each in self.host_objects(resource)]

    def events(self, name: str) -> dict[str, str]:
        """What is told about a pod: a message for each reason."""
        events = self.objects("events")
        return {event["reason"]: event["message"] for event in events if event["involvedObject"]["name"] == name}

    def eventually(self, what: str, look: Callable[[], object]) -> None:
        """Wait until `look` returns something."""
        wait_until(
            lambda: None if look() else "not so",
            what=what,
            seconds=LIMIT,
            advice=self._advice(),
            interval=0.2,
        )

    def assert_converged(self) -> None:
        """Both sides tell the same, with nothing left over and nothing twice; and then nobody writes any more."""

        def look() -> str | None:
            pods = self.pods()
            originals = [*pods, *(each for resource in _CONFIG for each in self.objects(resource))]
            return next(chain(disagreements(pods, self.host_pods()), orphans(originals, self.host_config())), None)

        wait_until(look, what="agreement of both sides", seconds=LIMIT, advice=self._advice(), interval=0.2)
        self._assert_still()
        log = self.cluster.log()
        assert "Traceback" not in log, log

    def _assert_still(self) -> None:
        seen: list[Mapping[str, str]] = []

        def look() -> str | None:
            seen.append(_versions([*self.pods(), *self.host_pods(), *self.host_config()]))
            changed = [uid for uid in seen[-1] if len(seen) < 2 or seen[-1][uid] != seen[-2].get(uid)]
            return f"objects still change: {changed}" if changed else None

        wait_until(look, what="rest", seconds=LIMIT, advice=self._advice(), interval=STILL_SECONDS)

    def _advice(self) -> str:
        return f"the provider's log ends with {self.cluster.log()[-4000:]}"


def disagreements(virtual_pods: list[Pod], host_pods: list[Pod]) -> Iterator[str]:
    """Everything that is on one side only, or otherwise on the other; what is being deleted may be either."""
    alive = {_uid(each): each for each in virtual_pods}
    mine = [each for each in host_pods if not _is_terminating(each)]
    for name, count in Counter(_annotation(each, NAME) for each in mine).items():
        if count > 1:
            yield f"{name} runs {count} times"
    for host in mine:
        virtual = alive.get(_annotation(host, UID))
        if virtual is None:
            yield f"{host['metadata']['name']} is an orphan"
        elif not _is_terminating(virtual):
            yield from _differences(virtual, host)
    running = {_annotation(each, UID) for each in host_pods}
    for uid, virtual in alive.items():
        if uid not in running and not (_is_over(virtual) or _is_held_back(virtual) or _is_terminating(virtual)):
            yield f"{virtual['metadata']['name']} does not run"


def orphans(originals: list[Any], copies: list[Any]) -> Iterator[str]:
    """Copies of what is no more."""
    alive = set(map(_uid, originals))
    return (f"{each['metadata']['name']} is an orphan" for each in copies if _annotation(each, UID) not in alive)


def _differences(virtual: Pod, host: Pod) -> Iterator[str]:
    name, status, host_status = virtual["metadata"]["name"], virtual["status"], host["status"]
    for field in ("phase", "reason", "podIP", "startTime"):
        if status.get(field) != host_status.get(field):
            yield f"{name}: {field} differs"
    for host_condition in host_status.get("conditions", ()):
        if condition(virtual, host_condition["type"]).get("status") != host_condition["status"]:
            yield f"{name}: condition {host_condition['type']} differs"
    containers, host_containers = (
        {each["name"]: each for each in side.get("containerStatuses", ())} for side in (status, host_status)
    )
    for container_name, found in containers.items():
        if _without_words(found) != _without_words(host_containers.get(container_name, {})):
            yield f"{name}: the status of {container_name} differs"


def _without_words(status: Any) -> Any:
    """A container's status without messages: they name the pod, on each side by its name there."""
    if isinstance(status, Mapping):
        return {field: _without_words(value) for field, value in status.items() if field != "message"}
    return status


def container(script: str, *, name: str = "app", **fields: object) -> dict[str, Any]:
    return {"name": name, "image": "busybox:1.35", "command": ["sh", "-c", script], **fields}


def pod(name: str, **spec: object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def condition(pod: Pod, name: str) -> Mapping[str, str]:
    return next((each for each in pod["status"].get("conditions", ()) if each["type"] == name), {})


def _items(server: Server, path: str) -> list[Any]:
    return list(msgspec.json.decode(server.get(path))["items"])


def _versions(pods: list[Pod]) -> dict[str, str]:
    return {_uid(each): each["metadata"]["resourceVersion"] for each in pods if not _is_terminating(each)}


def _uid(pod: Pod) -> str:
    return str(pod["metadata"]["uid"])


def _annotation(pod: Pod, key: str) -> str:
    return str(pod["metadata"].get("annotations", {}).get(key, ""))


def _is_terminating(pod: Pod) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _is_over(pod: Pod) -> bool:
    return pod["status"].get("phase") in {"Succeeded", "Failed"}


def _is_held_back(pod: Pod) -> bool:
    """Not scheduled, or refused by the provider or the host, and it says so."""
    return "nodeName" not in pod["spec"] or condition(pod, REFLECTED_CONDITION).get("status") == "False"
