"""What an API server answers to the controller's objects, as far as the next ones depend on it; without one."""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import yaml

from vk_provider.controller.cluster import Cluster, Spec
from vk_provider.controller.desired import Desired, desired
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known
from vk_provider.controller.pki import AUTHORITIES, new_authorities

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = Installation(provider_image="vkp:1", host_version="v1.31.4", service_cidr="10.43.0.0/16")
_EVERYTHING = """
version: v1.31.4-k3s1
clusterCIDR: 10.99.0.0/16
persistence: {storageClassName: fast, storageRequestSize: 3Gi}
nodeSelector: {pool: tenants}
priorityClass: high
tokenSecretRef: {name: join}
tlsSANs: [demo.example.com, 192.0.2.1]
serverArgs: [--disable=coredns, --kube-apiserver-arg=v=2, --secrets-encryption]
serverEnvs: [{name: A, value: b}]
agentEnvs: [{name: C, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]
addons: [{secretRef: addon}]
serverResources: {requests: {cpu: 300m}, limits: {memory: 1Gi}}
workerLimit: {cpu: 20m}
serverAffinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}
agentAffinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}
customCAs:
  sources:
    serverCA: {secretName: server-ca}
    clientCA: {secretName: client-ca}
    requestHeaderCA: {secretName: request-header-ca}
    etcdServerCA: {secretName: etcd-server-ca}
    etcdPeerCA: {secretName: etcd-peer-ca}
    serviceAccountToken: {secretName: tokens}
sync: {storageClasses: {enabled: true}, priorityClasses: {enabled: true}}
secretMounts:
  - {secretName: files, mountPath: /files, items: [{key: x, path: x}], defaultMode: 256}
  - {secretName: files, mountPath: /other/x, subPath: x, optional: true, role: server}
  - {secretName: files, mountPath: /agents, role: agent}
podSecurityContext: {supplementalGroups: [7]}
securityContext: {runAsUser: 1234}
runtimeClassName: gvisor
"""
Objects = dict[tuple[str, str], Mapping[str, Any]]


def demo(*, namespace: str = "team", **spec: Any) -> Cluster:
    """A Cluster whose fields are named as in Python."""
    return Cluster(name="demo", namespace=namespace, uid="u1", generation=1, spec=Spec(**spec))


def secret_of(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    return {"data": {name: base64.b64encode(content).decode() for name, content in files.items()}}


@cache
def own_authorities() -> Mapping[str, bytes]:
    """Authorities as somebody might bring, the same each time: making keys takes long."""
    return new_authorities("own", NOW)


def given() -> Mapping[str, Mapping[str, Any]]:
    """The Secrets that `everything` names."""
    files = own_authorities()
    pairs = {name: {"tls.crt": files[f"{name}.crt"], "tls.key": files[f"{name}.key"]} for name in AUTHORITIES}
    others = {"tokens": {"tls.key": files["service.key"]}, "join": {"token": b"abc"}, "addon": {"a.yaml": b"{}"}}
    return {name: secret_of(content) for name, content in (pairs | others | {"files": {"x": b"y"}}).items()}


def everything() -> dict[str, Any]:
    """A spec that says something in every field that is about the host."""
    spec = msgspec.convert(yaml.safe_load(_EVERYTHING), Spec)
    return {field: getattr(spec, field) for field in Spec.__struct_fields__}


def settled(
    cluster: Cluster, *, host: Installation = HOST, before: Known | None = None, now: datetime = NOW
) -> tuple[Known, Desired]:
    """Ask and apply until nothing new comes; what is known then, and the last answer."""
    known = before or Known()
    for _ in range(5):
        answer = desired(cluster, known, host, now)
        after = applied(answer, known)
        if after.objects == known.objects:
            return known, answer
        known = after
    raise AssertionError("something new came each time")


def with_status(known: Known, kind: str, name: str, status: Mapping[str, Any]) -> Known:
    """The host has said something of an object; nothing if it is not there."""
    before = known.objects.get((kind, name))
    if before is None:
        return known
    return Known({**known.objects, (kind, name): {**before, "status": status}}, known.secrets)


def applied(answer: Desired, known: Known) -> Known:
    addresses = _free_addresses(known)
    objects: Objects = dict(known.objects)
    for body in answer.objects:
        key = body["kind"], body["metadata"]["name"]
        objects[key] = _stored(body, known.objects.get(key), addresses)
    for key in answer.obsolete:
        objects.pop(key, None)
    return Known(objects, known.secrets)


def _stored(body: Mapping[str, Any], before: Mapping[str, Any] | None, addresses: Iterator[str]) -> Mapping[str, Any]:
    stored: dict[str, Any] = dict(body)
    if before is not None and "status" in before:
        stored["status"] = before["status"]
    if body["kind"] == "Service":
        has = (before or {}).get("spec", {}).get("clusterIP")
        stored["spec"] = {"clusterIP": has or next(addresses), **body["spec"]}
    number = 0 if before is None else before["metadata"]["generation"]
    is_new = before is None or before.get("spec") != stored.get("spec")
    born = {"creationTimestamp": NOW.isoformat(), "generation": number + is_new}
    return {**stored, "metadata": {**body["metadata"], **born}}


def _free_addresses(known: Known) -> Iterator[str]:
    """None that was ever taken."""
    taken = (body.get("spec", {}).get("clusterIP", "") for body in known.objects.values())
    last = max((int(each.rpartition(".")[2]) for each in taken if each.startswith("10.43.7.")), default=0)
    return (f"10.43.7.{number}" for number in range(last + 1, 255))
