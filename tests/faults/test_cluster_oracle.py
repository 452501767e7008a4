"""The oracle finds each kind of violation in what the controller made."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.cluster_oracle import CONTROL_PLANE, Kept, cluster_violations

Json = dict[str, Any]


def cluster(name: str, revision: int = 1) -> Json:
    metadata = {"name": name, "uid": f"uid-{name}", "generation": 2}
    return {
        "metadata": metadata,
        "spec": {"tlsSANs": [f"revision-{revision}.test"]},
        "status": {"observedGeneration": 2},
    }


def made(kind: str, name: str, of: str, **content: Any) -> Json:
    owners = [{"kind": "Cluster", "uid": f"uid-{of}"}]
    return {
        "kind": kind,
        "metadata": {"name": name, "labels": {CONTROL_PLANE: of}, "ownerReferences": owners},
        **content,
    }


def all_of(name: str) -> list[Json]:
    return [
        made("StatefulSet", f"k3k-{name}-server", name),
        made("Secret", f"k3k-{name}-server-config", name, decoded=["tls-san: [revision-1.test]"]),
        made("Service", f"kube-dns-{name}-{name[0] * 13}", name),
    ]


class Host:
    def __init__(self) -> None:
        self.clusters = [cluster("one"), cluster("two")]
        self.made = [*all_of("one"), *all_of("two")]
        self.expected = {"one": 1, "two": 1}

    def rules(self) -> set[str]:
        return {each.rule for each in cluster_violations(self.clusters, self.made, self.expected)}


HARMS: dict[str, tuple[str, Callable[[Host], object]]] = {
    "a Cluster is gone": ("lost", lambda host: host.clusters.pop()),
    "a Cluster was changed back": ("lost", lambda host: host.expected.update(one=2)),
    "a Cluster does not go": ("deletion", lambda host: host.expected.pop("one")),
    "what was made outlives its Cluster": ("orphan", lambda host: (host.clusters.pop(), host.expected.pop("two"))),
    "what was made is a predecessor's": (
        "predecessor",
        lambda host: host.made[0]["metadata"]["ownerReferences"][0].update(uid="old"),
    ),
    "one Cluster has less than another": ("missing", lambda host: host.made.pop()),
    "nobody has servers": ("missing", lambda host: (host.made.pop(0), host.made.pop(2))),
    "a change was not seen": ("stale", lambda host: host.clusters[0]["metadata"].update(generation=3)),
    "a change was not carried out": ("stale", lambda host: host.made[1].update(decoded=[])),
}


def test_it_has_nothing_to_say_when_all_is_well() -> None:
    assert Host().rules() == set()


@pytest.mark.parametrize(("rule", "harm"), HARMS.values(), ids=HARMS)
def test_it_finds(rule: str, harm: Callable[[Host], object]) -> None:
    host = Host()
    harm(host)
    assert rule in host.rules()


def test_authorities_that_become_others_are_told() -> None:
    kept = Kept()
    for digest in ("a", "a", "b"):
        kept.see("uid-one", "k3k-one-authorities", digest)
        kept.see("uid-one", "k3k-one-kubeconfig", digest)  # which is renewed
    assert [each.rule for each in kept.violations()] == ["lost"]
