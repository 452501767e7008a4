"""Host events that say what no object does: why a StatefulSet makes no pods, a claim gets no volume, a pod no mount."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence

import msgspec

from kube.client import Client
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.objects import Key, Object
from kube.resources import EVENTS
from kube.store import Change, ChangeKind
from vk_provider.controller.problems import Told

# Of the kind, with the reason.
_TELLING = (
    ("StatefulSet", "FailedCreate"),
    ("PersistentVolumeClaim", "ProvisioningFailed"),
    ("PersistentVolumeClaim", "FailedBinding"),
    ("Pod", "FailedMount"),
    ("Pod", "FailedAttachVolume"),
)
_BY_UID = "uid"


class _Involved(msgspec.Struct):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Tellings:
    """Part of the daemon."""

    def __init__(self, client: Client, namespaces: Sequence[str | None], timing: Timing, metrics: Metrics) -> None:
        self._informers: list[Informer] = []
        for namespace, (kind, reason) in itertools.product(namespaces, _TELLING):
            selector = f"involvedObject.kind={kind},reason={reason}"
            informer = Informer(client, EVENTS, namespace, field_selector=selector, transform=_trimmed, timing=timing)
            informer.store.add_index(_BY_UID, lambda event: [_involved(event).uid])
            metrics.informer(f"events {kind} {reason} {namespace or ''}".strip(), informer)
            self._informers.append(informer)

    def tell(self, listener: Callable[[str, Key], None]) -> None:
        """Call `listener` with kind and key of each object that something new is told of."""
        for informer in self._informers:
            informer.add_handler(_Teller(listener))

    def of(self, objects: Iterable[Object]) -> list[Told]:
        """Return what is told of these very objects."""
        return [
            _told(event)
            for obj in objects
            for informer in self._informers
            for event in informer.store.by_index(_BY_UID, obj.uid)
        ]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for informer in self._informers:
                group.create_task(informer.run())

    async def wait_synced(self) -> None:
        for informer in self._informers:
            await informer.wait_synced()


class _Teller:
    def __init__(self, listener: Callable[[str, Key], None]) -> None:
        self._listener = listener

    def on_change(self, change: Change) -> None:
        if change.kind is not ChangeKind.DELETED:
            involved = _involved(change.object)
            self._listener(involved.kind, Key(involved.namespace, involved.name))


def _trimmed(event: Object) -> Object:
    kept = {name: event.fields[name] for name in ("involvedObject", "reason", "message") if name in event.fields}
    return Object(event.api_version, event.kind, event.metadata, kept)


def _involved(event: Object) -> _Involved:
    return event.decode("involvedObject", _Involved) or _Involved()


def _told(event: Object) -> Told:
    involved = _involved(event)
    return Told(involved.kind, involved.name, event.decode("reason", str) or "", event.decode("message", str) or "")
