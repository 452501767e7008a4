"""A handler that compares states: it believes what an informer tells it and notes each thing told twice or too late."""

from kube.objects import Key, Object
from kube.store import Change, ChangeKind


class Subscriber:
    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.told: list[Change] = []
        self.contradictions: list[str] = []

    def on_change(self, change: Change) -> None:
        self.told.append(change)
        why = self._contradicts(change)
        if why:
            self.contradictions.append(f"{change.kind.value} {change.key}: {why}")
        if change.new is None:
            self.objects.pop(change.key, None)
        else:
            self.objects[change.key] = change.new

    def _contradicts(self, change: Change) -> str:
        known = self.objects.get(change.key)
        if change.kind is ChangeKind.ADDED:
            return "is known already" if known is not None else ""
        if known is None:
            return "is not known"
        if known.uid != change.object.uid:
            return "has another uid"
        if change.new is None:
            return ""
        if change.old != known:
            return "its old state is not the one known"
        return "is not newer" if int(change.new.resource_version) <= int(known.resource_version) else ""
