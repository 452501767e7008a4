import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_asyncio.config.kube_config import ConfigNode

from kube.errors import CredentialsError
from kube.kubernetes_config import ClientConfig, Grant, Plugin, ask, read_in_cluster, read_kubeconfig
from kube.tls import TlsMaterial

SERVER = "https://192.0.2.1:6443"
POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def kubeconfig(folder: Path, *, cluster: dict[str, Any] | None = None, user: Any = None) -> Path:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": SERVER, **(cluster or {})}}],
                "users": [{"name": "u", "user": {} if user is None else user}],
                "contexts": [
                    {"name": "here", "context": {"cluster": "c", "user": "u"}},
                    {"name": "nobody", "context": {"cluster": "c"}},
                ],
                "current-context": "here",
            }
        )
    )
    return path


def read(path: Path, context: str | None = None) -> ClientConfig:
    return read_kubeconfig(Path.read_bytes, path, context)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"token": "abc"}, "Bearer abc", id="token"),
        pytest.param({"tokenFile": "token"}, "Bearer from-file", id="token file, beside the kubeconfig"),
        pytest.param({"token": "abc", "tokenFile": "token"}, "Bearer from-file", id="both: the fresher one"),
        pytest.param({"username": "me", "password": "x"}, "Basic " + b64(b"me:x"), id="password"),
    ],
)
def test_authorization_of_a_user(tmp_path: Path, user: dict[str, Any], authorization: str | None) -> None:
    (tmp_path / "token").write_text("from-file\n")
    assert read(kubeconfig(tmp_path, user=user)).authorization == authorization


def test_certificates_are_read_from_files_beside_the_kubeconfig(tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text(f"the {name}")
    user = {"client-certificate": "crt", "client-key": str(tmp_path / "key")}
    config = read(kubeconfig(tmp_path, cluster={"certificate-authority": "ca"}, user=user))
    assert config.tls == TlsMaterial(b"the ca", b"the crt", b"the key")


def test_certificates_in_the_kubeconfig_come_before_those_in_files(tmp_path: Path) -> None:
    cluster = {"certificate-authority-data": b64(b"the ca"), "certificate-authority": "missing"}
    user = {"client-certificate-data": b64(b"the crt"), "client-key-data": b64(b"the key"), "client-key": "missing"}
    assert read(kubeconfig(tmp_path, cluster=cluster, user=user)).tls == TlsMaterial(b"the ca", b"the crt", b"the key")


def test_cluster_says_how_its_server_is_verified(tmp_path: Path) -> None:
    cluster = {"server": SERVER + "/", "insecure-skip-tls-verify": True, "tls-server-name": "kubernetes"}
    config = read(kubeconfig(tmp_path, cluster=cluster))
    assert (config.server, config.tls.verify, config.tls_server_name) == (SERVER, False, "kubernetes")


def test_other_contexts_can_be_chosen(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, user={"token": "abc"})
    assert read(path, "nobody").authorization is None


def test_every_file_is_read_by_the_given_function_so_that_changes_are_seen(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("the ca")
    (tmp_path / "token").write_text("t")
    path = kubeconfig(tmp_path, cluster={"certificate-authority": "ca"}, user={"tokenFile": "token"})
    seen = set()

    def recording(each: Path) -> bytes:
        seen.add(each.name)
        return each.read_bytes()

    read_kubeconfig(recording, path, None)
    assert seen == {"config", "ca", "token"}


@pytest.mark.parametrize(
    ("cluster", "user", "complaint"),
    [
        pytest.param({}, {"token": 7}, r"Expected `str`, got `int` - at `\$.token`", id="a token that is no text"),
        pytest.param({}, {"token": "a\nb"}, "no token", id="a token of two lines"),
        pytest.param({}, {"tokenFile": "missing"}, "No such file", id="a file that is not there"),
        pytest.param({"certificate-authority-data": "%"}, {}, "not as it should be", id="data that is no base64"),
        pytest.param({"proxy-url": "http://p"}, {}, "proxy-url is not supported", id="a proxy"),
        pytest.param({}, {"auth-provider": {"name": "oidc"}}, "auth-provider is not supported", id="an old plugin"),
        pytest.param({}, {"as": "root"}, "as is not supported", id="impersonation"),
        pytest.param({"server": None}, {}, "server", id="no server"),
        pytest.param({}, {"exec": {}}, None, id="an empty plugin is none"),
        pytest.param({}, {"exec": {"args": []}}, "command", id="a plugin without command"),
        pytest.param({}, [], "got `array`", id="a user that is a list"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    tmp_path: Path, cluster: dict[str, Any], user: Any, complaint: str | None
) -> None:
    path = kubeconfig(tmp_path, cluster=cluster, user=user)
    if complaint is None:
        assert read(path).plugin is None
        return
    with pytest.raises(CredentialsError, match=complaint) as refused:
        read(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="a list"),
        pytest.param("{", id="no YAML"),
        pytest.param("kind: Config", id="no clusters"),
        pytest.param("clusters: 7", id="clusters that are a number"),
        pytest.param("\0", id="no text"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(CredentialsError):
        read(path)


def test_missing_kubeconfig_and_context_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        read(tmp_path / "config")
    with pytest.raises(CredentialsError, match="elsewhere"):
        read(kubeconfig(tmp_path), "elsewhere")


@pytest.mark.parametrize("token", ["abc", "abc\n", " abc \r\n"])
def test_token_of_a_pod_is_used_without_what_surrounds_it(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_text("the ca")
    assert read_in_cluster(Path.read_bytes, tmp_path, POD) == ClientConfig(
        "https://10.96.0.1:443", TlsMaterial(b"the ca"), authorization="Bearer abc"
    )


def test_server_of_a_pod_may_have_an_ipv6_address(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    (tmp_path / "ca.crt").write_text("the ca")
    config = read_in_cluster(Path.read_bytes, tmp_path, {**POD, "KUBERNETES_SERVICE_HOST": "fd00::1"})
    assert config.server == "https://[fd00::1]:443"


@pytest.mark.parametrize(
    ("token", "authorities", "environ"),
    [
        pytest.param(None, "ca", POD, id="no token"),
        pytest.param("\n", "ca", POD, id="an empty token"),
        pytest.param("t", None, POD, id="no authorities"),
        pytest.param("t", "ca", {}, id="not in a cluster"),
        pytest.param("t", "ca", {**POD, "KUBERNETES_SERVICE_HOST": ""}, id="an empty address"),
    ],
)
def test_process_outside_of_a_pod_is_told_so(
    tmp_path: Path, token: str | None, authorities: str | None, environ: dict[str, str]
) -> None:
    for name, text in (("token", token), ("ca.crt", authorities)):
        if text is not None:
            (tmp_path / name).write_text(text)
    with pytest.raises(CredentialsError, match="service account"):
        read_in_cluster(Path.read_bytes, tmp_path, environ)


def plugin(folder: Path, script: str, **settings: Any) -> Plugin:
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **settings}}
    found = read(kubeconfig(folder, user=user)).plugin
    assert found is not None
    return found


def credential(status: dict[str, str]) -> str:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"echo '{json.dumps(answer)}'"


async def test_plugin_gives_a_token_and_its_end(tmp_path: Path) -> None:
    grant = await ask(plugin(tmp_path, credential({"token": "abc", "expirationTimestamp": "2026-01-01T00:10:00Z"})))
    assert grant.authorization == "Bearer abc"
    assert grant.expires is not None
    assert grant.expires.isoformat() == "2026-01-01T00:10:00+00:00"


async def test_plugin_gives_a_certificate(tmp_path: Path) -> None:
    grant = await ask(plugin(tmp_path, credential({"clientCertificateData": "crt", "clientKeyData": "key"})))
    assert grant == Grant(None, b"crt", b"key", None)


async def test_plugin_gets_its_arguments_and_environment(tmp_path: Path) -> None:
    script = credential({"token": "TOKEN"}).replace("TOKEN", "'$1$NAME'")
    grant = await ask(plugin(tmp_path, script, args=["a"], env=[{"name": "NAME", "value": "b"}]))
    assert grant.authorization == "Bearer ab"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        pytest.param("echo no >&2; exit 3", "returned 3. no", id="it fails"),
        pytest.param("echo hello", "decode", id="it says something else"),
        pytest.param(credential({}), "neither a token nor a certificate", id="it gives nothing"),
        pytest.param(credential({"clientCertificateData": "crt"}), "neither a token", id="it gives half a pair"),
        pytest.param(
            credential({"token": "a", "expirationTimestamp": "soon"}), "soon", id="it gives an end that is no time"
        ),
    ],
)
async def test_plugin_that_gives_nothing_to_use_is_named(tmp_path: Path, script: str, complaint: str) -> None:
    with pytest.raises(CredentialsError, match=complaint) as refused:
        await ask(plugin(tmp_path, script))
    assert "credential plugin" in str(refused.value)


async def test_plugin_that_is_not_there_is_named() -> None:
    settings = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}
    with pytest.raises(CredentialsError, match="no-such-plugin"):
        await ask(Plugin(ConfigNode("exec", settings)))
