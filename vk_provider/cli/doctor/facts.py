"""What is asked of a host cluster, to be judged afterwards. What may not be seen is None."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube.client import Client
from kube.codec import decode_object
from kube.errors import Forbidden, NotFound
from kube.objects import Object
from kube.resources import DEPLOYMENTS, LEASES, NAMESPACES, NODES, PODS, SERVICES, STORAGE_CLASSES, Resource
from vk_provider.cli.failures import is_kind_missing
from vk_provider.cli.installing.kinds import CRDS
from vk_provider.controller.host_facts import look_at_host, pod_ranges
from vk_provider.controller.resources import CLUSTERS
from vk_provider.controller.settings import ControllerSettings
from vk_provider.install.controller import LABELS
from vk_provider.install.options import NAME
from vk_provider.settings import SettingsError

Json = Mapping[str, Any]
Seen = Sequence[Json] | None
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
INSTALLING = (("apiextensions.k8s.io", "customresourcedefinitions"), ("rbac.authorization.k8s.io", "clusterroles"))
CREATING = (("k3k.io", "clusters"), ("", "namespaces"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    version: str  # as /version says
    may_install: bool = True
    may_create: bool = True
    definitions: Seen = ()  # ours
    controllers: Seen = ()  # Deployments
    pods: Seen = ()  # of these
    leases: Seen = ()  # by which one of them leads
    clusters: Seen = ()
    nodes: Seen = ()
    storage_classes: Seen = ()
    service_cidr: str = ""  # empty if nobody says
    pod_cidrs: Sequence[str] = ()
    daemon_sets: Seen = ()
    dns: Seen = ()  # Services
    namespaces: Seen = ()


async def gather(host: Client) -> Facts:
    """Ask for everything; raises ApiError when the host does not answer at all."""
    version = decode_object(await host.request("GET", "/version")).decode("gitVersion", str) or ""
    selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
    nodes = await _list(host, NODES)
    return Facts(
        version=version,
        may_install=await _may_create(host, INSTALLING),
        may_create=await _may_create(host, CREATING),
        definitions=_bodies(await _definitions(host)),
        controllers=_bodies(await _list(host, DEPLOYMENTS, field_selector=f"metadata.name={NAME}")),
        pods=_bodies(await _list(host, PODS, label_selector=selector)),
        leases=_bodies(await _list(host, LEASES, field_selector=f"metadata.name={NAME}")),
        clusters=_bodies(await _list(host, CLUSTERS)),
        nodes=_bodies(nodes),
        storage_classes=_bodies(await _list(host, STORAGE_CLASSES)),
        service_cidr=await _service_cidr(host),
        pod_cidrs=pod_ranges(nodes or ()),
        daemon_sets=_bodies(await _list(host, DAEMON_SETS)),
        dns=_bodies(await _list(host, SERVICES, "kube-system", label_selector="k8s-app=kube-dns")),
        namespaces=_bodies(await _list(host, NAMESPACES)),
    )


async def _list(host: Client, resource: Resource, namespace: str | None = None, **selected: Any) -> list[Object] | None:
    try:
        found = await host.list(resource, namespace, **selected)
    except Forbidden:
        return None
    except NotFound as error:
        if not is_kind_missing(error):
            raise
        return []
    return list(found.objects)


async def _definitions(host: Client) -> list[Object] | None:
    found = await _list(host, CRDS)
    return None if found is None else [each for each in found if each.name.endswith(f".{CLUSTERS.group}")]


async def _may_create(host: Client, what: Sequence[tuple[str, str]]) -> bool:
    for group, plural in what:
        asked = {"verb": "create", "group": group, "resource": plural}
        body = {"apiVersion": REVIEWS.api_version, "kind": REVIEWS.kind, "spec": {"resourceAttributes": asked}}
        review = await host.create(REVIEWS, body)
        if not (review.decode("status") or {}).get("allowed"):
            return False
    return True


async def _service_cidr(host: Client) -> str:
    """Ask as the controller does."""
    settings = ControllerSettings(provider_image="none", lease_namespace="default", pod_cidrs=("0.0.0.0/0",))
    try:
        return (await look_at_host(host, settings)).service_cidr
    except SettingsError:
        return ""


def _bodies(objects: Sequence[Object] | None) -> Seen:
    return None if objects is None else [each.to_dict() for each in objects]
