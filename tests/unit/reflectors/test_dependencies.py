from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kube.objects import Key
from reflectors.demand import Demand, Named
from reflectors.dependencies import PATIENCE, PATIENCE_AT_START, Missing, PodDependencies
from reflectors.translation.json_values import Json
from tests.unit.reflectors.translation.pods import container, pod

Wake = Callable[[Key], None]


@dataclass
class Reflector:
    """Of one kind, or of tokens."""

    lacking: set[Key] = field(default_factory=set)
    withheld: set[Key] = field(default_factory=set)
    synced: bool = True
    handlers: list[Wake] = field(default_factory=list)

    def lacks_copy(self, key: Key) -> bool:
        return key in self.lacking

    def withholds(self, key: Key) -> bool:
        return key in self.withheld

    def lacks_tokens(self, virtual: Json) -> bool:
        return Key(virtual["metadata"]["namespace"], virtual["metadata"]["name"]) in self.lacking

    def add_handler(self, handler: Wake) -> None:
        self.handlers.append(handler)

    def tell(self, key: Key) -> None:
        for handler in self.handlers:
            handler(key)


SETTINGS, WEB = Key("shop", "settings"), Key("shop", "web")


def leaning_on(**ref: Any) -> Json:
    return pod({"containers": [container(envFrom=[ref])], "volumes": [{"name": "tmp", "emptyDir": {}}]})


LEANING = leaning_on(configMapRef={"name": "settings"})


@pytest.mark.parametrize(
    ("virtual", "config_maps", "tokens", "missing"),
    [
        pytest.param(pod(), {SETTINGS}, set(), None, id="it leans on nothing"),
        pytest.param(LEANING, set(), set(), None, id="all there"),
        pytest.param(
            LEANING,
            {SETTINGS},
            set(),
            'spec.containers[0].envFrom[0].configMapRef: ConfigMap "settings" is not on the host yet',
            id="a ConfigMap",
        ),
        pytest.param(LEANING, {Key("other", "settings")}, set(), None, id="somebody else's ConfigMap"),
        pytest.param(leaning_on(secretRef={"name": "settings"}), {SETTINGS}, set(), None, id="a kind nobody waits for"),
        pytest.param(
            pod(), set(), {WEB}, "spec.volumes: the service account tokens are not on the host yet", id="tokens"
        ),
    ],
)
def test_what_a_pod_waits_for(virtual: Json, config_maps: set[Key], tokens: set[Key], missing: str | None) -> None:
    dependencies = PodDependencies(Demand(), {"ConfigMap": Reflector(config_maps)}, Reflector(tokens))
    assert dependencies.missing(virtual) == (Missing(missing, PATIENCE) if missing else None)


@pytest.mark.parametrize(("virtual", "lacking"), [pytest.param(LEANING, SETTINGS), pytest.param(pod(), WEB)])
def test_while_the_clusters_are_being_read_nobody_is_told_too_soon(virtual: Json, lacking: Key) -> None:
    reflector = Reflector({lacking}, synced=False)
    missing = PodDependencies(Demand(), {"ConfigMap": reflector}, reflector).missing(virtual)
    assert missing is not None
    assert missing.patience == PATIENCE_AT_START


def test_what_a_pod_will_not_find_is_named() -> None:
    reflector = Reflector(withheld={SETTINGS})
    dependencies = PodDependencies(Demand(), {"ConfigMap": reflector}, reflector)
    [told] = map(str, dependencies.withheld(LEANING))
    assert told == (
        'spec.containers[0].envFrom[0].configMapRef: ConfigMap "settings" is not reflected here, '
        "by configuration or for want of rights"
    )
    assert dependencies.withheld(leaning_on(secretRef={"name": "settings"})) == []


def test_pods_are_woken_when_what_they_ask_for_changes() -> None:
    demand, config_maps, tokens, woken = Demand(), Reflector(), Reflector(), list[Key]()
    PodDependencies(demand, {"ConfigMap": config_maps}, tokens).add_handler(woken.append)
    demand.ask(Named("Pod", WEB), [Named("ConfigMap", SETTINGS)])
    demand.ask(Named("Ingress", Key("shop", "entry")), [Named("ConfigMap", SETTINGS)])
    config_maps.tell(SETTINGS)
    assert woken == [WEB]
    config_maps.tell(Key("shop", "nobody's"))
    assert woken == [WEB]
    tokens.tell(Key("shop", "db"))
    assert woken == [WEB, Key("shop", "db")]
