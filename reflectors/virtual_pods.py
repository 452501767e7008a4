"""The pods of our virtual nodes, as the virtual API server has them: one live copy for all who look at them."""

from collections.abc import Callable, Collection, Iterable

import msgspec

from kube.informer import Handler, Informer, Timing
from kube.objects import Key, Object
from kube.resources import PODS
from kube.store import Change
from reflectors.demand import Demand, Named
from reflectors.latest import Latest
from reflectors.tools import Tools
from reflectors.translation.pod_spec import KIND
from reflectors.translation.references import references
from reflectors.translation.volumes import plain_spec


class _OnNode(msgspec.Struct, rename="camel"):
    node_name: str = ""


class VirtualPods:
    """Part of the daemon."""

    def __init__(self, tools: Tools, nodes: Collection[str]) -> None:
        self._nodes = nodes
        # A field selector knows no "one of": pods of several nodes are picked out here.
        node = f"spec.nodeName={next(iter(nodes))}" if len(nodes) == 1 else ""
        self._informer = Informer(tools.sides.virtual, PODS, field_selector=node, timing=Timing(clock=tools.clock))
        tools.metrics.informer("virtual pods", self._informer)

    @property
    def synced(self) -> bool:
        return self._informer.synced

    async def run(self) -> None:
        await self._informer.run()

    async def wait_synced(self) -> None:
        await self._informer.wait_synced()

    def add_handler(self, handler: Handler) -> None:
        """Have `handler` told of every change; `key_of` says whether it is about our nodes."""
        self._informer.add_handler(handler)

    def follow(self, tell: Callable[[Key], None]) -> None:
        """Have `tell` called with the key of each pod that comes, goes, or changes in its spec; `get` says what it is.

        Of what changes on a pod, nearly all is its status.
        """
        self._informer.add_handler(_Follows(tell))

    def latest(self) -> Latest:
        """A view for somebody who writes, and remembers what the writes returned."""
        return Latest.of(self._informer)

    def get(self, key: Key) -> Object | None:
        pod = self._informer.store.get(key)
        return pod if pod is not None and self._is_ours(pod) else None

    def values(self) -> Iterable[Object]:
        return filter(self._is_ours, self._informer.store.values())

    def key_of(self, pod: Object) -> Key | None:
        return pod.key if self._is_ours(pod) else None

    def _is_ours(self, pod: Object) -> bool:
        return (pod.decode("spec", _OnNode) or _OnNode()).node_name in self._nodes


def ask_for_references(pods: VirtualPods, demand: Demand) -> None:
    """Have each pod ask for what it refers to, from when it is seen until it is gone."""

    def ask(key: Key) -> None:
        pod = pods.get(key)
        demand.ask(Named(KIND, key), () if pod is None else _asked(pod))

    pods.follow(ask)


class _Follows:
    """A handler that passes on which pods come, go, or change in their specs."""

    def __init__(self, tell: Callable[[Key], None]) -> None:
        self._tell = tell

    def on_change(self, change: Change) -> None:
        old, new = change.old, change.new
        if old is None or new is None or old.raw("spec") != new.raw("spec"):
            self._tell(change.key)


def _asked(pod: Object) -> list[Named]:
    spec = plain_spec({"metadata": {"name": pod.name}, "spec": pod.decode("spec") or {}})
    return [Named(each.kind, Key(pod.namespace, each.name)) for each in references(spec)]
