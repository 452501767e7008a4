"""The definitions say what the controller reads, no more and no less, and what Kubernetes' own types have."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, get_args

import msgspec
import pytest
from kubernetes_asyncio.client import models

from reflectors.sync_config import SyncConfig
from vk_provider.controller.cluster import Cluster, Spec, Status
from vk_provider.controller.rules import CLUSTER_RULES, FIXED, POLICY_FIXED
from vk_provider.install import core_types
from vk_provider.install.crds import RULES, cluster_crd, policy_crd
from vk_provider.install.schema import Schema

LARGEST_ANNOTATION = 256 * 1024
"""In it, `kubectl apply` keeps what it applied."""

# The fields of K3k's v1beta1, which its users' manifests may have.
K3K_SPEC = """
    addons agentAffinity agentArgs agentEnvs agents clusterCIDR clusterDNS customCAs expose hostUsers mirrorHostNodes
    mode nodeSelector persistence podSecurityContext priorityClass runtimeClassName secretMounts securityContext
    serverAffinity serverArgs serverEnvs serverLimit serverResources servers serviceCIDR sync tlsSANs tokenSecretRef
    version workerLimit workerResources
"""
K3K_STATUS = """
    clusterCIDR clusterDNS conditions hostVersion kubeletPort phase policy policyName serviceCIDR tlsSANs
"""
K3K_POLICY = """
    allowedMode defaultAgentAffinity defaultNodeSelector defaultPriorityClass defaultServerAffinity
    disableNetworkPolicy hostUsers limit podSecurityAdmissionLevel quota runtimeClassName securityContext sync
"""


def schema_of(definition: Mapping[str, Any]) -> Schema:
    (version,) = definition["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def field(schema: Schema, path: str) -> Schema:
    return reduce(lambda found, name: found["properties"][name], path.split("."), schema)


CLUSTER = schema_of(cluster_crd(rules=True))
POLICY = schema_of(policy_crd(rules=True))
BOTH = [pytest.param(CLUSTER, id="Cluster"), pytest.param(POLICY, id="VirtualClusterPolicy")]


def test_the_fields_of_the_spec_are_those_that_are_read() -> None:
    assert differences(field(CLUSTER, "spec"), Spec) == []


def test_what_the_controller_notes_is_in_the_status() -> None:
    found = set(field(CLUSTER, "status")["properties"])
    assert {one.encode_name for one in msgspec.structs.fields(Status)} <= found


def test_what_may_be_reflected_is_what_a_provider_reads() -> None:
    assert differences(field(CLUSTER, "spec.sync"), SyncConfig) == []


def test_a_policy_says_nothing_of_its_own_accord_about_what_is_reflected() -> None:
    assert list(defaults(field(POLICY, "spec.sync"))) == []


@pytest.mark.parametrize(
    ("schema", "fields"),
    [
        pytest.param(field(CLUSTER, "spec"), K3K_SPEC, id="spec of a Cluster"),
        pytest.param(field(CLUSTER, "status"), K3K_STATUS, id="status of a Cluster"),
        pytest.param(field(POLICY, "spec"), K3K_POLICY, id="spec of a VirtualClusterPolicy"),
    ],
)
def test_k3ks_fields_are_there(schema: Schema, fields: str) -> None:
    assert sorted(set(fields.split()) - set(schema["properties"])) == []


def test_the_defaults_are_what_is_read_where_nothing_is_said() -> None:
    said = {"metadata": {"name": "a"}, "spec": dict(defaults(field(CLUSTER, "spec")))}
    del said["spec"]["sync"]  # which is handed on as it is
    assert Cluster.read(said) == Cluster.read({"metadata": {"name": "a"}})


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        pytest.param(core_types.affinity(""), "V1Affinity", id="affinity"),
        pytest.param(core_types.environment("")["items"], "V1EnvVar", id="environment"),
        pytest.param(core_types.resources(""), "V1ResourceRequirements", id="resources"),
        pytest.param(core_types.security_context(""), "V1SecurityContext", id="security context"),
        pytest.param(core_types.pod_security_context(""), "V1PodSecurityContext", id="pod security context"),
        pytest.param(core_types.resource_quota(""), "V1ResourceQuotaSpec", id="quota"),
        pytest.param(core_types.limit_range(""), "V1LimitRangeSpec", id="limit range"),
        pytest.param(core_types.key_paths("")["items"], "V1KeyToPath", id="files of a Secret"),
        pytest.param(core_types.conditions("")["items"], "V1Condition", id="conditions"),
    ],
)
def test_core_types_have_the_fields_that_kubernetes_gives_them(schema: Schema, model: str) -> None:
    assert list(unlike(schema, model, "")) == []


@pytest.mark.parametrize("schema", BOTH)
def test_every_field_says_what_it_is_for(schema: Schema) -> None:
    unsaid = [path for path, below in walk(schema["properties"]["spec"], "spec") if not below.get("description")]
    assert [path for path in unsaid if not path.endswith(("[]", "{}"))] == []


@pytest.mark.parametrize("definition", [cluster_crd(rules=True), policy_crd(rules=True)])
def test_kubectl_can_apply_them(definition: Mapping[str, Any]) -> None:
    assert len(msgspec.json.encode(definition)) < LARGEST_ANNOTATION * 0.75


def test_each_rule_has_its_place() -> None:
    placed = [rule["message"] for _, below in walk(CLUSTER, "") for rule in below.get(RULES, ())]
    named = {f"{rule.path} {rule.what}" if rule.path == "metadata.name" else rule.what for rule in CLUSTER_RULES}
    assert len(placed) == len(CLUSTER_RULES) + len(FIXED)
    assert set(placed) == named | {fixed.what for fixed in FIXED}
    assert [rule["message"] for _, below in walk(POLICY, "") for rule in below.get(RULES, ())] == [
        fixed.what for fixed in POLICY_FIXED
    ]


def test_api_servers_that_know_no_rules_get_none() -> None:
    assert RULES not in str([cluster_crd(rules=False), policy_crd(rules=False)])


def walk(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """A schema and all below it."""
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from walk(below, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from walk(schema[key], path + mark)


def defaults(schema: Schema) -> Iterator[tuple[str, Any]]:
    """What an API server fills in."""
    for name, below in schema["properties"].items():
        if below.get("default") == {}:
            yield name, dict(defaults(below))
        elif "default" in below:
            yield name, below["default"]


def differences(schema: Schema, kind: type[msgspec.Struct], path: str = "") -> list[str]:
    """Fields that only one of both has."""
    fields = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
    found = [f"{path}.{name}" for name in fields.keys() ^ schema["properties"].keys()]
    for name, below in schema["properties"].items():
        inner = struct_in(fields.get(name))
        if inner is not None:
            found += differences(below.get("items", below), inner, f"{path}.{name}")
    return found


def struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The Struct of an optional one, or of a list of them."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for found in map(struct_in, get_args(kind)) if found is not None), None)


def unlike(schema: Schema, model: str, path: str) -> Iterator[str]:
    """Fields that only one of schema and model has, or that only one requires."""
    known = getattr(models, model)
    names = known.attribute_map
    for name in names.values() ^ schema["properties"].keys():
        yield f"{path}.{name}"
    for attribute, name in names.items():
        inner = next(
            (part for part in known.openapi_types[attribute].replace("]", "[").split("[") if is_model(part)), ""
        )
        below = schema["properties"].get(name)
        if inner and below is not None:
            yield from unlike(below.get("items", below), inner, f"{path}.{name}")


def is_model(name: str) -> bool:
    return hasattr(getattr(models, name, None), "attribute_map")
