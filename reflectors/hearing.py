"""An informer's handler for whoever has to look again, whatever it is that changed."""

from collections.abc import Callable

from kube.objects import Object
from kube.store import Change


class Hears:
    """Tells of each object that changed, as it was and as it is: they may concern different others."""

    def __init__(self, tell: Callable[[Object], object]) -> None:
        self._tell = tell

    def on_change(self, change: Change) -> None:
        for obj in (change.old, change.new):
            if obj is not None:
                self._tell(obj)
