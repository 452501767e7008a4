"""The virtual cluster's Services as pods have to know them: with the addresses that hold on the host."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kube.objects import Key, Object
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.service_addresses import addresses, cluster_ip, meant


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
        self._addresses: dict[Key, str] = {}  # in the virtual cluster
        self._holders: dict[str, Key] = {}

    def holder(self, address: str) -> Key | None:
        """Return the Service that has this address in the virtual cluster, be it right or wrong."""
        return self._holders.get(address)

    def at(self, address: str) -> list[Key]:
        """Return the Services of which this is the address that holds on the host."""
        return [
            Key(namespace, name)
            for namespace, services in self._known.items()
            for name, service in services.items()
            if service["spec"]["clusterIP"] == address
        ]

    def changed(self, key: Key, pairs: Pairs) -> str | None:
        """Look at a Service again; return the address that nobody has any more in the virtual cluster, if there is one.

        That may be another's on the host.
        """
        virtual = pairs.virtual(key)
        self._take_in(key, virtual, pairs)
        before = self._addresses.pop(key, None)
        now = cluster_ip(virtual.to_dict()) if virtual is not None else None
        if before is not None and self._holders.get(before) == key:
            del self._holders[before]
        if now is not None:
            self._addresses[key] = now
            self._holders[now] = key
        return before if before not in self._holders else None

    def _take_in(self, key: Key, virtual: Object | None, pairs: Pairs) -> None:
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
