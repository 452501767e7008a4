"""What one part of the provider lets another see of itself."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kube.informer import Informer
from kube.objects import Key, Object
from node.kubelet.pod_directory import HostPod
from reflectors.pods import PodReflector


class _Container(msgspec.Struct):
    name: str


class _Containers(msgspec.Struct, rename="camel"):
    containers: list[_Container] = []
    init_containers: list[_Container] | None = None
    ephemeral_containers: list[_Container] | None = None

    def names(self) -> list[str]:
        kinds = (self.init_containers, self.containers, self.ephemeral_containers)
        return [container.name for kind in kinds for container in kind or ()]


class _Placed(msgspec.Struct, rename="camel"):
    node_name: str = ""


class Directory:
    """The kubelet API's `PodDirectory`, as the pod reflector knows it."""

    def __init__(self, pods: PodReflector) -> None:
        self._pods = pods

    def host_pod(self, namespace: str, name: str, uid: str = "") -> HostPod | None:
        """Where the virtual pod runs; None if it does not, or has another UID than the one given."""
        pair = self._pods.pair(Key(namespace, name))
        if pair is None or (uid and uid != pair.virtual.uid):
            return None
        containers = pair.virtual.decode("spec", _Containers) or _Containers()
        placed = pair.host.decode("spec", _Placed) or _Placed()
        return HostPod(pair.host.namespace, pair.host.name, pair.host.uid, containers.names(), placed.node_name)

    def virtual_pods(self) -> Iterable[Object]:
        """All pods of our nodes."""
        return self._pods.pods()


class NamespaceLabels(Mapping[str, Mapping[str, str]]):
    """The labels of each virtual namespace as they are now."""

    def __init__(self, namespaces: Informer) -> None:
        self._store = namespaces.store

    def __getitem__(self, name: str) -> Mapping[str, str]:
        namespace = self._store.get(Key("", name))
        if namespace is None:
            raise KeyError(name)
        return namespace.metadata.labels

    def __iter__(self) -> Iterator[str]:
        return (namespace.name for namespace in self._store.values())

    def __len__(self) -> int:
        return len(self._store)
