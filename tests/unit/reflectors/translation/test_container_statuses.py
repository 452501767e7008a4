from typing import Any

import pytest

from reflectors.translation.container_statuses import FIELDS, SINCE, container_statuses
from reflectors.translation.context import Version
from reflectors.translation.json_values import Json
from tests.unit.reflectors.translation.api_models import fields
from tests.unit.reflectors.translation.pods import V1_20, V1_36, container, host_pod_of, pod

RUNNING = {"running": {"startedAt": "2026-11-22T10:00:00Z"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}


def status(name: str = "web", state: Json = RUNNING, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "docker.io/library/nginx:1",
        "imageID": "nginx@sha256:1",
        "containerID": "containerd://1",
        "ready": True,
        "restartCount": 0,
        "state": state,
        "lastState": {},
        **more,
    }


def reflected(virtual: Json, *of_host: Json, field: str = "containerStatuses", version: Version = V1_36) -> Any:
    host = host_pod_of(virtual, status={field: list(of_host)})
    return container_statuses(field, virtual, host, version)


def test_a_container_is_as_the_host_reports_it() -> None:
    assert reflected(pod(), status()) == [status()]


def test_containers_that_others_injected_do_not_show() -> None:
    assert reflected(pod(), status("istio-proxy"), status(), status("linkerd")) == [status()]


@pytest.mark.parametrize(("field", "of_spec"), sorted(FIELDS.items()))
def test_each_sort_of_container_is_looked_up_among_its_own(field: str, of_spec: str) -> None:
    virtual = pod({of_spec: [container("mine")]})
    assert reflected(virtual, status("mine"), status("injected"), field=field) == [status("mine")]


def test_mounts_that_others_injected_do_not_show() -> None:
    virtual = pod({"containers": [container(volumeMounts=[{"name": "data", "mountPath": "/data"}])]})
    mine, injected = {"name": "data", "mountPath": "/data"}, {"name": "certs", "mountPath": "/etc/certs"}
    assert reflected(virtual, status(volumeMounts=[injected, mine])) == [status(volumeMounts=[mine])]


def test_what_an_older_virtual_cluster_would_drop_is_not_sent() -> None:
    newer: Any = {field: {"cpu": "1"} for field in SINCE if field != "volumeMounts"} | {"volumeMounts": []}
    assert reflected(pod(), status(**newer), version=V1_20) == [status()]
    assert reflected(pod(), status(**newer)) == [status(**newer)]


def test_the_fields_that_newer_clusters_added_are_fields_of_the_api() -> None:
    assert fields("V1ContainerStatus").keys() >= SINCE.keys()


@pytest.mark.parametrize(
    ("spec", "before", "now", "shown"),
    [
        pytest.param({"restartPolicy": "Always"}, DONE, RUNNING, RUNNING, id="restarted"),
        pytest.param({"restartPolicy": "OnFailure"}, FAILED, RUNNING, RUNNING, id="restarted after a failure"),
        pytest.param({"restartPolicy": "OnFailure"}, DONE, RUNNING, DONE, id="done"),
        pytest.param({"restartPolicy": "Never"}, FAILED, RUNNING, FAILED, id="failed for good"),
        pytest.param({"restartPolicy": "Never"}, DONE, FAILED, FAILED, id="ended otherwise"),
        pytest.param({"restartPolicy": "Never"}, RUNNING, DONE, DONE, id="ended now"),
        pytest.param(
            {"restartPolicy": "Never", "containers": [container(restartPolicy="Always")]},
            FAILED,
            RUNNING,
            RUNNING,
            id="restarted by a policy of its own",
        ),
    ],
)
def test_a_container_that_ended_for_good_is_not_said_to_run_again(
    spec: Json, before: Json, now: Json, shown: Json
) -> None:
    virtual = pod(spec, status={"containerStatuses": [status(state=before)]})
    assert reflected(virtual, status(state=now)) == [status(state=shown)]
