from dataclasses import replace

import pytest
from hypothesis import given

from reflectors.translation.context import Allowed, Version
from reflectors.translation.json_values import Json
from reflectors.translation.refusals import refusals
from reflectors.translation.selectors import PREFERRED, REQUIRED
from reflectors.translation.volume_fields import NODE_VOLUMES, OWN_VOLUMES
from tests.unit.reflectors.translation.api_models import fields, pod_specs
from tests.unit.reflectors.translation.pods import CONTEXT, container, in_version, pod

NOTHING = Allowed()


def refused(spec: Json, allowed: Allowed = NOTHING) -> list[str]:
    return [refusal.field for refusal in refusals(pod(spec), replace(CONTEXT, allowed=allowed))]


def volume(**source: Json) -> Json:
    return {"volumes": [{"name": "v", **source}]}


PROBE = {"httpGet": {"port": 80, "host": "169.254.169.254"}}


@pytest.mark.parametrize(
    ("spec", "field", "allowed"),
    [
        pytest.param({"hostPID": True}, "spec.hostPID", Allowed(host_pid=True), id="host namespace"),
        pytest.param(
            volume(hostPath={"path": "/"}), "spec.volumes[0].hostPath", Allowed(host_path=True), id="host path"
        ),
        pytest.param(
            volume(nfs={"server": "10.0.0.1", "path": "/"}),
            "spec.volumes[0].nfs",
            Allowed(node_volumes=True),
            id="file system that the node mounts",
        ),
        pytest.param(
            volume(csi={"driver": "secrets-store.csi.k8s.io"}),
            "spec.volumes[0].csi",
            Allowed(node_volumes=True),
            id="driver's volume",
        ),
        pytest.param(
            {"containers": [container(ports=[{"containerPort": 80}, {"containerPort": 81, "hostPort": 81}])]},
            "spec.containers[0].ports[1].hostPort",
            Allowed(host_ports=True),
            id="host port",
        ),
        pytest.param(
            {"initContainers": [container(securityContext={"privileged": True})]},
            "spec.initContainers[0].securityContext.privileged",
            Allowed(privileged=True),
            id="privileged init container",
        ),
        pytest.param(
            {"ephemeralContainers": [container(securityContext={"privileged": True})]},
            "spec.ephemeralContainers[0].securityContext.privileged",
            Allowed(privileged=True),
            id="privileged ephemeral container",
        ),
        pytest.param(
            {"containers": [container(livenessProbe=PROBE)]},
            "spec.containers[0].livenessProbe.httpGet.host",
            Allowed(host_network=True),
            id="probe of another host, sent by the node",
        ),
        pytest.param(
            {"containers": [container(lifecycle={"preStop": {"tcpSocket": {"port": 1, "host": "10.0.0.1"}}})]},
            "spec.containers[0].lifecycle.preStop.tcpSocket.host",
            Allowed(host_network=True),
            id="hook of another host, sent by the node",
        ),
    ],
)
def test_what_reaches_past_the_pod_is_refused_unless_allowed(spec: Json, field: str, allowed: Allowed) -> None:
    assert refused(spec) == [field]
    assert refused(spec, allowed) == []


def test_ports_of_a_pod_on_the_hosts_network_are_host_ports_by_definition() -> None:
    spec = {"hostNetwork": True, "containers": [container(ports=[{"containerPort": 80, "hostPort": 80}])]}
    assert refused(spec, Allowed(host_network=True)) == []


def test_a_refusal_says_which_field_why_and_what_to_do() -> None:
    (refusal,) = refusals(pod(volume(hostPath={"path": "/"})), CONTEXT)
    assert str(refusal) == (
        "spec.volumes[0].hostPath: the node's files are off here; use a PersistentVolumeClaim, or ask whoever runs the "
        "host cluster to allow it in the Cluster's policy"
    )


@pytest.mark.parametrize("kind", sorted(OWN_VOLUMES))
def test_volumes_with_the_tenants_own_content_are_not_refused(kind: str) -> None:
    assert refused(volume(**{kind: {}})) == []


@pytest.mark.parametrize("kind", sorted(NODE_VOLUMES))
def test_volumes_mounted_with_the_nodes_rights_are(kind: str) -> None:
    assert refused(volume(**{kind: {}})) == [f"spec.volumes[0].{kind}"]


def test_every_kind_of_volume_that_the_api_has_is_one_or_the_other() -> None:
    assert {*OWN_VOLUMES, *NODE_VOLUMES, "hostPath", "name"} == fields("V1Volume").keys()


def test_a_kind_of_volume_that_is_not_known_is_refused_for_the_host_might_take_it_for_an_empty_folder() -> None:
    assert refused(volume(quantumDisk={"qubits": 3}), Allowed(node_volumes=True)) == ["spec.volumes[0].quantumDisk"]


@pytest.mark.parametrize(
    ("host", "spec", "fields"),
    [
        pytest.param((1, 30), volume(image={"reference": "a"}), ["spec.volumes[0].image"], id="image, unknown to host"),
        pytest.param((1, 31), volume(image={"reference": "a"}), [], id="image, known"),
        pytest.param(
            (1, 28),
            {"initContainers": [container(), container("proxy", restartPolicy="Always")]},
            ["spec.initContainers[1].restartPolicy"],
            id="sidecar, unknown to host",
        ),
        pytest.param((1, 29), {"initContainers": [container(restartPolicy="Always")]}, [], id="sidecar, known"),
    ],
)
def test_what_an_older_host_would_take_for_something_else_is_refused(
    host: tuple[int, int], spec: Json, fields: list[str]
) -> None:
    found = refusals(pod(spec), in_version(host=Version(*host)))
    assert [refusal.field for refusal in found] == fields


ANTI_AFFINITY = "spec.affinity.podAntiAffinity"
TERM = {"topologyKey": "zone", "labelSelector": {}}
BY_LABEL = TERM | {"namespaceSelector": {"matchLabels": {"team": "a"}}}


def affinity(*, required: Json, preferred: Json) -> Json:
    terms = {
        REQUIRED: [required],
        PREFERRED: [{"weight": 1, "podAffinityTerm": preferred}],
    }
    return {"affinity": {"podAntiAffinity": terms}}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        pytest.param(affinity(required=TERM, preferred=TERM | {"namespaceSelector": {}}), [], id="not by label"),
        pytest.param(
            affinity(required=BY_LABEL, preferred=BY_LABEL),
            [
                f"{ANTI_AFFINITY}.{REQUIRED}[0].namespaceSelector",
                f"{ANTI_AFFINITY}.{PREFERRED}[0].podAffinityTerm.namespaceSelector",
            ],
            id="by label",
        ),
    ],
)
def test_namespaces_by_label_need_somebody_who_knows_their_labels(spec: Json, fields: list[str]) -> None:
    assert refused(spec) == fields
    assert refusals(pod(spec), replace(CONTEXT, namespaces={})) == []


@given(pod_specs())
def test_of_any_pod_it_can_be_said(spec: Json) -> None:
    for refusal in refusals(pod(spec), CONTEXT):
        assert refusal.field.startswith("spec.")
        assert refusal.why
        assert refusal.remedy
