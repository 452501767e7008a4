from dataclasses import dataclass, field

import msgspec
import pytest

from kube.objects import Key, Metadata, Object
from reflectors.services import LiveServices
from reflectors.translation.json_values import Json

WEB = Key("shop", "web")


def service(clusterIP: str, **spec: object) -> Object:  # noqa: N803 - as in the API
    fields = {"spec": msgspec.Raw(msgspec.json.encode({"clusterIP": clusterIP, "ports": [{"port": 80}], **spec}))}
    return Object("v1", "Service", Metadata(name="web", namespace="shop", labels={"app": "web"}), fields)


@dataclass
class Both:
    virtuals: dict[Key, Object] = field(default_factory=dict)
    hosts: dict[Key, Object] = field(default_factory=dict)

    def virtual(self, key: Key) -> Object | None:
        return self.virtuals.get(key)

    def host(self, key: Key) -> Object | None:
        return self.hosts.get(key)


def known(virtual: Object, host: Object | None = None) -> Json:
    live = LiveServices()
    live.changed(WEB, Both({WEB: virtual}, {WEB: host} if host else {}))
    return live["shop"][0]


@pytest.mark.parametrize(
    ("virtual", "host", "address"),
    [
        pytest.param(service("10.0.0.1"), None, "10.0.0.1", id="not on the host yet"),
        pytest.param(service("10.0.0.1"), service("10.0.0.2"), "10.0.0.2", id="the host has another"),
        pytest.param(service("None"), service("None"), "None", id="headless"),
    ],
)
def test_a_service_has_the_address_that_holds_on_the_host(virtual: Object, host: Object | None, address: str) -> None:
    assert known(virtual, host)["spec"]["clusterIP"] == address


def test_services_come_and_go() -> None:
    live, both = LiveServices(), Both({WEB: service("10.0.0.1")})
    live.changed(WEB, both)
    assert list(live) == ["shop"]
    assert live["shop"][0]["metadata"] == {"name": "web", "labels": {"app": "web"}}
    both.virtuals.clear()
    live.changed(WEB, both)
    live.changed(WEB, both)
    assert list(live) == []
    assert live.get("shop", ()) == ()


def test_an_address_is_free_once_nobody_has_it_and_whoever_has_it_on_the_host_can_be_asked() -> None:
    db = Key("shop", "db")
    live, both = LiveServices(), Both({WEB: service("10.0.0.1"), db: service("10.0.0.2")}, {WEB: service("10.0.0.2")})
    assert [live.changed(key, both) for key in (WEB, db)] == [None, None]
    assert live.holder("10.0.0.2") == db
    both.virtuals[db] = service("10.0.0.3")
    assert live.changed(db, both) == "10.0.0.2"
    assert live.holder("10.0.0.2") is None
    assert live.at("10.0.0.2") == [WEB]


def test_an_address_that_has_changed_hands_is_not_free() -> None:
    db = Key("shop", "db")
    live, both = LiveServices(), Both({WEB: service("10.0.0.1")})
    live.changed(WEB, both)
    both.virtuals = {WEB: service("10.0.0.2"), db: service("10.0.0.1")}
    live.changed(db, both)
    assert live.changed(WEB, both) is None
    assert live.holder("10.0.0.1") == db
