from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.claims import ClaimRules, claims_used_by
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.placeholder_volumes import HOST_VOLUME, CreateVolume, next_volume_write
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, frozen, names, namespaces, pod

SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
BOUND = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
OURS = "pvc-v1"


def claim(spec: Json | None = None, status: Json | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "shop", "name": "data", "uid": "v1", "resourceVersion": "3", **metadata},
        "spec": {**SPEC, **(spec or {})},
        "status": {"phase": "Pending", **(status or {})},
    }


class Volumes(dict[str, Json]):
    def volume(self, name: str) -> Json | None:
        return self.get(name)


def rules(*volumes: Json, context: Context = CONTEXT) -> ClaimRules:
    return ClaimRules(context, Volumes({volume["metadata"]["name"]: volume for volume in volumes}))


def created(virtual: Json, context: Context = CONTEXT) -> Draft:
    write = rules(context=context).next_host_write(frozen(virtual), None)
    assert isinstance(write, Create), write
    return write.body


def host_of(virtual: Json, status: Json | None = None, **metadata: Any) -> Draft:
    host = created(virtual)
    host["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    host["spec"]["volumeMode"] = "Filesystem"  # as an API server adds
    host["spec"].setdefault("storageClassName", "standard")
    if status and status["phase"] == "Bound":
        host["spec"]["volumeName"] = "disk-7"
    return host | {"status": status or {"phase": "Pending"}}


def volume_of(virtual: Json, host: Json) -> Draft:
    write = next_volume_write(virtual, host, None, policy=None, is_awaited=True)
    assert isinstance(write, CreateVolume)
    return write.body


def test_what_is_asked_of_storage_goes_down() -> None:
    asked = {"storageClassName": "fast", "volumeMode": "Block", "volumeAttributesClassName": "gold"}
    assert created(claim(asked))["spec"] == {**SPEC, **asked}


def test_a_class_named_the_old_way_counts() -> None:
    annotations = {"volume.beta.kubernetes.io/storage-class": "fast"}
    assert created(claim(annotations=annotations))["spec"]["storageClassName"] == "fast"


def test_what_the_virtual_cluster_noted_stays_there() -> None:
    notes = {
        "pv.kubernetes.io/bind-completed": "yes",
        "volume.kubernetes.io/selected-node": "virtual-node",
        "volume.beta.kubernetes.io/storage-provisioner": "k3k.io/host",
    }
    host = created(claim(annotations={**notes, "note": "mine"}))
    assert not notes.keys() & host["metadata"]["annotations"].keys()
    assert host["metadata"]["annotations"]["note"] == "mine"


@pytest.mark.parametrize("field", ["dataSource", "dataSourceRef"])
def test_a_copy_is_made_of_the_host_claim_of_the_claim_that_it_names(field: str) -> None:
    source = {"apiGroup": None, "kind": "PersistentVolumeClaim", "name": "template"}
    renamed = CONTEXT.host_name("PersistentVolumeClaim", "shop", "template")
    assert created(claim({field: source}))["spec"][field] == {"kind": "PersistentVolumeClaim", "name": renamed}


SNAPSHOT = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
ELSEWHERE = {"kind": "PersistentVolumeClaim", "name": "template", "namespace": "bank"}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"selector": {"matchLabels": {"disk": "a"}}}, "spec.selector", id="among the host's volumes"),
        pytest.param({"volumeName": "mine"}, "spec.volumeName", id="a volume of the tenant's"),
        pytest.param({"dataSource": SNAPSHOT}, "spec.dataSource", id="a snapshot"),
        pytest.param({"dataSourceRef": ELSEWHERE}, "spec.dataSourceRef.namespace", id="another namespace's claim"),
    ],
)
def test_what_the_host_cannot_give_is_refused(spec: Json, field: str) -> None:
    refused = rules().next_host_write(claim(spec), None)
    assert isinstance(refused, Refuse)
    assert refused.message.startswith(f"{field}: ")


def test_a_field_not_known_here_is_told() -> None:
    write = rules().next_host_write(claim({"newField": 1}), None)
    assert isinstance(write, Create)
    assert [lost.field for lost in write.lost] == ["spec.newField"]


def test_only_what_may_change_is_changed_and_the_hosts_defaults_are_left_alone() -> None:
    host = host_of(claim())
    larger = {"resources": {"requests": {"storage": "9Gi"}}}
    assert rules().next_host_write(claim(), host) is None
    # A default class that comes later is written into claims; the host's claim has the host's already.
    assert rules().next_host_write(claim({"storageClassName": "late"}), host) is None
    change = rules().next_host_write(claim(larger | {"storageClassName": "late"}), host)
    assert isinstance(change, Patch)
    assert change.body["spec"] == larger


def test_a_claim_that_got_a_volume_of_the_tenants_has_no_empty_one_on_the_host() -> None:
    elsewhere = claim({"volumeName": "mine"})
    assert isinstance(rules().next_host_write(elsewhere, host_of(claim())), Delete)
    assert rules().next_host_write(elsewhere, host_of(claim(), BOUND)) is None  # that one has data


def test_a_claim_that_is_gone_takes_its_host_claim_along() -> None:
    write = rules().next_host_write(None, host_of(claim()))
    assert isinstance(write, Delete)
    assert write.uid == "h1"


BOUND_VIRTUALLY = claim({"volumeName": OURS}, {"phase": "Bound"})
HELD = volume_of(claim(), host_of(claim(), BOUND))
PROVISIONAL = volume_of(claim(), host_of(claim()))


@pytest.mark.parametrize(
    ("virtual", "volumes", "write"),
    [
        pytest.param(claim(), [], Create, id="never bound"),
        pytest.param(BOUND_VIRTUALLY, [HELD], Refuse, id="the host claim was taken away"),
        pytest.param(BOUND_VIRTUALLY, [], Refuse, id="and the volume is gone already"),
        pytest.param(BOUND_VIRTUALLY, [PROVISIONAL], Create, id="the host had not bound it: no data are lost"),
    ],
)
def test_an_empty_claim_is_not_made_in_place_of_one_with_data(
    virtual: Json, volumes: list[Json], write: type[HostWrite]
) -> None:
    assert isinstance(rules(*volumes).next_host_write(virtual, None), write)


def test_a_claim_is_bound_to_its_volume_once_that_is_there() -> None:
    host = host_of(claim(), BOUND)
    assert rules().next_virtual_write(claim(), host, None) is None
    binding = rules(HELD).next_virtual_write(claim(), host, None)
    assert isinstance(binding, PatchVirtual)
    assert binding.body == {"metadata": {"uid": "v1", "resourceVersion": "3"}, "spec": {"volumeName": OURS}}


def test_a_claim_is_not_bound_to_anothers_volume() -> None:
    foreign = {"metadata": {"name": OURS}, "spec": {"hostPath": {"path": "/"}}}
    assert rules(foreign).next_virtual_write(claim(), host_of(claim(), BOUND), None) is None


@pytest.mark.parametrize(
    ("told", "true", "changed"),
    [
        pytest.param({"phase": "Bound"}, BOUND, {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}),
        pytest.param({**BOUND}, BOUND, None, id="nothing new"),
        pytest.param({"phase": "Pending"}, BOUND, None, id="not before the virtual cluster has bound it"),
        pytest.param({"phase": "Bound"}, {"phase": "Pending"}, None, id="the host waits for a pod"),
        pytest.param(
            {**BOUND, "conditions": [{"type": "Resizing"}]},
            BOUND,
            {"conditions": None},
            id="what is over is taken away",
        ),
        pytest.param(
            {**BOUND, "allocatedResources": {"storage": "3Gi", "old": "1"}},
            {**BOUND, "allocatedResources": {"storage": "4Gi"}},
            {"allocatedResources": {"storage": "4Gi", "old": None}},
            id="resources are replaced",
        ),
    ],
)
def test_a_bound_claim_tells_what_the_hosts_tells(told: Json, true: Json, changed: Json | None) -> None:
    virtual = claim({"volumeName": OURS}, told)
    write = rules(HELD).next_virtual_write(frozen(virtual), frozen(host_of(claim(), true)), None)
    assert (None if write is None else write.body["status"]) == changed


def test_a_pod_uses_the_claims_it_names_and_those_made_for_its_ephemeral_volumes() -> None:
    named = {"name": "data", "persistentVolumeClaim": {"claimName": "mine"}}
    ephemeral = {"name": "cache", "ephemeral": {"volumeClaimTemplate": {"spec": SPEC}}}
    assert claims_used_by(pod({"volumes": [named, ephemeral, {"name": "tmp", "emptyDir": {}}]})) == [
        "mine",
        "web-cache",
    ]


@given(st.tuples(namespaces, names), st.tuples(namespaces, names))
def test_two_claims_never_share_a_host_claim(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (created(claim(namespace=namespace, name=name)) for namespace, name in (one, other))
    assert (first["metadata"]["name"] == second["metadata"]["name"]) is (one == other)


def test_two_clusters_never_share_a_host_claim() -> None:
    elsewhere = replace(CONTEXT, cluster="other")
    assert created(claim())["metadata"]["name"] != created(claim(), elsewhere)["metadata"]["name"]


def test_a_volume_says_whether_the_host_had_bound_the_claim() -> None:
    assert HOST_VOLUME not in PROVISIONAL["metadata"]["annotations"]
    assert HOST_VOLUME in HELD["metadata"]["annotations"]
