"""Which claims wait on the host for a pod to use them, while that pod waits in the virtual cluster for the claim.

Where the host's classes cannot be seen, the host's own events tell: its volume controller says of each such claim, and
again and again, that it waits for its first consumer.
"""

import asyncio
from collections.abc import Callable

import msgspec

from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.resources import EVENTS, PODS
from reflectors.hearing import Hears
from reflectors.tools import Tools
from reflectors.translation.claims import KIND, claims_used_by

WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"  # a class's mode, and the reason of the events
_BY_CLAIM = "claim"

BindingMode = Callable[[str], str | None]
"""That of a host StorageClass; None if it cannot be seen."""


class FirstConsumers:
    """Part of the daemon."""

    def __init__(self, tools: Tools, binding_mode: BindingMode) -> None:
        self._binding_mode = binding_mode
        timing = Timing(clock=tools.clock)
        self._pods = Informer(tools.sides.virtual, PODS, field_selector="spec.nodeName=", timing=timing)
        self._pods.store.add_index(_BY_CLAIM, lambda pod: map(str, _claims_of(pod)))
        self._events = Informer(
            tools.sides.host,
            EVENTS,
            tools.context.host_namespace,
            field_selector=f"involvedObject.kind={KIND},reason={WAIT_FOR_FIRST_CONSUMER}",
            timing=timing,
        )
        self._events.store.add_index(_BY_CLAIM, lambda event: [_about(event).uid])
        tools.metrics.informer("virtual pods without a node", self._pods)
        tools.metrics.informer("host events of waiting claims", self._events)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pods.run(), name="virtual pods without a node")
            group.create_task(self._events.run(), name="host events of waiting claims")

    def add_handlers(self, wake: Callable[[Key], None], wake_host: Callable[[Key], None]) -> None:
        """Have `wake` called with the key of a virtual claim for which the answer may have changed.

        `wake_host` is called with that of the host claim where only this is known.
        """
        self._pods.add_handler(Hears(lambda pod: list(map(wake, _claims_of(pod)))))
        self._events.add_handler(Hears(lambda event: wake_host(Key(event.namespace, _about(event).name))))

    def is_awaited(self, claim: Key, host: Object) -> bool:
        """Whether a virtual pod waits for the claim to be bound, and `host`, its host claim, for a pod."""
        return bool(self._pods.store.by_index(_BY_CLAIM, str(claim))) and self._waits_for_pod(host)

    def _waits_for_pod(self, host: Object) -> bool:
        storage_class = (host.decode("spec") or {}).get("storageClassName")
        mode = self._binding_mode(storage_class) if storage_class else None
        if mode is None:
            return bool(self._events.store.by_index(_BY_CLAIM, host.uid))
        return mode == WAIT_FOR_FIRST_CONSUMER


class _About(msgspec.Struct):
    name: str = ""
    uid: str = ""


def _about(event: Object) -> _About:
    return event.decode("involvedObject", _About) or _About()


def _claims_of(pod: Object) -> list[Key]:
    return [Key(pod.namespace, name) for name in claims_used_by(pod.to_dict())]
