import pytest

from reflectors.translation.api_access import MOUNT_PATH, without_api_access
from reflectors.translation.json_values import Json
from tests.unit.reflectors.translation.pods import container, frozen

TOKEN = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}
CA = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
AUTOMATIC = {"name": "kube-api-access-x7k2p", "projected": {"sources": [TOKEN, CA]}}
LEGACY = {"name": "default-token-x7k2p", "secret": {"secretName": "default-token-x7k2p", "defaultMode": 420}}
DATA = {"name": "data", "emptyDir": {}}


def mount(name: str, path: str = MOUNT_PATH) -> Json:
    return {"name": name, "mountPath": path, "readOnly": True}


@pytest.mark.parametrize(
    "automatic", [pytest.param(AUTOMATIC, id="projected"), pytest.param(LEGACY, id="a Secret, before 1.21")]
)
def test_the_automatic_volume_and_its_mounts_are_left_out(automatic: Json) -> None:
    name = automatic["name"]
    spec = {
        "volumes": [DATA, automatic],
        "containers": [container(volumeMounts=[mount("data", "/data"), mount(name)]), container("other")],
        "initContainers": [container("init", volumeMounts=[mount(name)])],
    }
    assert without_api_access(frozen(spec)) == {
        "volumes": [DATA],
        "containers": [
            container(volumeMounts=[mount("data", "/data")]),
            container("other", volumeMounts=[]),
        ],
        "initContainers": [container("init", volumeMounts=[])],
    }


@pytest.mark.parametrize(
    ("volume", "path"),
    [
        pytest.param({"name": "tokens", "projected": {"sources": [TOKEN]}}, "/tokens", id="a token of its own"),
        pytest.param(AUTOMATIC, "/elsewhere", id="mounted where nothing does automatically"),
        pytest.param({"name": "default-token-x7k2p", "secret": {"secretName": "app"}}, MOUNT_PATH, id="another Secret"),
        pytest.param({"name": "app", "secret": {"secretName": "app"}}, MOUNT_PATH, id="a Secret in its place"),
        pytest.param({"name": "kube-api-access-mine", "emptyDir": {}}, MOUNT_PATH, id="named alike"),
    ],
)
def test_what_the_tenant_asked_for_stays(volume: Json, path: str) -> None:
    spec = {"volumes": [volume], "containers": [container(volumeMounts=[mount(volume["name"], path)])]}
    assert without_api_access(spec) == spec
