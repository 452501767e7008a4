from kube.codec import decode_object, encode
from kube.events import ObjectReference, Severity
from kube.objects import Object
from reflectors.tenant_events import TenantEvents
from reflectors.translation.allow_list import Lost
from reflectors.translation.writes import Refuse

HOST_PATH = Refuse("Refused", "spec.volumes[0].hostPath: off here")
HOST_PORT = Refuse("Refused", "spec.containers[0].ports[0].hostPort: off here")


class Heard:
    """Remembers what was recorded."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def record(self, about: ObjectReference, severity: Severity, reason: str, message: str) -> None:
        assert severity is Severity.WARNING
        self.events.append((about.uid, reason, message))


def pod(uid: str = "u1") -> Object:
    metadata = {"namespace": "shop", "name": "web", "uid": uid}
    return decode_object(encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))


def test_a_refusal_is_told_once() -> None:
    heard = Heard()
    events = TenantEvents(heard)
    for _ in range(3):
        events.refused(pod(), HOST_PATH)
    assert heard.events == [("u1", "Refused", HOST_PATH.message)]


def test_another_reason_is_told_again() -> None:
    heard = Heard()
    events = TenantEvents(heard)
    for refuse in (HOST_PATH, HOST_PORT, HOST_PATH):
        events.refused(pod(), refuse)
    assert [message for _, _, message in heard.events] == [HOST_PATH.message, HOST_PORT.message, HOST_PATH.message]


def test_a_recreated_pod_is_told_again() -> None:
    heard = Heard()
    events = TenantEvents(heard)
    events.refused(pod("u1"), HOST_PATH)
    events.refused(pod("u2"), HOST_PATH)
    assert [uid for uid, _, _ in heard.events] == ["u1", "u2"]


def test_what_a_pod_does_not_get_is_told_in_one_event() -> None:
    heard = Heard()
    TenantEvents(heard).lost(pod(), [Lost("spec.one", "unknown"), Lost("spec.two", "off")])
    assert heard.events == [("u1", "NotHonoured", "spec.one: unknown; spec.two: off")]


def test_a_pod_that_gets_everything_is_told_nothing() -> None:
    heard = Heard()
    TenantEvents(heard).lost(pod(), [])
    assert heard.events == []
