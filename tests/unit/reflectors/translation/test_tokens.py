import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.pod_spec import translated
from reflectors.translation.tokens import (
    LIVES,
    Life,
    Request,
    Rest,
    Token,
    holds_all,
    next_token_step,
    token_request,
    token_sources,
    token_write,
)
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import CONTEXT, container, frozen, names, namespaces, pod

NOON = 1_800_000_000.0
HOUR, DAY = 3600.0, 24 * 3600.0


def token(path: str = "token", **fields: Any) -> Json:
    return {"serviceAccountToken": {"path": path, **fields}}


def tokens(*sources: Json, name: str = "tokens") -> Json:
    return {"name": name, "projected": {"sources": list(sources)}}


CA = {"configMap": {"name": "kube-root-ca.crt"}}
WEB = pod({"volumes": [tokens(token(expirationSeconds=3607), CA, name="kube-api-access-x7k2p")]})
TWO = pod({"volumes": [tokens(token("a", audience="vault", expirationSeconds=600), token("b"))]})


def given_tokens(virtual: Json, life: float = HOUR, *, since: float = NOON) -> dict[str, Token]:
    return {source.key: Token(f"text of {source.path}", Life(since, since + life)) for source in token_sources(virtual)}


def secret(virtual: Json, life: float = HOUR, **metadata: Any) -> Draft:
    """The pod's Secret as the host has it, its tokens given at noon."""
    write = token_write(frozen(virtual), None, given_tokens(virtual, life), CONTEXT)
    assert isinstance(write, Create)
    write.body["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    return write.body


def step(virtual: Json | None, host: Json | None, now: float = NOON) -> object:
    return next_token_step(frozen(virtual), frozen(host), CONTEXT, now)


SOURCES = tuple(token_sources(TWO))
FOREIGN = {"metadata": {"namespace": "tenants", "name": secret(TWO)["metadata"]["name"], "uid": "x"}}


@pytest.mark.parametrize(
    ("virtual", "host", "expected"),
    [
        pytest.param(None, None, Rest(None), id="nothing there"),
        pytest.param(pod(), None, Rest(None), id="a pod without tokens"),
        pytest.param(TWO, None, Request(SOURCES), id="new"),
        pytest.param(None, secret(TWO), Delete("h1", 0, "its virtual pod is gone, or another"), id="gone"),
        pytest.param(
            {**TWO, "metadata": {**TWO["metadata"], "uid": "v2"}},
            secret(TWO),
            Delete("h1", 0, "its virtual pod is gone, or another"),
            id="recreated",
        ),
        pytest.param({**TWO, "status": {"phase": "Succeeded"}}, None, Rest(None), id="ended"),
        pytest.param(None, FOREIGN, Rest(None), id="somebody else's, and nobody wants its name"),
    ],
)
def test_what_comes_next(virtual: Json | None, host: Json | None, expected: object) -> None:
    assert (
        step(virtual, host, NOON + (DAY if host and virtual and "phase" in str(virtual["status"]) else 0)) == expected
    )


def test_somebody_elses_secret_under_our_name_is_left_alone() -> None:
    refused = step(TWO, FOREIGN)
    assert isinstance(refused, Refuse)
    assert refused.reason == "ForeignObject"


@pytest.mark.parametrize(
    ("life", "earliest", "latest"),
    [
        pytest.param(600.0, 450.0, 480.0, id="ten minutes"),
        pytest.param(HOUR, 0.75 * HOUR, 0.8 * HOUR, id="an hour"),
        pytest.param(365 * DAY, DAY, DAY, id="a year: after a day"),
    ],
)
def test_a_token_is_renewed_after_four_fifths_of_its_life_or_a_little_before(
    life: float, earliest: float, latest: float
) -> None:
    host = secret(TWO, life)
    rest = step(TWO, host)
    assert isinstance(rest, Rest)
    assert rest.seconds is not None
    assert earliest <= rest.seconds <= latest
    assert isinstance(step(TWO, host, NOON + latest), Request)
    assert step(TWO, host, NOON + latest) == Request(SOURCES)


def test_pods_do_not_renew_their_tokens_all_at_once() -> None:
    rests = set()
    for number in range(20):
        virtual = pod(TWO["spec"], uid=f"v{number}")
        rests.add(step(virtual, secret(virtual)))
    assert len(rests) > 10


@pytest.mark.parametrize(
    "lives",
    [
        pytest.param(None, id="gone"),
        pytest.param("no JSON", id="garbage"),
        pytest.param("[1]", id="a list"),
        pytest.param('{"a": 1}', id="numbers"),
    ],
)
def test_tokens_of_unknown_age_are_asked_for_again(lives: str | None) -> None:
    host = secret(TWO)
    host["metadata"]["annotations"] |= {LIVES: lives or "{}"}
    assert step(TWO, host) == Request(SOURCES)


def test_a_token_that_was_given_in_our_future_is_asked_for_again() -> None:
    assert step(TWO, secret(TWO), NOON - 1) == Request(SOURCES)


def test_a_token_that_somebody_took_out_is_asked_for_again() -> None:
    host = secret(TWO)
    del host["data"][SOURCES[0].key]
    assert step(TWO, host) == Request((SOURCES[0],))
    assert not holds_all(TWO, host, CONTEXT)


def test_a_renewal_leaves_the_other_tokens_alone() -> None:
    host = secret(TWO)
    fresh = {SOURCES[0].key: Token("new", Life(NOON + HOUR / 2, NOON + 2 * HOUR))}
    write = token_write(TWO, host, fresh, CONTEXT)
    assert isinstance(write, Patch)
    assert write.body["metadata"].items() >= {"uid": "h1", "resourceVersion": "7"}.items()
    after = merge_patched(host, write.body)
    texts = {key: base64.b64decode(text).decode() for key, text in after["data"].items()}
    assert texts == {SOURCES[0].key: "new", SOURCES[1].key: "text of b"}
    assert step(TWO, after, NOON + 0.8 * HOUR) == Request((SOURCES[1],))


def test_a_token_is_asked_for_as_the_pod_wants_it_and_ends_with_it() -> None:
    one, other = SOURCES
    assert token_request(one, TWO)["spec"] == {
        "audiences": ["vault"],
        "expirationSeconds": 600,
        "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "v1"},
    }
    assert token_request(other, TWO)["spec"]["audiences"] == []  # the API server's own
    assert token_request(other, TWO)["spec"]["expirationSeconds"] == 3600


def test_a_pods_token_sources_read_from_its_secret_and_its_other_sources_as_before() -> None:
    (volume,) = translated(WEB, CONTEXT).pod["spec"]["volumes"]
    (source,) = token_sources(WEB)
    assert volume["projected"]["sources"] == [
        {"secret": {"name": secret(WEB)["metadata"]["name"], "items": [{"key": source.key, "path": "token"}]}},
        {"configMap": {"name": CONTEXT.host_name("ConfigMap", "shop", "kube-root-ca.crt")}},
    ]


@pytest.mark.parametrize(
    ("volume", "spec", "mode"),
    [
        pytest.param({}, {"securityContext": {"runAsUser": 1000}}, None, id="readable to everybody anyway"),
        pytest.param({"defaultMode": 0o400}, {}, None, id="root's, who runs the containers"),
        pytest.param({"defaultMode": 0o400}, {"securityContext": {"runAsUser": 0}}, None, id="root's by name"),
        pytest.param({"defaultMode": 0o400}, {"securityContext": {"runAsUser": 1000}}, 0o404, id="of the pod's user"),
        pytest.param(
            {"defaultMode": 0o400},
            {"containers": [container(securityContext={"runAsUser": 1000})]},
            0o404,
            id="of a container's user",
        ),
    ],
)
def test_whoever_a_pods_containers_run_as_can_read_its_tokens(volume: Json, spec: Json, mode: int | None) -> None:
    virtual = pod({**spec, "volumes": [{"name": "t", "projected": {"sources": [token()], **volume}}]})
    (projected,) = (each["projected"] for each in translated(virtual, CONTEXT).pod["spec"]["volumes"])
    assert projected["sources"][0]["secret"]["items"][0].get("mode") == mode


def test_sources_of_equal_paths_and_of_volumes_named_alike_have_keys_of_their_own() -> None:
    virtual = pod({"volumes": [tokens(token(), token(audience="a"), name="t"), tokens(token(), name="t-0")]})
    keys = {source.key for source in token_sources(virtual)}
    assert len(keys) == 3
    assert keys == secret(virtual)["data"].keys()


def test_the_secret_has_nothing_of_the_tenants_labels_and_annotations() -> None:
    virtual = pod(TWO["spec"], labels={"app": "web"}, annotations={"note": "n"})
    metadata = secret(virtual)["metadata"]
    assert metadata["labels"] == {
        "k3k.io/cluster": "demo",
        "k3k.io/virtual-namespace": "shop",
        "k3k.io/holds": "tokens",
    }
    assert "note" not in metadata["annotations"]


@pytest.mark.parametrize(
    ("host", "holds"),
    [
        pytest.param(secret(TWO), True, id="its own"),
        pytest.param(FOREIGN, False, id="somebody else's"),
        pytest.param(secret(pod(TWO["spec"], uid="v0")), False, id="its predecessor's"),
    ],
)
def test_a_pod_has_its_tokens_in_its_own_secret_only(host: Json, holds: bool) -> None:
    assert holds_all(TWO, host, CONTEXT) is holds


origins = st.tuples(st.sampled_from(["demo", "other"]), namespaces, names)


@given(origins, origins)
def test_no_two_pods_share_a_secret_and_no_secret_of_the_tenants_is_one(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    def named(kind: str, origin: tuple[str, str, str]) -> str:
        cluster, namespace, name = origin
        return replace(CONTEXT, cluster=cluster).host_name(kind, namespace, name)

    assert (named("Token", one) == named("Token", other)) == (one == other)
    assert named("Token", one) != named("Secret", other)


@given(st.floats(0, 10 * HOUR), st.floats(600, 2 * HOUR))
def test_one_renewal_is_enough_whenever_it_comes(later: float, life: float) -> None:
    host, now = secret(TWO, life), NOON + later
    match step(TWO, host, now):
        case Rest(seconds):
            assert seconds is not None
            assert seconds > 0
        case Request(sources):
            fresh = {source.key: Token("new", Life(now, now + life)) for source in sources}
            write = token_write(TWO, host, fresh, CONTEXT)
            assert isinstance(write, Patch)
            assert isinstance(step(TWO, merge_patched(host, write.body), now), Rest)
        case other:
            raise AssertionError(other)
