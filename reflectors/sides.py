"""The two API servers that reflectors stand between, and who hears of it in the virtual one."""

from dataclasses import dataclass

from kube.client import Client
from kube.duties import WheneverLeading, always
from kube.event_recorder import EventRecorder
from kube.events import ObjectReference, Severity


@dataclass(frozen=True, slots=True)
class Sides:
    host: Client
    virtual: Client
    recorder: EventRecorder  # of the virtual cluster
    node: str  # the virtual node's name
    whenever_leading: WheneverLeading = always  # in which all that writes is run

    def warn_node(self, reason: str, message: str) -> None:
        """Tell whoever looks at the virtual node."""
        # A node's events bear its name for a UID: so kubelets do it, and so they are looked for.
        self.recorder.record(ObjectReference("v1", "Node", "", self.node, self.node), Severity.WARNING, reason, message)
