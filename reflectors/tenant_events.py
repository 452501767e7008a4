"""What tenants are told about their pods, by events: each thing once, however often it is found again."""

from collections.abc import Sequence
from typing import Protocol

from kube.events import ObjectReference, Severity, reference
from kube.objects import Key, Object
from reflectors.translation.allow_list import Lost
from reflectors.translation.writes import Refuse


class Recorder(Protocol):
    """Writes events; kube.event_recorder has one."""

    def record(self, about: ObjectReference, severity: Severity, reason: str, message: str) -> None: ...


class TenantEvents:
    """Remembers, for each pod, what it was told last."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._told: dict[Key, tuple[str, str]] = {}

    def refused(self, virtual: Object, refuse: Refuse) -> None:
        """The pod, or a change of it, is not honoured."""
        told = (virtual.uid, refuse.message)
        if self._told.get(virtual.key) != told:
            self._told[virtual.key] = told
            self._recorder.record(reference(virtual), Severity.WARNING, refuse.reason, refuse.message)

    def lost(self, virtual: Object, lost: Sequence[Lost]) -> None:
        """The pod runs, without some of what it asked for."""
        if lost:
            self._recorder.record(reference(virtual), Severity.WARNING, "NotHonoured", "; ".join(map(str, lost)))

    def forget(self, key: Key) -> None:
        """The pod is gone."""
        self._told.pop(key, None)
