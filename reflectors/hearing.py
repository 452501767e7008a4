"""Informers' handlers for whoever has to look again, whatever it is that changed."""

from collections.abc import Callable

from kube.objects import Key, Object
from kube.store import Change


class Hears:
    """Tells of each object that changed, as it was and as it is: they may concern different others."""

    def __init__(self, tell: Callable[[Object], object]) -> None:
        self._tell = tell

    def on_change(self, change: Change) -> None:
        for obj in (change.old, change.new):
            if obj is not None:
                self._tell(obj)


class HearsKeys:
    """Tells, once for each change, the keys that a changed object has and had for whoever looks; None is for nobody."""

    def __init__(self, key_of: Callable[[Object], Key | None], tell: Callable[[Key], object]) -> None:
        self._key_of = key_of
        self._tell = tell

    def on_change(self, change: Change) -> None:
        for key in {self._key_of(obj) for obj in (change.old, change.new) if obj is not None}:
            if key is not None:
                self._tell(key)
