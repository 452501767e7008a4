import pytest

from reflectors.translation.json_values import Json
from reflectors.translation.waiting import missing_support
from tests.unit.reflectors.translation.pods import container, pod


def waits_for(spec: Json) -> list[str]:
    return [refusal.field for refusal in missing_support(pod(spec))]


def env_from(**ref: Json) -> Json:
    return {"containers": [container(envFrom=[ref])]}


def volume(**source: Json) -> Json:
    return {"volumes": [{"name": "v", **source}]}


TOKEN = {"serviceAccountToken": {"path": "token"}}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param(volume(glusterfs={"endpoints": "x", "path": "/"}), "spec.volumes[0].glusterfs", id="Endpoints"),
        pytest.param(
            volume(projected={"sources": [{"podCertificate": {"keyType": "ED25519"}}]}),
            "spec.volumes[0].projected.sources[0].podCertificate",
            id="certificate",
        ),
        pytest.param({"resourceClaims": [{"name": "gpu"}]}, "spec.resourceClaims", id="resource claim"),
    ],
)
def test_a_pod_waits_for_what_is_not_reflected_yet(spec: Json, field: str) -> None:
    assert waits_for(spec) == [field]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="nothing"),
        pytest.param(env_from(configMapRef={"name": "x"}), id="ConfigMap"),
        pytest.param(volume(secret={"secretName": "x"}), id="Secret"),
        pytest.param({"imagePullSecrets": [{"name": "x"}]}, id="pull secret"),
        pytest.param(volume(projected={"sources": [TOKEN]}), id="token"),
        pytest.param(volume(persistentVolumeClaim={"claimName": "x"}), id="claim"),
        pytest.param(volume(ephemeral={"volumeClaimTemplate": {"spec": {}}}), id="claim of an ephemeral volume"),
        pytest.param(volume(emptyDir={}), id="its own folder"),
    ],
)
def test_a_pod_does_not_wait_for_anything_else(spec: Json) -> None:
    assert waits_for(spec) == []


def test_the_reason_says_what_is_missing() -> None:
    (refusal,) = missing_support(pod(volume(glusterfs={"endpoints": "storage", "path": "/"})))
    assert str(refusal) == (
        'spec.volumes[0].glusterfs: needs Endpoints "storage", and Endpoints objects are not reflected yet; '
        "do without it, or make it optional where that is possible"
    )
