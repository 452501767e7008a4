"""Says in words what is wrong with what the controller made of Clusters."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.world import Json, Violation, labels, uid

CONTROL_PLANE = "k3k.io/control-plane"  # the label of all that is made for a Cluster: its name
SECRETS = ("token", "authorities")  # which have to stay for a Cluster's whole life, or nobody could read its data
_DIGEST = re.compile(r"-[a-z2-7]{13}$")  # at the end of a name that a provider would give


@dataclass
class Kept:
    """What was seen of the Secrets that must never change, in the course of the run."""

    seen: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # digests by owner's UID and name

    def see(self, owner: str, name: str, digest: str) -> None:
        if any(name.endswith(f"-{kept}") for kept in SECRETS):
            self.seen.setdefault((owner, name), set()).add(digest)

    def violations(self) -> Iterator[Violation]:
        for (owner, name), digests in self.seen.items():
            if len(digests) > 1:
                yield Violation("lost", f"Secret {name} of Cluster {owner} became another {len(digests) - 1} times")


def cluster_violations(
    clusters: Iterable[Json], made: Sequence[Json], expected: Mapping[str, int]
) -> Iterator[Violation]:
    """`made`: all objects of the namespace that bear the label; `expected`: the revision of each Cluster there is."""
    there = {cluster["metadata"]["name"]: cluster for cluster in clusters}
    for name in expected.keys() - there.keys():
        yield Violation("lost", f"Cluster {name} is gone")
    for name in there.keys() - expected.keys():
        yield Violation("deletion", f"Cluster {name} was deleted, and is there")
    for obj in made:
        yield from _has_its_cluster(obj, there)
    shapes = {name: frozenset(_shape(name, made)) for name in there.keys() & expected.keys()}
    largest = max(shapes.values(), key=len, default=frozenset())
    for name, shape in shapes.items():
        for kind, form in sorted(largest - shape):
            yield Violation("missing", f"Cluster {name} has no {kind} {form.replace('NAME', name)}")
        if ("StatefulSet", "k3k-NAME-server") not in shape:
            yield Violation("missing", f"Cluster {name} has no servers")
        yield from _is_at(there[name], made, expected[name])


def _has_its_cluster(obj: Json, there: Mapping[str, Json]) -> Iterator[Violation]:
    what, name = f"{obj['kind']} {obj['metadata']['name']}", labels(obj)[CONTROL_PLANE]
    owners = [owner["uid"] for owner in obj["metadata"].get("ownerReferences", ()) if owner["kind"] == "Cluster"]
    if name not in there:
        meta = obj["metadata"]
        state = {
            key: meta.get(key) for key in ("creationTimestamp", "deletionTimestamp", "finalizers", "ownerReferences")
        }
        yield Violation("orphan", f"{what} is of Cluster {name}, which is gone: {state}")
    elif owners and owners != [uid(there[name])]:
        yield Violation("predecessor", f"{what} is of a Cluster {name} that was there before")


def _shape(cluster: str, made: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Kind and name of each object of a Cluster; those of pods are left to chance."""
    for obj in made:
        if labels(obj)[CONTROL_PLANE] == cluster and obj["kind"] != "Pod":
            yield obj["kind"], _DIGEST.sub("", obj["metadata"]["name"]).replace(cluster, "NAME")


def _is_at(cluster: Json, made: Iterable[Json], revision: int) -> Iterator[Violation]:
    name = cluster["metadata"]["name"]
    if cluster["spec"]["tlsSANs"] != [f"revision-{revision}.test"]:
        yield Violation("lost", f"Cluster {name} is not at revision {revision}")
    seen = (cluster.get("status") or {}).get("observedGeneration")
    if seen != cluster["metadata"]["generation"]:
        yield Violation("stale", f"Cluster {name} is at generation {cluster['metadata']['generation']}, seen {seen}")
    kept = f"k3k-{name}-server-config"
    configs = [obj for obj in made if obj["metadata"]["name"] == kept]
    if not any(f"revision-{revision}.test" in str(obj.get("decoded")) for obj in configs):
        yield Violation("stale", f"{kept} does not speak of revision {revision}")
