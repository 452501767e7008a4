"""Credentials that change while the client runs."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kube.client import Client
from kube.credentials import Credentials, load_in_cluster, load_kubeconfig
from kube.errors import Forbidden
from kube.kubernetes_config import read_kubeconfig
from kube.reloading import INTERVAL
from kube.resources import CONFIG_MAPS, SERVICE_ACCOUNTS
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.kube.tls_server import read_head, tls_server, user_of
from tests.leaks import nothing_left
from tests.unit.kube.identities import client as identity
from tests.virtual_clock import VirtualClock

LIMIT = 30.0


async def issue_token(api: Api, name: str) -> str:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": api.namespace}}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    async with connected(api.kubeconfig) as admin:
        await admin.create(SERVICE_ACCOUNTS, account)
        issued = await admin.create(SERVICE_ACCOUNTS, request, api.namespace, name=name, subresource="token")
    return str(issued.decode("status")["token"])


def pod_credentials(api: Api, folder: Path, clock: VirtualClock) -> Credentials:
    """What a pod of this cluster would be given, in a folder."""
    config = read_kubeconfig(Path.read_bytes, api.kubeconfig, None)
    server = urlsplit(config.server)
    (folder / "ca.crt").write_bytes(config.tls.authorities or b"")
    environ = {"KUBERNETES_SERVICE_HOST": server.hostname or "", "KUBERNETES_SERVICE_PORT": str(server.port)}
    return load_in_cluster(folder, environ, clock=clock)


@pytest.mark.parametrize("ending", ["", "\n"], ids=["without a newline", "with a newline"])
async def test_rotated_token_of_a_service_account_is_used(host_api: Api, tmp_path: Path, ending: str) -> None:
    clock = VirtualClock()
    before, after = await issue_token(host_api, "before"), await issue_token(host_api, "after")
    (tmp_path / "token").write_text(before + ending)
    credentials = pod_credentials(host_api, tmp_path, clock)
    async with nothing_left(), Client(credentials, user_agent="test", field_manager="test") as client:
        with pytest.raises(Forbidden, match=f"system:serviceaccount:{host_api.namespace}:before"):
            await client.get(CONFIG_MAPS, "a", host_api.namespace)
        (tmp_path / "token").write_text(after + ending)
        clock.jump(INTERVAL)
        with pytest.raises(Forbidden, match=f"system:serviceaccount:{host_api.namespace}:after"):
            await client.get(CONFIG_MAPS, "a", host_api.namespace)


async def test_revoked_token_is_replaced_in_the_middle_of_a_call(host_api: Api, tmp_path: Path) -> None:
    revoked, good = await issue_token(host_api, "revoked"), await issue_token(host_api, "good")
    (tmp_path / "token").write_text(revoked)
    credentials = pod_credentials(host_api, tmp_path, VirtualClock())
    async with connected(host_api.kubeconfig) as admin:
        await admin.delete(SERVICE_ACCOUNTS, "revoked", host_api.namespace)
    (tmp_path / "token").write_text(good)
    async with nothing_left(), Client(credentials, user_agent="test", field_manager="test") as client:
        with pytest.raises(Forbidden, match=f"system:serviceaccount:{host_api.namespace}:good"):
            await client.get(CONFIG_MAPS, "a", host_api.namespace)


async def test_plugin_of_a_kubeconfig_lets_us_in(host_api: Api, tmp_path: Path) -> None:
    token = await issue_token(host_api, "robot")
    config = read_kubeconfig(Path.read_bytes, host_api.kubeconfig, None)
    (tmp_path / "ca.crt").write_bytes(config.tls.authorities or b"")
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}}
    (tmp_path / "plugin").write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    (tmp_path / "plugin").chmod(0o700)
    (tmp_path / "kubeconfig").write_text(
        f"""
        clusters: [{{name: c, cluster: {{server: "{config.server}", certificate-authority: ca.crt}}}}]
        users: [{{name: u, user: {{exec: {{apiVersion: {version}, command: ./plugin}}}}}}]
        contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
        current-context: x
        """
    )
    async with nothing_left(), connected(tmp_path / "kubeconfig") as client:
        with pytest.raises(Forbidden, match=f"system:serviceaccount:{host_api.namespace}:robot"):
            await client.get(CONFIG_MAPS, "a", host_api.namespace)


async def serve_names(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer each request with the name in the client's certificate; a watch goes on telling it."""
    while True:
        head = await read_head(reader)
        told = b'{"metadata":{"name":"%s"}}' % user_of(writer).encode()
        if "watch=true" not in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
            continue
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line = b'{"type":"ADDED","object":%s}\n' % told
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
            await asyncio.sleep(0.01)


async def test_new_client_certificate_is_used_while_running_streams_keep_theirs(tmp_path: Path) -> None:
    def use(name: str) -> None:
        (tmp_path / "tls.crt").write_bytes(identity(name).certificate)
        (tmp_path / "tls.key").write_bytes(identity(name).key)

    use("before")
    clock = VirtualClock()
    user = {"client-certificate": "tls.crt", "client-key": "tls.key"}
    async with nothing_left(), tls_server(tmp_path, serve_names, user=user) as kubeconfig, asyncio.timeout(LIMIT):
        credentials = await load_kubeconfig(kubeconfig, clock=clock)
        async with (
            Client(credentials, user_agent="test", field_manager="test") as client,
            aclosing(client.watch(CONFIG_MAPS, resource_version="1")) as events,
        ):
            assert (await client.get(CONFIG_MAPS, "a", "b")).name == "before"
            assert (await anext(events)).object.name == "before"
            use("after")
            clock.jump(INTERVAL)
            assert (await client.get(CONFIG_MAPS, "a", "b")).name == "after"
            assert [(await anext(events)).object.name for _ in range(20)] == ["before"] * 20
