import asyncio
import json
import math
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from kube.certificates import KeyPair, expiry
from kube.connection import Access
from kube.credentials import Credentials, load_in_cluster, load_kubeconfig
from kube.errors import CredentialsError
from kube.reloading import INTERVAL
from tests.unit.kube.identities import authority, client
from tests.virtual_clock import VirtualClock

POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
SERVER = "https://192.0.2.1:6443"


class World:
    """A folder with a kubeconfig, a service account and a plugin, and the clock that all go by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.write("token", "first")
        (folder / "ca.crt").write_bytes(authority().certificate)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def use_pair(self, certificate: str, key: str) -> None:
        (self.folder / "tls.crt").write_bytes(client(certificate).certificate)
        (self.folder / "tls.key").write_bytes(client(key).key)

    def in_cluster(self) -> Credentials:
        return load_in_cluster(self.folder, POD, clock=self.clock)

    async def kubeconfig(self, server: str = SERVER, **user: object) -> Credentials:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": "ca.crt"}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        self.write("config", yaml.safe_dump(config))
        return await load_kubeconfig(self.folder / "config", clock=self.clock)

    async def plugin(self) -> Credentials:
        """Use a plugin that gives what the file `grant` has, and counts its runs."""
        program = self.folder / "plugin"
        program.write_text('#!/bin/sh\ncd "$(dirname "$0")"\necho run >>runs\ncat grant\n')
        program.chmod(0o700)
        return await self.kubeconfig(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"})

    def grant(self, token: str = "", *, pair: KeyPair | None = None, lasts: float | None = None) -> None:
        status = {"token": token}
        if pair is not None:
            status |= {"clientCertificateData": pair.certificate.decode(), "clientKeyData": pair.key.decode()}
        if lasts is not None:
            ends = self.clock.utcnow() + timedelta(seconds=lasts)
            status["expirationTimestamp"] = ends.isoformat()
        answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
        self.write("grant", json.dumps(answer))

    @property
    def runs(self) -> int:
        return len((self.folder / "runs").read_text().splitlines())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("rotated", ["second", "second\n"])
async def test_rotated_token_is_used_soon(world: World, rotated: str) -> None:
    credentials = world.in_cluster()
    assert (await credentials.access()).authorization == "Bearer first"
    world.write("token", rotated)
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).authorization == "Bearer second"


async def test_refused_token_is_replaced_at_once_if_there_is_another(world: World) -> None:
    credentials = world.in_cluster()
    access = await credentials.access()
    assert not await credentials.refused(access)
    world.write("token", "second")
    assert await credentials.refused(access)
    assert (await credentials.access()).authorization == "Bearer second"


async def test_request_that_was_refused_late_is_tried_with_what_others_found(world: World) -> None:
    credentials = world.in_cluster()
    access = await credentials.access()
    world.write("token", "second")
    assert [await credentials.refused(access) for _ in range(3)] == [True, True, True]


async def test_access_is_the_very_same_while_nothing_changes(world: World) -> None:
    credentials = world.in_cluster()
    access = await credentials.access()
    world.clock.jump(10 * INTERVAL)
    assert await credentials.access() is access


async def test_rotated_token_does_not_cost_the_connections(world: World) -> None:
    credentials = world.in_cluster()
    before = await credentials.access()
    world.write("token", "second")
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).tls is before.tls


async def test_new_authorities_make_a_new_context(world: World) -> None:
    credentials = world.in_cluster()
    before = await credentials.access()
    (world.folder / "ca.crt").write_bytes(authority("new").certificate)
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).tls is not before.tls


async def test_new_client_certificate_makes_a_new_context(world: World) -> None:
    world.use_pair("one", "one")
    credentials = await world.kubeconfig(**{"client-certificate": "tls.crt", "client-key": "tls.key"})
    before = await credentials.access()
    world.use_pair("other", "other")
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).tls is not before.tls


async def test_the_end_of_a_client_certificate_is_known(world: World) -> None:
    world.use_pair("one", "one")
    pair = {"client-certificate": "tls.crt", "client-key": "tls.key"}
    assert (await world.kubeconfig(**pair)).expires() == expiry(client("one").certificate)
    assert world.in_cluster().expires() == math.inf


async def test_half_replaced_pair_leaves_the_old_one_in_use_until_it_is_whole(world: World) -> None:
    world.use_pair("one", "one")
    credentials = await world.kubeconfig(**{"client-certificate": "tls.crt", "client-key": "tls.key"})
    before = await credentials.access()
    world.use_pair("other", "one")
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).tls is before.tls
    world.use_pair("other", "other")
    world.clock.jump(INTERVAL)
    assert (await credentials.access()).tls is not before.tls


async def test_pair_that_does_not_match_is_refused_at_first(world: World) -> None:
    world.use_pair("other", "one")
    with pytest.raises(CredentialsError, match=SERVER):
        await world.kubeconfig(**{"client-certificate": "tls.crt", "client-key": "tls.key"})


async def test_changed_kubeconfig_is_used_as_a_whole(world: World) -> None:
    credentials = await world.kubeconfig(token="a")  # noqa: S106 - not a real one
    await world.kubeconfig("https://192.0.2.2", token="b")  # noqa: S106 - as above
    world.clock.jump(INTERVAL)
    access = await credentials.access()
    assert (access.server, access.authorization) == ("https://192.0.2.2", "Bearer b")


async def test_plain_http_has_no_tls(world: World) -> None:
    credentials = await world.kubeconfig("http://192.0.2.1:8080")
    assert await credentials.access() == Access("http://192.0.2.1:8080")


async def test_plugin_is_asked_once_for_many_requests(world: World) -> None:
    world.grant("a", lasts=100)
    credentials = await world.plugin()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(credentials.access()) for _ in range(20)]
    assert {task.result().authorization for task in asked} == {"Bearer a"}
    assert world.runs == 1


async def test_plugin_is_asked_again_before_its_credential_ends(world: World) -> None:
    world.grant("a", lasts=100)
    credentials = await world.plugin()
    world.grant("b", lasts=200)
    world.clock.jump(89)
    assert (await credentials.access()).authorization == "Bearer a"
    world.clock.jump(1)
    assert (await credentials.access()).authorization == "Bearer b"


async def test_credential_without_an_end_is_kept_until_it_is_refused(world: World) -> None:
    world.grant("a")
    credentials = await world.plugin()
    world.grant("b")
    world.clock.jump(1_000_000)
    access = await credentials.access()
    assert access.authorization == "Bearer a"
    assert await credentials.refused(access)
    assert (await credentials.access()).authorization == "Bearer b"


async def test_plugin_is_not_run_for_every_refusal(world: World) -> None:
    world.grant("a")
    credentials = await world.plugin()
    access = await credentials.access()
    assert not await credentials.refused(access)
    assert world.runs == 1


async def test_failing_plugin_leaves_a_credential_in_use_that_has_not_ended(world: World) -> None:
    world.grant("a", lasts=100)
    credentials = await world.plugin()
    world.write("grant", "oops")
    world.clock.jump(95)
    assert [(await credentials.access()).authorization for _ in range(3)] == ["Bearer a"] * 3
    assert world.runs == 2
    world.clock.jump(10)
    with pytest.raises(CredentialsError):
        await credentials.access()


async def test_plugin_that_gives_certificates_changes_the_context(world: World) -> None:
    world.grant(pair=client("one"), lasts=100)
    credentials = await world.plugin()
    before = await credentials.access()
    assert before.authorization is None
    world.grant(pair=client("other"), lasts=200)
    world.clock.jump(95)
    assert (await credentials.access()).tls is not before.tls
