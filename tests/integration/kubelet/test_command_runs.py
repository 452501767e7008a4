"""/run against a host of the test's own."""

from urllib.parse import quote

import pytest

from tests.eventually import eventually
from tests.integration.kubelet.client import request
from tests.integration.kubelet.directory import WEB_UID
from tests.integration.kubelet.host import Host
from tests.integration.kubelet.serving import Serving

SUCCESS = '3:{"status":"Success"}'
FAILURE = '3:{"status":"Failure","message":"command-terminated-with-exit-code-7-in-web-shop-x7f3k"}'


async def run(kubelet: Serving, command: str, *, path: str = "/run/shop/web/app") -> tuple[int, bytes]:
    connection = await kubelet.connect()
    connection.send(request(f"{path}?cmd={quote(command)}", method="POST"))
    head = await connection.head()
    return head.status, await connection.body(head)


@pytest.mark.parametrize("path", ["/run/shop/web/app", f"/run/shop/web/{WEB_UID}/app"])
async def test_what_a_command_prints_is_the_answer(kubelet: Serving, upstream: Host, path: str) -> None:
    assert await run(kubelet, f"say 1:out 2:err 1:more {SUCCESS}", path=path) == (200, b"outerrmore")
    (asked,) = upstream.conversations
    assert asked.target.startswith("/api/v1/namespaces/host-namespace/pods/web-shop-x7f3k/exec?stdout=true&stderr=true")
    assert "container=app&command=say&command=1%3Aout" in asked.target


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        pytest.param(f"say 1:out {FAILURE}", b"command-terminated-with-exit-code-7-in-web", id="it failed"),
        pytest.param("say 1:out", b"the host broke off", id="it did not say how it ended"),
        pytest.param("greet-and-leave", b"an extension that nobody asked for", id="no WebSocket"),
    ],
)
async def test_a_command_that_fails_is_told_with_its_reason(kubelet: Serving, command: str, reason: bytes) -> None:
    status, body = await run(kubelet, command)
    assert status == 500
    assert body.startswith(reason)


async def test_a_refusal_of_the_host_is_told(kubelet: Serving) -> None:
    assert await run(kubelet, "refuse") == (403, b"no")


@pytest.mark.parametrize(
    ("path", "command", "status"),
    [
        ("/run/shop/nobody/app", "say", 404),
        ("/run/shop/web/istio-proxy", "say", 404),
        ("/run/shop/web/former-uid/app", "say", 404),
        ("/run/shop/web/app", "", 400),
    ],
)
async def test_what_makes_no_sense_never_reaches_the_host(
    kubelet: Serving, upstream: Host, path: str, command: str, status: int
) -> None:
    assert (await run(kubelet, command, path=path))[0] == status
    assert upstream.conversations == []


async def test_who_leaves_ends_the_command(kubelet: Serving, upstream: Host) -> None:
    connection = await kubelet.connect()
    connection.send(request("/run/shop/web/app?cmd=collect", method="POST"))
    await eventually(lambda: upstream.conversations, "the host to be asked")
    connection.vanish()
    await eventually(lambda: kubelet.open_streams == 0, "the command to be ended")
