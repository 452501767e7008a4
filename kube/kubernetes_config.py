"""Where kubernetes_asyncio is used, and nowhere else: what a kubeconfig or a pod says about how to be let in.

What a kubeconfig wants and this program cannot do is refused, rather than left out.
"""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kube.errors import CredentialsError
from kube.kubernetes_asyncio_parts import models_left_out
from kube.reloading import Read
from kube.tls import TlsMaterial

with models_left_out():
    from kubernetes_asyncio.client import Configuration
    from kubernetes_asyncio.config import ConfigException
    from kubernetes_asyncio.config.exec_provider import ExecProvider
    from kubernetes_asyncio.config.incluster_config import InClusterConfigLoader
    from kubernetes_asyncio.config.kube_config import ConfigNode, KubeConfigMerger

_PLUGIN_LIMIT = 60.0  # seconds; some plugins wait for a browser, and nobody does for ever


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    proxy_url: str = ""

    def refused(self) -> str:
        return "proxy-url" if self.proxy_url else ""


class _User(msgspec.Struct, rename="kebab"):
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: dict[str, Any] | None = None
    auth_provider: Any = None
    impersonated: str = msgspec.field(name="as", default="")

    def refused(self) -> str:
        return "auth-provider" if self.auth_provider else "as" if self.impersonated else ""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program to be asked for a credential."""

    settings: ConfigNode


@dataclass(frozen=True, slots=True)
class Grant:
    """What a plugin gave."""

    authorization: str | None
    certificate: bytes | None
    key: bytes | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class ClientConfig:
    server: str
    tls: TlsMaterial
    tls_server_name: str | None = None
    authorization: str | None = None
    plugin: Plugin | None = None


def read_in_cluster(read: Read, directory: Path, environ: Mapping[str, str]) -> ClientConfig:
    """Return what the kubelet gives every pod; raises CredentialsError where there is none."""
    token, authorities = directory / "token", directory / "ca.crt"
    loader = InClusterConfigLoader(str(token), str(authorities), try_refresh_token=False, environ=dict(environ))
    found = Configuration()
    with _readable("service account"):
        # Read before the library reads: if they change in between, the next look sees that.
        contents = {path: read(path) for path in (token, authorities)}
        loader.load_and_set(found)
        # The library keeps a trailing newline in the token, with which every request would fail.
        return ClientConfig(str(found.host), TlsMaterial(contents[authorities]), authorization=_bearer(contents[token]))


def read_kubeconfig(read: Read, path: Path, context: str | None) -> ClientConfig:
    """Return what the context (by default the current one) says; raises CredentialsError that names file and field."""
    with _readable(str(path)):
        read(path)
        cluster, user = _chosen(path, context)
        if refused := cluster.refused() or user.refused():
            raise CredentialsError(f"{refused} is not supported; use a token, a client certificate or exec")
        base = path.parent
        return ClientConfig(
            server=cluster.server.rstrip("/"),
            tls=TlsMaterial(
                authorities=_pem(read, base, cluster.certificate_authority_data, cluster.certificate_authority),
                certificate=_pem(read, base, user.client_certificate_data, user.client_certificate),
                key=_pem(read, base, user.client_key_data, user.client_key),
                verify=not cluster.insecure_skip_tls_verify,
            ),
            tls_server_name=cluster.tls_server_name,
            authorization=_authorization(read, base, user),
            plugin=Plugin(_settings(base, user.exec)) if user.exec else None,
        )


async def ask(plugin: Plugin) -> Grant:
    """Run the plugin; raises CredentialsError when it gives nothing to use."""
    with _readable(f"credential plugin {plugin.settings['command']}"):
        async with asyncio.timeout(_PLUGIN_LIMIT):
            status = await ExecProvider(plugin.settings).run()
        grant = Grant(
            authorization=_bearer(status["token"].encode()) if status.get("token") else None,
            certificate=_encoded(status.get("clientCertificateData")),
            key=_encoded(status.get("clientKeyData")),
            expires=_time(status.get("expirationTimestamp")),
        )
        if grant.authorization is None and (grant.certificate is None or grant.key is None):
            raise CredentialsError("neither a token nor a certificate with its key")
        return grant


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Name what could not be read; the library lets whatever is wrong in a file end in errors of all these kinds."""
    try:
        yield
    except TimeoutError as error:
        raise CredentialsError(f"{what}: no answer within {_PLUGIN_LIMIT:g} s") from error
    except (ConfigException, CredentialsError, yaml.YAMLError, msgspec.ValidationError, OSError) as error:
        raise CredentialsError(f"{what}: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CredentialsError(f"{what}: not as it should be: {error!r}") from error


def _chosen(path: Path, context: str | None) -> tuple[_Cluster, _User]:
    config = KubeConfigMerger(str(path)).config
    if config is None:
        raise CredentialsError("no such file")
    chosen = _named(config, "contexts", context or str(config["current-context"]))["context"]
    cluster = _named(config, "clusters", chosen["cluster"])["cluster"]
    user = _named(config, "users", chosen["user"])["user"] if chosen.get("user") else {}
    return msgspec.convert(cluster, _Cluster), msgspec.convert(user, _User)


def _named(config: ConfigNode, section: str, name: str) -> dict[str, Any]:
    entry = config[section].get_with_name(name)
    return dict(entry.value) if entry is not None else {}


def _authorization(read: Read, base: Path, user: _User) -> str | None:
    if user.token_file or user.token:
        return _bearer(read(base / user.token_file) if user.token_file else user.token.encode())
    if user.username:
        return "Basic " + base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
    return None


def _settings(base: Path, settings: dict[str, Any]) -> ConfigNode:
    """Return the plugin's settings; a path is relative to the kubeconfig, as for kubectl, a mere name is not."""
    command = settings["command"]
    return ConfigNode("exec", {**settings, "command": str(base / command) if "/" in command else command})


def _pem(read: Read, base: Path, data: str, file: str) -> bytes | None:
    if data:
        return base64.b64decode(data, validate=True)
    return read(base / file) if file else None


def _bearer(token: bytes) -> str:
    text = token.decode("ascii").strip()
    if not text or not text.isprintable():
        raise CredentialsError("the token is empty, or no token")
    return f"Bearer {text}"


def _encoded(text: str | None) -> bytes | None:
    return text.encode() if text else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
