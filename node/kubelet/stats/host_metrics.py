"""A host kubelet's metrics of pods as the tenant may see them: its own pods, under its own names. Pure.

Which pod a line is about, its labels `namespace` and `pod` say; that it is not about one that had the name before, the
UID in its control group's path or in the label `pod_uid`. Lines about no pod, or about others', are left out.
"""

import re
from collections.abc import Iterable, Mapping

from node.kubelet.stats.families import Families
from node.kubelet.stats.tenant_pods import TenantPod

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\} ([^{}]*)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_NO_CONTAINER = ("", "POD")  # of the pod as a whole

Labels = dict[str, str]
HostPods = Mapping[tuple[str, str], TenantPod]


def by_host_name(pods: Iterable[TenantPod]) -> HostPods:
    return {(pod.host.namespace, pod.host.name): pod for pod in pods}


def add_of_tenant(families: Families, text: str, pods: HostPods) -> None:
    """Add the lines about these pods, renamed."""
    marks = tuple({f'namespace="{namespace}"' for namespace, _ in pods})
    family, documentation = "", ""
    for line in text.split("\n"):
        if line.startswith("# HELP "):
            documentation = line.split(" ", 3)[-1]
        elif line.startswith("# TYPE "):
            _, _, family, kind = (*line.split(" ", 3), "untyped")[:4]
            families.declare(family, kind, documentation)
        elif family and any(mark in line for mark in marks):  # most lines are about others: a glance must do
            sample = _renamed(line, pods)
            if sample is not None:
                families.add(family, sample)


def _renamed(line: str, pods: HostPods) -> str | None:
    sample = _SAMPLE.fullmatch(line)
    if sample is None:
        return None
    labels = dict(_LABEL.findall(sample[2]))
    pod = pods.get((labels.get("namespace", ""), labels.get("pod", "")))
    if pod is None or not _is_about(labels, pod):
        return None
    told = ",".join(f'{name}="{value}"' for name, value in _of_tenant(labels, pod).items())
    return f"{sample[1]}{{{told}}} {sample[3]}"


def _is_about(labels: Labels, pod: TenantPod) -> bool:
    container = labels.get("container", "")
    if container not in _NO_CONTAINER and container not in pod.host.containers:
        return False
    if labels.get("pod_uid", pod.host.uid) != pod.host.uid:
        return False
    path = labels.get("id", "")
    return not path or any(uid in path for uid in _spellings(pod.host.uid))


def _of_tenant(labels: Labels, pod: TenantPod) -> Labels:
    virtual = pod.reference
    ours = {"namespace": virtual.namespace, "pod": virtual.name, "pod_uid": virtual.uid}
    ours |= {name: _path(labels.get(name, ""), pod) for name in ("id", "name")}
    return {name: ours.get(name, value) for name, value in labels.items()}


def _path(path: str, pod: TenantPod) -> str:
    """Some runtimes put all names of a pod into the name of a container."""
    for host, virtual in zip(_spellings(pod.host.uid), _spellings(pod.reference.uid), strict=True):
        path = path.replace(host, virtual)
    names = f"_{pod.host.name}_{pod.host.namespace}_", f"_{pod.reference.name}_{pod.reference.namespace}_"
    return path.replace(*names)


def _spellings(uid: str) -> tuple[str, str]:
    """Dashes have a meaning of their own in systemd's names."""
    return uid, uid.replace("-", "_")
