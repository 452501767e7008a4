"""The script is run, in a shell, on folders of this machine."""

import subprocess
from pathlib import Path

import pytest
import yaml

from vk_provider.controller.server_script import preparation

AUTHORITIES = ("server-ca.crt", "server-ca.key", "service.key", "etcd/peer-ca.crt", "etcd/peer-ca.key")


class Pod:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.tls = root / "var/lib/rancher/k3s/server/tls"
        self.config = root / "etc/rancher/k3s"
        for file in AUTHORITIES:
            self.write(f"authorities/{file}", f"given {file}")
        self.write("config/config.yaml", "token: abc")
        (root / "etc/rancher").mkdir(parents=True)
        (root / "var/lib/rancher/k3s").mkdir(parents=True)

    def write(self, file: str, content: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def start(self, *, name: str = "k3k-demo-server-0", ip: str = "10.0.0.7", addons: tuple[str, ...] = ()) -> None:
        script = preparation(addons)
        for folder in ("/var/lib/rancher", "/etc/rancher", "/authorities", "/config/", "/config\n"):
            script = script.replace(folder, f"{self.root}{folder}")
        environment = {"POD_NAME": name, "POD_IP": ip, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["/bin/sh", "-ec", script], env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_authorities_lie_where_k3s_looks_for_them_and_only_it_reads_them(pod: Pod) -> None:
    pod.start()
    assert [(pod.tls / file).read_text() for file in AUTHORITIES] == [f"given {file}" for file in AUTHORITIES]
    assert {oct((pod.tls / file).stat().st_mode & 0o777) for file in AUTHORITIES} == {"0o600"}


def test_what_is_there_is_never_replaced(pod: Pod) -> None:
    pod.start()
    pod.write("authorities/server-ca.crt", "another")
    pod.start()
    assert (pod.tls / "server-ca.crt").read_text() == "given server-ca.crt"


def test_what_a_crash_left_half_done_is_done(pod: Pod) -> None:
    pod.start()
    (pod.tls / "server-ca.crt").write_text("")
    (pod.tls / "service.key").unlink()
    (pod.tls / "service.key.new").write_text("hal")
    pod.start()
    assert (pod.tls / "server-ca.crt").read_text() == "given server-ca.crt"
    assert (pod.tls / "service.key").read_text() == "given service.key"


def test_certificates_of_k3s_are_made_anew_and_their_keys_kept(pod: Pod) -> None:
    pod.start()
    for file in ("client-admin.crt", "client-admin.key", "etcd/client.crt", "client-ca.nochain.crt"):
        (pod.tls / file).write_text("k3s")
    pod.start()
    left = {str(path.relative_to(pod.tls)) for path in pod.tls.rglob("*") if path.is_file()}
    assert left == {*AUTHORITIES, "client-admin.key", "client-ca.nochain.crt"}


def test_the_configuration_is_that_of_all_of_its_own_and_of_its_address(pod: Pod) -> None:
    pod.write("config/k3k-demo-server-1.yaml", "node-ip: [10.43.0.9]")
    pod.start(name="k3k-demo-server-1", ip="fd00::7")
    files = [pod.config / "config.yaml", *sorted((pod.config / "config.yaml.d").iterdir())]
    assert [yaml.safe_load(file.read_text()) for file in files] == [
        {"token": "abc"},
        {"node-ip": ["10.43.0.9"]},
        {"tls-san+": ["fd00::7"]},
    ]


def test_what_was_its_own_before_is_gone(pod: Pod) -> None:
    pod.start()
    assert [file.name for file in (pod.config / "config.yaml.d").iterdir()] == ["pod.yaml"]


def test_the_nodes_password_outlives_the_pod(pod: Pod) -> None:
    pod.start()
    (pod.root / "etc/rancher/node/password").write_text("secret")
    assert (pod.root / "var/lib/rancher/k3s/node/password").read_text() == "secret"


def test_folders_of_addons_are_its_own(pod: Pod) -> None:
    pod.start(addons=("one", "two.x"))
    assert {path.name for path in (pod.tls.parent / "manifests").iterdir()} == {"one", "two.x"}
