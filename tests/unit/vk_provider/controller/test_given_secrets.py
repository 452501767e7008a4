from collections.abc import Mapping
from typing import Any

import pytest

from tests.first_answers import NOW, demo, everything, given, secret_of, settled
from vk_provider.controller.cluster import Addon
from vk_provider.controller.given_secrets import content_mistakes, given_authorities
from vk_provider.controller.known import Known

EVERYTHING = demo(**everything())


def told(cluster: Any, secrets: Mapping[str, Any]) -> list[str]:
    return [str(mistake) for mistake in content_mistakes(cluster, Known({}, secrets), NOW)]


def test_what_is_in_order_is_taken() -> None:
    assert told(EVERYTHING, given()) == []
    taken = given_authorities(EVERYTHING, Known({}, given()))
    assert taken is not None
    assert all(taken.values())
    assert len(taken) == 11


def test_what_is_not_there_is_not_judged() -> None:
    assert told(EVERYTHING, {}) == []


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (b"", "has no key token"),
        (b"a b", "white space"),
        (b"a\x00b", "cannot be printed"),
        (b"K10aa::server:x", "give the password alone"),
    ],
)
def test_a_token_that_cannot_be_is_told(token: bytes, why: str) -> None:
    (mistake,) = told(EVERYTHING, {"join": secret_of({"token": token})})
    assert mistake.startswith("spec.tokenSecretRef: Secret join")
    assert why in mistake


def test_the_token_must_stay_what_it_was() -> None:
    known, _ = settled(EVERYTHING, before=Known({}, given()))
    assert content_mistakes(EVERYTHING, known, NOW) == []
    other = Known(known.objects, {**known.secrets, "join": secret_of({"token": b"other"})})
    (mistake,) = content_mistakes(EVERYTHING, other, NOW)
    assert "put that one back" in str(mistake)


def test_a_token_that_is_given_later_does_not_take_the_first_ones_place() -> None:
    known, _ = settled(demo())
    before = known.files("k3k-demo-server-config")
    cluster = demo(token_secret_ref=EVERYTHING.spec.token_secret_ref)
    after, _ = settled(cluster, before=Known(known.objects, given()))
    assert after.files("k3k-demo-server-config") == before
    assert content_mistakes(cluster, after, NOW)


def test_an_authority_that_cannot_be_is_told_by_its_field() -> None:
    broken = {**given(), "etcd-peer-ca": secret_of({"tls.crt": b"x", "tls.key": b"y"}), "tokens": secret_of({})}
    first, second = told(EVERYTHING, broken)
    assert first.startswith("spec.customCAs.sources.etcdPeerCA: Secret etcd-peer-ca: tls.crt or tls.key cannot be read")
    assert second.startswith("spec.customCAs.sources.serviceAccountToken: Secret tokens: tls.key is no private key")


def test_authorities_are_not_judged_once_they_were_taken() -> None:
    known, _ = settled(EVERYTHING, before=Known({}, given()))
    broken = {**given(), "etcd-peer-ca": secret_of({}), "tokens": secret_of({})}
    assert content_mistakes(EVERYTHING, Known(known.objects, broken), NOW) == []


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param([{"README"}], "README: is no manifest's name", id="no manifest"),
        pytest.param([{"My_app.yaml"}], "is no manifest's name", id="no object's name"),
        pytest.param([{"a.yaml"}, {"a.json"}], "Secret s0, a.yaml has a manifest a too", id="alike in two"),
        pytest.param([{"a.x.yaml", "a.yaml"}], "has a manifest a too", id="alike in one"),
        pytest.param([{"coredns.yaml"}], "K3s has a manifest coredns too", id="as K3s' own"),
    ],
)
def test_manifests_that_would_be_lost_are_told(files: list[set[str]], why: str) -> None:
    secrets = {f"s{number}": secret_of(dict.fromkeys(names, b"")) for number, names in enumerate(files)}
    (mistake,) = told(demo(addons=[Addon(secret_ref=name) for name in secrets]), secrets)
    assert why in mistake


@pytest.mark.parametrize("file", ["a.yaml", "my-app.v2.yml", "0.json"])
def test_other_manifests_are_fine(file: str) -> None:
    assert told(demo(addons=[Addon(secret_ref=name) for name in ("s",)]), {"s": secret_of({file: b""})}) == []
