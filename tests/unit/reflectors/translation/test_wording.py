import pytest

from reflectors.translation.tokens import token_secret_name
from reflectors.translation.wording import in_virtual_words
from tests.unit.reflectors.translation.pods import CONTEXT, container, frozen, host_pod_of, pod

HOST_NAME = "web-shop-demo-qicov3i5mzyw5"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param(
            f"back-off 10s restarting failed container=web pod={HOST_NAME}_tenants(h1)",
            "back-off 10s restarting failed container=web pod=web_shop(v1)",
            id="the kubelet's way to name a pod",
        ),
        pytest.param(f'pod "tenants/{HOST_NAME}" is gone', 'pod "shop/web" is gone', id="with its namespace"),
        pytest.param(f"{HOST_NAME} and {HOST_NAME}", "web and web", id="twice"),
        pytest.param("provisioned volume pvc-h1", "provisioned volume pvc-v1", id="the volume of a claim"),
        pytest.param("0/3 nodes are available", "0/3 nodes are available", id="not about the pod"),
    ],
)
def test_messages_about_the_host_pod_are_about_the_virtual_pod(written: str, meant: str) -> None:
    status = {"message": written, "conditions": [{"message": written, "reason": HOST_NAME}], "podIP": "10.0.0.1"}
    assert in_virtual_words(frozen(status), frozen(pod()), frozen(host_pod_of(pod())), CONTEXT) == {
        "message": meant,
        "conditions": [{"message": meant, "reason": HOST_NAME}],
        "podIP": "10.0.0.1",
    }


def test_a_message_that_is_null_stays_so() -> None:
    assert in_virtual_words({"message": None}, pod(), host_pod_of(pod()), CONTEXT) == {"message": None}


LEANS_ON = {
    "containers": [container(envFrom=[{"configMapRef": {"name": "settings"}}])],
    "volumes": [
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    ],
}
SETTINGS, KEYS = CONTEXT.host_name("ConfigMap", "shop", "settings"), CONTEXT.host_name("Secret", "shop", "keys")
TOKENS = token_secret_name({"namespace": "shop", "name": "web"}, CONTEXT)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param(f'configmap "{SETTINGS}" not found', 'configmap "settings" not found', id="a variable's source"),
        pytest.param(
            f'MountVolume.SetUp failed for volume "keys" : secret "{KEYS}" not found',
            'MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
            id="a volume's source",
        ),
        pytest.param(
            f"couldn't find key color in ConfigMap tenants/{SETTINGS}",
            "couldn't find key color in ConfigMap shop/settings",
            id="with its namespace",
        ),
        pytest.param(
            f'object "tenants"/"{KEYS}" not registered', 'object "shop"/"keys" not registered', id="in quotes"
        ),
        pytest.param(f'secret "{TOKENS}" not found', 'secret "tokens of web" not found', id="its tokens"),
        pytest.param(f"{KEYS}, {SETTINGS}", "keys, settings", id="several"),
    ],
)
def test_what_the_pod_refers_to_is_named_as_its_tenant_names_it(written: str, meant: str) -> None:
    virtual = pod(LEANS_ON)
    told = in_virtual_words({"message": written}, virtual, host_pod_of(virtual), CONTEXT)
    assert told == {"message": meant}


def test_a_name_that_contains_anothers_host_name_is_found_whole() -> None:
    virtual = pod({"imagePullSecrets": [{"name": HOST_NAME}]})
    written = CONTEXT.host_name("Secret", "shop", HOST_NAME)
    told = in_virtual_words({"message": f"{written} {HOST_NAME}"}, virtual, host_pod_of(virtual), CONTEXT)
    assert told == {"message": f"{HOST_NAME} web"}
