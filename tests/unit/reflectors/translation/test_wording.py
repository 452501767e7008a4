import pytest

from reflectors.translation.wording import in_virtual_words
from tests.unit.reflectors.translation.pods import frozen, host_pod_of, pod

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
        pytest.param("0/3 nodes are available", "0/3 nodes are available", id="not about the pod"),
    ],
)
def test_messages_about_the_host_pod_are_about_the_virtual_pod(written: str, meant: str) -> None:
    status = {"message": written, "conditions": [{"message": written, "reason": HOST_NAME}], "podIP": "10.0.0.1"}
    assert in_virtual_words(frozen(status), frozen(pod()), frozen(host_pod_of(pod()))) == {
        "message": meant,
        "conditions": [{"message": meant, "reason": HOST_NAME}],
        "podIP": "10.0.0.1",
    }


def test_a_message_that_is_null_stays_so() -> None:
    assert in_virtual_words({"message": None}, pod(), host_pod_of(pod())) == {"message": None}
