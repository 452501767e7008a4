from pathlib import Path

import pytest

from kube.certificates import KeyPair
from kube.kubernetes_config import read_kubeconfig
from vk_provider.controller.kubeconfig import client_of, kubeconfig

CLIENT = KeyPair(b"certificate", b"key")
CONTENT = kubeconfig("https://demo", b"authority", CLIENT)


def test_programs_read_it(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(CONTENT)
    read = read_kubeconfig(Path.read_bytes, tmp_path / "config", "default")
    assert read.server == "https://demo"
    assert (read.tls.authorities, read.tls.certificate, read.tls.key) == (b"authority", b"certificate", b"key")


def test_it_is_the_same_each_time_and_its_certificate_is_found_again() -> None:
    assert kubeconfig("https://demo", b"authority", CLIENT) == CONTENT
    assert client_of(CONTENT) == CLIENT


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b"users: []", b"users: [{user: {}}]", b"a: [", b"\xff", CONTENT[:99]]
)
def test_what_is_no_kubeconfig_has_none(content: bytes | None) -> None:
    assert client_of(content) is None
