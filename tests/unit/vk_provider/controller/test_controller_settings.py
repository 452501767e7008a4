from pathlib import Path

import pytest

from vk_provider.controller.settings import ControllerSettings, controller_settings
from vk_provider.settings import SettingsError


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ControllerSettings.__struct_fields__:
        monkeypatch.delenv(f"VKP_{name.upper()}", raising=False)
    monkeypatch.delenv("VKP_CONFIG", raising=False)


def test_without_more_it_looks_after_all_namespaces() -> None:
    settings = controller_settings(["--provider-image=vkp:1"])
    assert (settings.namespaces, settings.server_image) == ((), "rancher/k3s")


def test_lists_are_written_with_commas() -> None:
    settings = controller_settings(["--provider-image=vkp:1", "--namespaces=a,b", "--pod-cidrs=10.0.0.0/16,fd00::/48"])
    assert (settings.namespaces, settings.pod_cidrs) == (("a", "b"), ("10.0.0.0/16", "fd00::/48"))


@pytest.mark.parametrize(
    ("argument", "mistake"),
    [
        ("--namespaces=a,B", "--namespaces: 'B' is no DNS label; use up to 63 of a-z, 0-9 and '-'"),
        ("--lease-name=A_b", "--lease-name: 'A_b' is no DNS label; use up to 63 of a-z, 0-9 and '-'"),
        ("--service-cidr=10.43.0.1/16", "--service-cidr: 10.43.0.1/16 has host bits set; write it like 10.43.0.0/16"),
        ("--image-pull-policy=Maybe", "--image-pull-policy: 'Maybe' is none of Always, IfNotPresent, Never"),
        (
            "--provider-replicas=0",
            (
                "--provider-replicas: Expected `int` >= 1, and not '0' "
                "(providers of each Cluster, of which one leads and the others stand by)"
            ),
        ),
        ("--health-bind=here", "--health-bind: 'here' is no IP address"),
        (
            "--host-kubeconfig=/nowhere",
            "--host-kubeconfig: cannot read /nowhere (No such file or directory); name a file that this user may read",
        ),
    ],
)
def test_each_mistake_names_the_setting_and_what_to_do(argument: str, mistake: str) -> None:
    with pytest.raises(SettingsError) as error:
        controller_settings(["--provider-image=vkp:1", argument])
    assert error.value.mistakes == (mistake,)


def test_a_file_may_say_it_too(tmp_path: Path) -> None:
    file = tmp_path / "controller.yaml"
    file.write_text("providerImage: vkp:2\nimagePullSecrets: [registry]\n")
    settings = controller_settings([f"--config={file}"])
    assert (settings.provider_image, settings.image_pull_secrets) == ("vkp:2", ("registry",))
