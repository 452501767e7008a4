from dataclasses import replace

import pytest

from reflectors.translation.context import Allowed
from reflectors.translation.json_values import Json
from reflectors.translation.privileges import container_privilege_refusals, pod_privilege_refusals
from tests.unit.reflectors.translation.pods import EVERYTHING, container

NOTHING = Allowed()

CONTAINERS = [
    pytest.param({"privileged": True}, "privileged", id="privileged"),
    pytest.param({"capabilities": {"add": ["SYS_ADMIN"]}}, "capabilities.add", id="a mighty capability"),
    pytest.param({"capabilities": {"add": ["ALL"]}}, "capabilities.add", id="all capabilities"),
    pytest.param({"capabilities": {"add": ["NET_RAW"]}}, "capabilities.add", id="not quite usual capability"),
    pytest.param({"procMount": "Unmasked"}, "procMount", id="unmasked proc"),
    pytest.param({"windowsOptions": {"hostProcess": True}}, "windowsOptions.hostProcess", id="process of the host"),
    pytest.param({"seLinuxOptions": {"type": "spc_t"}}, "seLinuxOptions", id="SELinux type"),
    pytest.param({"seLinuxOptions": {"user": "system_u"}}, "seLinuxOptions", id="SELinux user"),
    pytest.param({"seLinuxOptions": {"role": "sysadm_r"}}, "seLinuxOptions", id="SELinux role"),
]


@pytest.mark.parametrize(("security", "field"), CONTAINERS)
def test_a_container_that_reaches_past_itself_is_refused_unless_allowed(security: Json, field: str) -> None:
    bold = container(securityContext=security)
    refused = list(container_privilege_refusals(bold, "spec.containers[0]", NOTHING))
    assert [refusal.field for refusal in refused] == [f"spec.containers[0].securityContext.{field}"]
    assert list(container_privilege_refusals(bold, "spec.containers[0]", EVERYTHING)) == []


@pytest.mark.parametrize(
    "security",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"privileged": False, "procMount": "Default"}, id="the defaults, said"),
        pytest.param({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}, id="a usual capability"),
        pytest.param({"seLinuxOptions": {"level": "s0:c1", "type": "container_t"}}, id="SELinux level"),
        pytest.param({"runAsUser": 0, "allowPrivilegeEscalation": True}, id="root in its container"),
    ],
)
def test_a_container_that_keeps_to_itself_is_not_refused(security: Json) -> None:
    modest = container(securityContext=security)
    assert list(container_privilege_refusals(modest, "spec.containers[0]", NOTHING)) == []


@pytest.mark.parametrize(
    ("spec", "field", "allowed"),
    [
        pytest.param({"hostNetwork": True}, "spec.hostNetwork", Allowed(host_network=True), id="network"),
        pytest.param({"hostPID": True}, "spec.hostPID", Allowed(host_pid=True), id="processes"),
        pytest.param({"hostIPC": True}, "spec.hostIPC", Allowed(host_ipc=True), id="shared memory"),
        pytest.param(
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "spec.securityContext.windowsOptions.hostProcess",
            Allowed(privileged=True),
            id="processes of the host",
        ),
        pytest.param(
            {"securityContext": {"seLinuxOptions": {"type": "spc_t"}}},
            "spec.securityContext.seLinuxOptions",
            Allowed(privileged=True),
            id="SELinux type",
        ),
    ],
)
def test_a_pod_that_reaches_past_itself_is_refused_unless_just_that_is_allowed(
    spec: Json, field: str, allowed: Allowed
) -> None:
    assert [refusal.field for refusal in pod_privilege_refusals(spec, NOTHING)] == [field]
    assert list(pod_privilege_refusals(spec, allowed)) == []


def test_one_permission_does_not_imply_another() -> None:
    spec = {"hostNetwork": True, "hostPID": True, "hostIPC": True}
    allowed = replace(EVERYTHING, host_pid=False)
    assert [refusal.field for refusal in pod_privilege_refusals(spec, allowed)] == ["spec.hostPID"]
