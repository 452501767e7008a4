"""A `Cluster` as its users write it, typed: the fields of K3k, with their defaults.

Reading is lenient about fields that we do not know, for API servers drop them anyway; what makes no sense together is
for `validation` to say. Fields that hold core Kubernetes types (affinity, resources, environment) stay as they are.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import field

from kube.objects import Object

DEFAULT_STORAGE = "2G"


class Mode(StrEnum):
    SHARED = "shared"
    VIRTUAL = "virtual"
    HCP = "hcp"


class Fields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names are in camelCase in JSON."""


class Persistence(Fields, frozen=True, kw_only=True):
    type: str = "dynamic"
    storage_class_name: str | None = None
    storage_request_size: str | int = DEFAULT_STORAGE


class IngressExposure(Fields, frozen=True, kw_only=True):
    annotations: dict[str, str] = {}
    ingress_class_name: str = ""


class Ports(Fields, frozen=True, kw_only=True):
    """Without a number it is the usual port of that exposure; 0 or less hides it."""

    server_port: int | None = None
    etcd_port: int | None = None


class Expose(Fields, frozen=True, kw_only=True):
    """At most one of the first three; none of them is a ClusterIP Service."""

    ingress: IngressExposure | None = None
    load_balancer: Ports | None = None
    node_port: Ports | None = None
    annotations: dict[str, str] = {}


class SecretReference(Fields, frozen=True, kw_only=True):
    name: str = ""
    namespace: str = ""


class Addon(Fields, frozen=True, kw_only=True):
    secret_namespace: str = ""
    secret_ref: str = ""


class CredentialSource(Fields, frozen=True, kw_only=True):
    secret_name: str = ""


class CredentialSources(Fields, frozen=True, kw_only=True):
    server_ca: CredentialSource = field(default=CredentialSource(), name="serverCA")
    client_ca: CredentialSource = field(default=CredentialSource(), name="clientCA")
    request_header_ca: CredentialSource = field(default=CredentialSource(), name="requestHeaderCA")
    etcd_server_ca: CredentialSource = field(default=CredentialSource(), name="etcdServerCA")
    etcd_peer_ca: CredentialSource = field(default=CredentialSource(), name="etcdPeerCA")
    service_account_token: CredentialSource = CredentialSource()


class CustomCAs(Fields, frozen=True, kw_only=True):
    enabled: bool = True
    sources: CredentialSources = CredentialSources()


class SecretMount(Fields, frozen=True, kw_only=True):
    name: str = ""
    secret_name: str = ""
    items: list[dict[str, Any]] = []
    default_mode: int | None = None
    optional: bool | None = None
    mount_path: str = ""
    sub_path: str = ""
    role: str = ""


class Spec(Fields, frozen=True, kw_only=True):
    version: str = ""
    mode: str = Mode.SHARED
    servers: int = 1
    agents: int = 0
    cluster_cidr: str = field(default="", name="clusterCIDR")
    service_cidr: str = field(default="", name="serviceCIDR")
    cluster_dns: str = field(default="", name="clusterDNS")
    persistence: Persistence = Persistence()
    expose: Expose = Expose()
    node_selector: dict[str, str] = {}
    priority_class: str = ""
    token_secret_ref: SecretReference | None = None
    tls_sans: list[str] = field(default_factory=list, name="tlsSANs")
    server_args: list[str] = []
    agent_args: list[str] = []
    server_envs: list[dict[str, Any]] = []
    agent_envs: list[dict[str, Any]] = []
    addons: list[Addon] = []
    server_limit: dict[str, Any] = {}
    worker_limit: dict[str, Any] = {}
    server_resources: dict[str, Any] | None = None
    worker_resources: dict[str, Any] | None = None
    server_affinity: dict[str, Any] | None = None
    agent_affinity: dict[str, Any] | None = None
    mirror_host_nodes: bool = False
    custom_cas: CustomCAs | None = field(default=None, name="customCAs")
    sync: dict[str, Any] = {}
    secret_mounts: list[SecretMount] = []
    pod_security_context: dict[str, Any] | None = None
    security_context: dict[str, Any] | None = None
    runtime_class_name: str | None = None
    host_users: bool | None = None


class FixedFields(Fields, frozen=True, kw_only=True):
    """What cannot be changed once a Cluster was accepted; see `rules.FIXED`."""

    mode: str = Mode.SHARED
    cluster_cidr: str = field(default="", name="clusterCIDR")
    service_cidr: str = field(default="", name="serviceCIDR")
    cluster_dns: str = field(default="", name="clusterDNS")
    persistence: Persistence = Persistence()

    @classmethod
    def of(cls, spec: Spec) -> "FixedFields":
        return cls(
            mode=spec.mode,
            cluster_cidr=spec.cluster_cidr,
            service_cidr=spec.service_cidr,
            cluster_dns=spec.cluster_dns,
            persistence=spec.persistence,
        )


class Status(Fields, frozen=True, kw_only=True):
    """What the controller has found out and decided, and must not forget."""

    observed_generation: int = 0
    phase: str = "Unknown"
    host_version: str = ""
    version: str = ""  # that the servers run or are being brought to
    cluster_cidr: str = field(default="", name="clusterCIDR")
    service_cidr: str = field(default="", name="serviceCIDR")
    cluster_dns: str = field(default="", name="clusterDNS")
    tls_sans: list[str] = field(default_factory=list, name="tlsSANs")
    policy_name: str = ""
    kubelet_port: int = 0
    endpoint: str = ""  # URL of the API server, as the kubeconfig has it
    fixed: FixedFields | None = None  # as first accepted; None before that, and of a Cluster that K3k made
    conditions: list[dict[str, Any]] = []


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One `Cluster`: who it is, what is wanted, and how far it is."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    deleting: bool = False
    spec: Spec = Spec()
    status: Status = Status()

    @classmethod
    def of(cls, obj: Object) -> "Cluster":
        """Read an object. Raises msgspec.ValidationError, which names the field, if a value has the wrong type."""
        return cls.read(obj.to_dict())

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Cluster":
        """Read a decoded object. Raises msgspec.ValidationError, which names the field."""
        metadata = body["metadata"]
        return cls(
            name=metadata["name"],
            namespace=metadata.get("namespace", ""),
            uid=metadata.get("uid", ""),
            generation=metadata.get("generation", 0),
            labels=metadata.get("labels") or {},
            annotations=metadata.get("annotations") or {},
            deleting="deletionTimestamp" in metadata,
            spec=msgspec.convert(_said(body.get("spec") or {}), Spec),
            status=msgspec.convert(_said(body.get("status") or {}), Status),
        )


def _said(content: Any) -> Any:
    """Return it without nulls, which API servers take as nothing said."""
    if isinstance(content, dict):
        return {key: _said(value) for key, value in content.items() if value is not None}
    return [_said(value) for value in content] if isinstance(content, list) else content
