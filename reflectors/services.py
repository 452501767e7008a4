"""The virtual cluster's Services as pods have to know them: with the addresses that hold on the host."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kube.objects import Key, Object
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.service_addresses import addresses, meant


class Pairs(Protocol):
    """Both sides of each Service; the reflector of Services knows them."""

    def virtual(self, key: Key) -> Object | None: ...

    def host(self, key: Key) -> Object | None: ...


class LiveServices(Mapping[str, Sequence[Json]]):
    """The Services of each virtual namespace, by name; follows every change that it is told of.

    A Service of which the host does not know yet has its own address, which most of them keep.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Json]] = {}

    def changed(self, key: Key, pairs: Pairs) -> None:
        """Look at a Service again."""
        virtual = pairs.virtual(key)
        if virtual is not None:
            self._known.setdefault(key.namespace, {})[key.name] = _agreed(virtual, pairs.host(key))
        elif key.name in self._known.get(key.namespace, ()):
            del self._known[key.namespace][key.name]
            if not self._known[key.namespace]:
                del self._known[key.namespace]

    def __getitem__(self, namespace: str) -> Sequence[Json]:
        services = self._known[namespace]
        return [services[name] for name in sorted(services)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _agreed(virtual: Object, host: Object | None) -> Draft:
    """What the variables of a pod and its resolver are made of, and no more."""
    body = meant(virtual.to_dict())
    spec = body["spec"]
    on_host = addresses(host.to_dict()) if host is not None else []
    own = addresses(body)
    return {
        "metadata": {"name": virtual.name, "labels": dict(virtual.metadata.labels)},
        "spec": {"clusterIP": on_host[0] if own and on_host else spec.get("clusterIP"), "ports": spec.get("ports")},
    }
