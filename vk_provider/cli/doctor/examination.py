"""What the facts about a host cluster mean for virtual clusters: pure, a function for each subject."""

import re
from collections.abc import Callable, Iterator, Sequence

from vk_provider.cli.cluster_columns import part
from vk_provider.cli.doctor.facts import Facts, Json
from vk_provider.cli.doctor.finding import Finding, Level
from vk_provider.cli.installing.kinds import HELM
from vk_provider.cli.installing.rollout import is_established, missing_replicas, troubles
from vk_provider.controller.resources import CLUSTERS, GROUP, VERSION
from vk_provider.install.crds import RULES_SINCE

OLDEST = (1, 20)
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
SECURITY_LEVEL = "pod-security.kubernetes.io/enforce"
ENFORCERS = ("antrea", "calico", "canal", "cilium", "kube-router", "ovn", "romana", "weave")
"""Networks that enforce NetworkPolicies, as their DaemonSets are called."""
_NOT_SEEN = "not to be seen with these rights"


def examine(facts: Facts) -> list[Finding]:
    """Return all findings, in the order in which somebody would mend them."""
    return [finding for subject in SUBJECTS for finding in subject(facts)]


def _version(facts: Facts) -> Iterator[Finding]:
    number = _number(facts.version)
    if number < OLDEST:
        advice = f"Use Kubernetes {OLDEST[0]}.{OLDEST[1]} or newer."
        yield Finding("Kubernetes", Level.BAD, f"{facts.version} is too old", advice)
        return
    rules = "" if number >= RULES_SINCE else "; without CEL: what is wrong in a Cluster is told in its status"
    yield Finding("Kubernetes", Level.OK, f"{facts.version}{rules}")


def _rights(facts: Facts) -> Iterator[Finding]:
    installing = "may install vk-provider" if facts.may_install else "may not install vk-provider"
    creating = "may create Clusters anywhere" if facts.may_create else "may not create Clusters in any namespace"
    advice = "" if facts.may_create else "Ask whoever runs the host for a namespace, and name it with -n."
    yield Finding("Rights", Level.OK if facts.may_create else Level.NOTE, f"{installing}, {creating}", advice)


def _kinds(facts: Facts) -> Iterator[Finding]:
    if facts.definitions is None:
        yield Finding("Kinds", Level.NOTE, _NOT_SEEN)
        return
    clusters = [each for each in facts.definitions if part(each, "spec", "names", "kind") == CLUSTERS.kind]
    if not clusters:
        yield Finding("Kinds", Level.BAD, f"the host does not know Clusters ({GROUP}/{VERSION})", "Run: vkp install")
        return
    served = [each.get("name") for each in part(clusters[0], "spec", "versions") or [] if each.get("served")]
    if VERSION not in served or not is_established(clusters[0]):
        yield Finding("Kinds", Level.BAD, f"{GROUP}/{VERSION} is not served", "Run: vkp install")
        return
    release = part(clusters[0], "metadata", "annotations", HELM)
    if release:
        advice = "If it is still installed, uninstall it: two controllers fight over each Cluster."
        yield Finding("Kinds", Level.WARNING, f"Clusters were brought by the Helm release {release}", advice)
        return
    yield Finding("Kinds", Level.OK, f"{GROUP}/{VERSION} is served")


def _controller(facts: Facts) -> Iterator[Finding]:
    if facts.controllers is None:
        yield Finding("Controller", Level.NOTE, _NOT_SEEN)
        return
    if not facts.controllers:
        yield Finding("Controller", Level.BAD, "there is none", "Run: vkp install")
        return
    for deployment in facts.controllers:
        name = f"{deployment['metadata']['namespace']}/{deployment['metadata']['name']}"
        lacks = missing_replicas(deployment)
        if not lacks:
            yield Finding("Controller", Level.OK, f"{name} runs {_images(deployment)}")
            continue
        works = (part(deployment, "status", "availableReplicas") or 0) > 0
        level = Level.WARNING if works else Level.BAD
        place = deployment["metadata"]["namespace"]
        why = "; ".join([lacks, *troubles(each for each in facts.pods or () if _is_in(each, place))])
        yield Finding("Controller", level, f"{name}: {why}", f"See why: kubectl -n {place} describe pods")
    if facts.leases is not None and not any(part(lease, "spec", "holderIdentity") for lease in facts.leases):
        advice = "Wait a minute; then read their logs: kubectl -n NAMESPACE logs deployment/NAME"
        yield Finding("Controller", Level.WARNING, "none of them leads", advice)


def _clusters(facts: Facts) -> Iterator[Finding]:
    if facts.clusters is None:
        yield Finding("Clusters", Level.NOTE, _NOT_SEEN)
        return
    names: dict[str, list[str]] = {}
    for each in facts.clusters:
        phase = str(part(each, "status", "phase") or "Unknown")
        names.setdefault(phase, []).append(f"{each['metadata']['namespace']}/{each['metadata']['name']}")
    failed = names.get("Failed", [])
    if failed:
        advice = f"See why: vkp cluster describe {failed[0]}"
        yield Finding("Clusters", Level.WARNING, f"{', '.join(failed)} failed", advice)
    else:
        counted = ", ".join(f"{len(each)} {phase}" for phase, each in sorted(names.items()))
        yield Finding("Clusters", Level.OK, counted or "none yet")


def _nodes(facts: Facts) -> Iterator[Finding]:
    if facts.nodes is None:
        yield Finding("Nodes", Level.NOTE, _NOT_SEEN)
        return
    usable = [node for node in facts.nodes if _is_ready(node) and not part(node, "spec", "unschedulable")]
    if not usable:
        advice = "Bring one back: kubectl describe nodes"
        yield Finding("Nodes", Level.BAD, f"none of {len(facts.nodes)} takes pods", advice)
    else:
        yield Finding("Nodes", Level.OK, f"{len(usable)} of {len(facts.nodes)} take pods")


def _storage(facts: Facts) -> Iterator[Finding]:
    if facts.storage_classes is None:
        yield Finding("StorageClass", Level.NOTE, _NOT_SEEN)
        return
    names = [each["metadata"]["name"] for each in facts.storage_classes]
    defaults = [each["metadata"]["name"] for each in facts.storage_classes if _is_default(each)]
    if len(defaults) == 1:
        yield Finding("StorageClass", Level.OK, f"{defaults[0]} is the default")
    elif defaults:
        advice = "Newer Kubernetes takes the youngest, older ones refuse claims: leave one default."
        yield Finding("StorageClass", Level.WARNING, f"several are the default: {', '.join(defaults)}", advice)
    elif names:
        advice = f"Name one: --storage-class-name {names[0]}; or make one the default; or --persistence-type ephemeral"
        yield Finding("StorageClass", Level.WARNING, f"none is the default, of {', '.join(names)}", advice)
    else:
        advice = (
            "Install one, or create Clusters with --persistence-type ephemeral, which lose their data with the pod."
        )
        yield Finding("StorageClass", Level.WARNING, "there is none", advice)


def _addresses(facts: Facts) -> Iterator[Finding]:
    if facts.service_cidr:
        yield Finding("Service addresses", Level.OK, facts.service_cidr)
    else:
        advice = "Give the API server's --service-cluster-ip-range: vkp install --service-cidr RANGE"
        yield Finding("Service addresses", Level.WARNING, "the host does not say their range", advice)
    if facts.pod_cidrs:
        yield Finding("Pod addresses", Level.OK, ", ".join(facts.pod_cidrs))
    else:
        advice = "So that tenants are kept from other pods: vkp install --pod-cidr RANGE"
        yield Finding("Pod addresses", Level.WARNING, "the nodes do not say their ranges", advice)


def _network(facts: Facts) -> Iterator[Finding]:
    advice = "Try it: a pod in a virtual cluster must not reach one outside of it."
    if facts.daemon_sets is None:
        yield Finding("NetworkPolicy", Level.NOTE, f"whether it is enforced is unknown: {_NOT_SEEN}", advice)
        return
    names = [each["metadata"]["name"] for each in facts.daemon_sets]
    enforcing = [name for name in names if any(known in name for known in ENFORCERS)]
    if enforcing:
        yield Finding("NetworkPolicy", Level.OK, f"{', '.join(enforcing)}, which can enforce it")
    else:
        what = "no network that is known to enforce it; then nothing keeps tenants from each other's pods"
        yield Finding("NetworkPolicy", Level.NOTE, what, f"{advice} K3s enforces it by itself.")


def _dns(facts: Facts) -> Iterator[Finding]:
    if facts.dns is None:
        yield Finding("DNS", Level.NOTE, _NOT_SEEN)
    elif not facts.dns:
        advice = "Virtual clusters have their own; for names outside it asks the host's nodes' resolver."
        yield Finding("DNS", Level.NOTE, "no Service kube-system with the label k8s-app=kube-dns", advice)
    else:
        yield Finding(
            "DNS", Level.OK, f"{facts.dns[0]['metadata']['name']} at {part(facts.dns[0], 'spec', 'clusterIP')}"
        )


def _confinement(facts: Facts) -> Iterator[Finding]:
    """Tell of namespaces with Clusters where the host lets pods do anything, if the provider ever let them through."""
    if facts.namespaces is None or facts.clusters is None:
        yield Finding("Pod security", Level.NOTE, _NOT_SEEN)
        return
    if _number(facts.version) < (1, 23):
        advice = "The provider refuses privileged pods all the same; Pod Security Admission came with 1.23."
        yield Finding("Pod security", Level.NOTE, "this Kubernetes has no Pod Security Admission", advice)
        return
    used = {each["metadata"]["namespace"] for each in facts.clusters}
    labels = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in facts.namespaces}
    bare = sorted(name for name in used if SECURITY_LEVEL not in labels.get(name, {}))
    if bare:
        advice = f"As a second line: kubectl label namespace {' '.join(bare)} {SECURITY_LEVEL}=baseline"
        yield Finding("Pod security", Level.NOTE, f"nothing is enforced in {', '.join(bare)}", advice)
    else:
        yield Finding("Pod security", Level.OK, "enforced wherever there are Clusters" if used else "no Clusters yet")


SUBJECTS: Sequence[Callable[[Facts], Iterator[Finding]]] = (
    _version,
    _rights,
    _kinds,
    _controller,
    _clusters,
    _nodes,
    _storage,
    _addresses,
    _network,
    _dns,
    _confinement,
)


def _number(version: str) -> tuple[int, int]:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _images(deployment: Json) -> str:
    containers = part(deployment, "spec", "template", "spec", "containers") or []
    return ", ".join(str(each.get("image")) for each in containers)


def _is_in(body: Json, namespace: str) -> bool:
    return bool(body["metadata"].get("namespace") == namespace)


def _is_ready(node: Json) -> bool:
    conditions = part(node, "status", "conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _is_default(storage_class: Json) -> bool:
    return bool(part(storage_class, "metadata", "annotations", DEFAULT_CLASS) == "true")
