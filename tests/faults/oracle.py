"""Says in words what is wrong between the two sides, object by object: all of it, whatever the reason.

What must hold is in the function that looks for it; `violations` asks them all. The harness waits until there is
nothing to say, and then looks at what has no second chance: see `history_oracle`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tests.faults.kinds import REVISION
from tests.faults.node_oracle import node_is_right
from tests.faults.pod_oracle import pods_agree
from tests.faults.wanted import is_wanted
from tests.faults.world import (
    CLUSTER,
    HOLDS,
    NAMESPACE_LABEL,
    ORIGIN_UID,
    SYNC_SOURCE,
    Json,
    Name,
    Violation,
    World,
    annotations,
    controller,
    labels,
    name_of,
    uid,
)

KINDS = (
    "Pod",
    "ConfigMap",
    "Secret",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "PersistentVolumeClaim",
    "Ingress",
    "NetworkPolicy",
    "PriorityClass",
)
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_DIGESTED = re.compile(r".*-[a-z2-7]{13}")  # of 5 bits each, which makes 65

# What has to be the same on both sides; whether a copy is behind shows in its revision already.
_SAME: Mapping[str, Callable[[Json], object]] = {
    "ConfigMap": lambda obj: obj.get("data"),
    "Secret": lambda obj: obj.get("data"),
    "Service": lambda obj: (
        obj["spec"].get("clusterIP"),
        [(port["port"], port.get("nodePort")) for port in obj["spec"].get("ports", ())],
    ),
    "Endpoints": lambda obj: [
        [address["ip"] for address in subset.get("addresses", ())] for subset in obj.get("subsets") or ()
    ],
    "EndpointSlice": lambda obj: [endpoint["addresses"] for endpoint in obj.get("endpoints") or ()],
    "PersistentVolumeClaim": lambda obj: (obj["spec"]["resources"]["requests"], obj["status"].get("phase")),
    "Ingress": lambda obj: [rule["host"] for rule in obj["spec"]["rules"]],
    "NetworkPolicy": lambda obj: [rule.get("ports") for rule in obj["spec"].get("ingress", ())],
    "PriorityClass": lambda obj: (obj["value"], obj.get("description")),
}


def violations(world: World) -> list[Violation]:
    looks = (
        nothing_is_lost,
        every_copy_has_its_original,
        every_original_has_its_copy,
        copies_are_true,
        names_are_injective,
        nobody_is_reached_by_mistake,
        classes_are_offered,
        others_are_untouched,
        nothing_is_held_back,
        pods_agree,
        node_is_right,
    )
    return [violation for look in looks for violation in look(world)]


def nothing_is_lost(world: World) -> Iterator[Violation]:
    """All that the tenant made and did not delete is there, and nothing that it deleted."""
    for kind in (*KINDS, "Namespace"):
        if kind == "Endpoints":
            continue  # the virtual cluster's own controllers make and delete them with their Services
        originals = world.originals(kind)
        for name, revision in world.expected.items():
            if name.kind != kind:
                continue
            if (there := originals.get(name)) is None:
                yield Violation("lost", f"the tenant's {name} is gone")
            elif labels(there).get(REVISION) != str(revision):
                yield Violation("lost", f"the tenant's {name} is not at revision {revision}")
        for name, obj in originals.items():
            if REVISION in labels(obj) and name not in world.expected and controller(obj) is None:
                yield Violation("deletion", f"the tenant deleted {name}, and it is there")


def every_copy_has_its_original(world: World) -> Iterator[Violation]:
    """No orphan, no copy of a predecessor, no second copy, and none outside the host namespace."""
    for kind in KINDS:
        originals = world.originals(kind)
        seen: Counter[Name] = Counter()
        for name, copy in world.copies(kind):
            seen[name] += 1
            original = originals.get(name)
            where = f"{kind} {copy['metadata']['name']} on the host{_going(copy)}"
            if original is None:
                yield Violation("orphan", f"{where} is a copy of {name}, which is gone")
            elif uid(original) != annotations(copy)[ORIGIN_UID]:
                yield Violation("predecessor", f"{where} is that of a {name} that was there before")
            elif is_wanted(world, name, original) is False:
                yield Violation("orphan", f"{where} is a copy of {name}, which nobody asked for")
            if copy["metadata"].get("namespace", world.host_namespace) != world.host_namespace:
                yield Violation("stray", f"{where} is in namespace {copy['metadata']['namespace']}")
        for name, count in seen.items():
            if count > 1:
                yield Violation("duplicate", f"{name} is on the host {count} times")
    yield from _tokens_have_their_pods(world)


def _going(obj: Json) -> str:
    """Whether it is being deleted, for whoever looks for the cause."""
    if "deletionTimestamp" not in obj["metadata"]:
        return ""
    return f" (deleted, with {obj['metadata'].get('deletionGracePeriodSeconds', 0)} s of grace)"


def _tokens_have_their_pods(world: World) -> Iterator[Violation]:
    pods = {uid(pod) for pod in world.virtual.get("Pod", ())}
    for secret in world.host.get("Secret", ()):
        if HOLDS in labels(secret) and world.is_ours(secret) and annotations(secret)[ORIGIN_UID] not in pods:
            yield Violation("orphan", f"Secret {secret['metadata']['name']} holds the tokens of a pod that is gone")


def every_original_has_its_copy(world: World) -> Iterator[Violation]:
    for kind in KINDS:
        copied = {name for name, _ in world.copies(kind)}
        for name, original in world.originals(kind).items():
            if is_wanted(world, name, original) and name not in copied:
                yield Violation("missing", f"{name} is not on the host")


def copies_are_true(world: World) -> Iterator[Violation]:
    for kind in KINDS:
        originals = world.originals(kind)
        for name, copy in world.copies(kind):
            original = originals.get(name)
            if original is None:
                continue
            before, after = labels(original).get(REVISION), labels(copy).get(REVISION)
            if kind != "PriorityClass" and before != after:
                yield Violation("stale", f"{name} is at revision {before}, its copy at {after}")
            same = _SAME.get(kind)
            if same is not None and same(original) != same(copy):
                yield Violation("stale", f"{name} has {same(original)!r}, its copy {same(copy)!r}")


def names_are_injective(world: World) -> Iterator[Violation]:
    """No two originals share a host name, and each name is one that every kind of object accepts."""
    for kind in KINDS:
        bearers: dict[str, set[object]] = {}
        for name, copy in world.copies(kind):
            bearers.setdefault(copy["metadata"]["name"], set()).add(name)
        for host_name, origins in bearers.items():
            if len(origins) > 1:
                yield Violation(
                    "name", f"{kind} {host_name} stands for all of {', '.join(map(str, sorted(origins, key=str)))}"
                )
            if not _DNS_LABEL.fullmatch(host_name) or not _DIGESTED.fullmatch(host_name):
                yield Violation("name", f"{kind} {host_name} is no name of ours")


def nobody_is_reached_by_mistake(world: World) -> Iterator[Violation]:
    """What selects selects inside one virtual namespace, and what is selected says in which it is."""
    for kind in KINDS:
        for name, copy in world.copies(kind):
            if name.namespace and labels(copy).get(NAMESPACE_LABEL) != name.namespace:
                yield Violation("cross-talk", f"the copy of {name} does not say whose it is by its labels")
    for name, service in world.copies("Service"):
        selector = service["spec"].get("selector")
        if selector and not _is_scoped({"matchLabels": selector}, world, name.namespace):
            yield Violation("cross-talk", f"the copy of {name} selects other people's pods: {selector}")
    for name, policy in world.copies("NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        if not _is_scoped(selector, world, name.namespace):
            yield Violation("cross-talk", f"the copy of {name} is about other people's pods: {selector}")


def _is_scoped(selector: Json, world: World, namespace: str) -> bool:
    only = {key: {value} for key, value in (selector.get("matchLabels") or {}).items()}
    for expression in selector.get("matchExpressions") or ():
        if expression["operator"] == "In":
            only[expression["key"]] = set(expression["values"])
    return only.get(CLUSTER) == {world.cluster} and only.get(NAMESPACE_LABEL) == {namespace}


def classes_are_offered(world: World) -> Iterator[Violation]:
    """The host's StorageClasses are in the virtual cluster as they are, but for what concerns the host alone."""
    originals = {name_of("StorageClass", obj): obj for obj in world.host.get("StorageClass", ())}
    copies = {
        name: obj for name, obj in world.originals("StorageClass").items() if labels(obj).get(SYNC_SOURCE) == "host"
    }
    for name in originals.keys() - copies.keys():
        yield Violation("missing", f"the host's {name} is not offered")
    for name, copy in copies.items():
        if name not in originals:
            yield Violation("orphan", f"{name} is offered, and the host has none")
        elif _promised(copy) != _promised(originals[name]):
            yield Violation("stale", f"{name} is {_promised(originals[name])}, and is offered as {_promised(copy)}")
        if copy.get("parameters") or CLUSTER in labels(copy):
            yield Violation("leak", f"{name} tells the tenant of the host")


def _promised(storage_class: Json) -> object:
    fields = ("reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion")
    return labels(storage_class).get(REVISION), [storage_class.get(field) for field in fields]


def others_are_untouched(world: World) -> Iterator[Violation]:
    """What others have on the host is as it was; and all that bears our label is ours, or was made for what is."""
    for planted in world.planted:
        kind, name = planted["kind"], planted["metadata"]["name"]
        now = next((each for each in world.host.get(kind, ()) if uid(each) == uid(planted)), None)
        if now is None:
            yield Violation("foreign", f"{kind} {name} is somebody else's, and gone")
        elif now["metadata"]["resourceVersion"] != planted["metadata"]["resourceVersion"]:
            yield Violation("foreign", f"{kind} {name} is somebody else's, and was changed")
    known = {uid(planted) for planted in world.planted}
    services = {service["metadata"]["name"] for service in world.host.get("Service", ())}
    for kind in KINDS:
        for obj in world.host.get(kind, ()):
            if labels(obj).get(CLUSTER) != world.cluster or world.is_ours(obj) or uid(obj) in known:
                continue
            is_of_service = kind == "Endpoints" and obj["metadata"]["name"] in services
            if controller(obj) is None and not is_of_service:
                yield Violation("stray", f"{kind} {obj['metadata']['name']} bears our label, and no origin")


def nothing_is_held_back(world: World) -> Iterator[Violation]:
    """No finalizer of ours is on anything of the tenant's, and nothing of the tenant's waits for its end."""
    for kind in (*KINDS, "PersistentVolume", "Namespace"):
        for obj in world.virtual.get(kind, ()):
            metadata, name = obj["metadata"], name_of(kind, obj)
            if any("k3k.io" in each for each in metadata.get("finalizers") or ()):
                yield Violation("finalizer", f"{name} has one of ours")
            if metadata.get("deletionTimestamp"):
                yield Violation("deletion", f"{name} is being deleted, and does not go")
    claims = {uid(claim) for claim in world.virtual.get("PersistentVolumeClaim", ())}
    for volume in world.virtual.get("PersistentVolume", ()):
        claim = (volume["spec"].get("claimRef") or {}).get("uid")
        phase = (volume.get("status") or {}).get("phase")
        if labels(volume).get(SYNC_SOURCE) == "host" and claim not in claims and phase != "Released":
            yield Violation("orphan", f"PersistentVolume {volume['metadata']['name']} is for a claim that is gone")
