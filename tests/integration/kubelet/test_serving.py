"""Who is let in, what else the server answers, and what happens when its files are replaced."""

import ssl
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kube.certificates import KeyPair, new_authority
from kube.codec import decode_object
from kube.objects import Object
from node.kubelet.access import Access
from tests.integration.kubelet.certificates import API_SERVER, Certificates
from tests.integration.kubelet.client import Connection, request
from tests.integration.kubelet.directory import OnePod
from tests.integration.kubelet.host import Host
from tests.integration.kubelet.serving import Everybody, Serving, serving
from tests.virtual_clock import VirtualClock

LATER = 60.0  # by then the files have been looked at again


async def get(connection: Connection, path: str, *, method: str = "GET") -> tuple[int, bytes]:
    connection.send(request(path, method=method))
    head = await connection.head()
    if "chunked" in head.headers.get("transfer-encoding", ""):
        return head.status, await connection.reader.readuntil(b"\r\n0\r\n\r\n")
    return head.status, await connection.body(head)


@pytest.mark.parametrize("path", ["/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop"])
async def test_health(kubelet: Serving, path: str) -> None:
    assert await get(await kubelet.connect(), path) == (200, b"ok")


async def test_unknown_paths_are_not_found_and_slashes_count(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    for path in ("/", "/pods/", "/runningpods", "/debug/pprof/"):
        assert (await get(connection, path))[0] == 404, path


@pytest.mark.parametrize("path", ["/pods", "/runningpods/", "/metrics", "/healthz", "/containerLogs/shop/web/app"])
async def test_what_is_to_be_read_cannot_be_written(kubelet: Serving, path: str) -> None:
    assert (await get(await kubelet.connect(), path, method="POST"))[0] == 405


@pytest.mark.parametrize("path", ["/logs", "/logs/", "/logs/syslog", "/logs/?query=kubelet&tailLines=5"])
async def test_logs_of_the_machine_are_refused_with_the_reason(kubelet: Serving, path: str) -> None:
    status, body = await get(await kubelet.connect(), path)
    assert status == 405
    assert body.startswith(b"logs endpoint is disabled")


async def test_the_configuration_is_told_in_a_kubelets_words(kubelet: Serving) -> None:
    status, body = await get(await kubelet.connect(), "/configz")
    told = msgspec.json.decode(body)["kubeletconfig"]
    assert (status, told["kind"], told["address"]) == (200, "KubeletConfiguration", "127.0.0.1")
    assert told["authentication"]["anonymous"] == {"enabled": False}
    assert told["authorization"]["webhook"] == {"cacheAuthorizedTTL": "1m0s", "cacheUnauthorizedTTL": "10s"}


async def test_metrics_are_those_of_the_registry(kubelet: Serving) -> None:
    kubelet.counter.inc(42)
    status, body = await get(await kubelet.connect(), "/metrics")
    assert status == 200
    assert b"\nbeats_total 42.0\n" in body


async def test_both_lists_of_pods_are_pod_lists(certificates: Certificates, upstream: Host) -> None:
    async with serving(certificates, upstream.port, directory=OnePod([POD])) as kubelet:
        connection = await kubelet.connect()
        for path in ("/pods", "/runningpods/"):
            _, body = await get(connection, path)
            listed = msgspec.json.decode(body.split(b"\r\n", 1)[1].removesuffix(b"\r\n0\r\n\r\n"))
            assert (listed["kind"], [each["metadata"]["name"] for each in listed["items"]]) == ("PodList", ["web"])


async def test_without_a_certificate_nobody_is_answered(kubelet: Serving, certificates: Certificates) -> None:
    for path in ("/healthz", "/pods", "/no/such/path"):
        connection = await kubelet.connect(certificates.client_context(None))
        assert await get(connection, path) == (401, b"Unauthorized")
        assert await connection.rest() == b""


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/metrics/resource", "/no/such/path", "/exec/shop/no/app"])
async def test_answers_do_not_tell_what_program_makes_them(
    kubelet: Serving, certificates: Certificates, path: str
) -> None:
    for context in (None, certificates.client_context(None)):
        connection = await kubelet.connect(context)
        connection.send(request(path))
        assert "server" not in (await connection.head()).headers


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: node\r\nno header\r\n\r\n", id="a line that is no header"),
        pytest.param(b"\x00\x01\x02\r\n\r\n", id="no HTTP"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another protocol"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: n\r\nContent-Length: -1\r\n\r\n", id="an impossible length"),
        pytest.param(
            b"POST /pods HTTP/1.1\r\nHost: n\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="two lengths",
        ),
    ],
)
async def test_what_is_no_request_is_refused_without_a_word_in_the_log(
    kubelet: Serving, certificates: Certificates, sent: bytes
) -> None:
    connection = await kubelet.connect(certificates.client_context(None))
    connection.send(sent)
    head = await connection.head()
    assert (head.status, head.headers.get("server", "")) == (400, "")
    assert await connection.rest() == b"Bad Request"


async def test_health_is_told_to_anybody_if_so_wished_and_nothing_else(
    certificates: Certificates, upstream: Host
) -> None:
    access = Access([], Everybody(), health_for_all=True)
    async with serving(certificates, upstream.port, access=access) as kubelet:
        for path, status in {"/healthz": 200, "/healthz/ping": 200, "/pods": 401, "/pods/healthz": 401}.items():
            connection = await kubelet.connect(certificates.client_context(None))
            assert (await get(connection, path))[0] == status, path


@pytest.mark.parametrize(
    "authority",
    [
        pytest.param(new_authority("other", now=datetime.now(UTC)), id="of another name"),
        pytest.param(new_authority("virtual", now=datetime.now(UTC)), id="of the same name"),
    ],
)
async def test_a_certificate_of_another_authority_is_refused(
    kubelet: Serving, certificates: Certificates, authority: KeyPair
) -> None:
    assert await is_refused(kubelet, certificates.client_context(API_SERVER, by=authority))


async def test_a_new_serving_certificate_is_used_by_new_connections_while_streams_go_on(
    certificates: Certificates, upstream: Host
) -> None:
    clock = VirtualClock()
    async with serving(certificates, upstream.port, clock=clock) as kubelet:
        stream = await (await kubelet.connect()).switched("/exec/shop/web/app?output=1&command=echo")
        first = served_certificate(await kubelet.connect())
        certificates.issue_server()
        clock.jump(LATER)
        assert served_certificate(await kubelet.connect()) != first
        assert await stream.echoed(b"ping") == b"ping"


async def test_files_that_do_not_belong_together_change_nothing_until_they_do(
    certificates: Certificates, upstream: Host
) -> None:
    clock = VirtualClock()
    async with serving(certificates, upstream.port, clock=clock) as kubelet:
        first = served_certificate(await kubelet.connect())
        old_key = certificates.path("server.key").read_bytes()
        new = certificates.issue_server()
        for key in (old_key, b"", new.key[: len(new.key) // 2]):
            certificates.path("server.key").write_bytes(key)
            clock.jump(LATER)
            assert served_certificate(await kubelet.connect()) == first
        certificates.path("server.key").write_bytes(new.key)
        clock.jump(LATER)
        assert served_certificate(await kubelet.connect()) != first


async def test_a_new_client_authority_replaces_the_old_one(certificates: Certificates, upstream: Host) -> None:
    clock = VirtualClock()
    authority = new_authority("next", now=datetime.now(UTC))
    old, new = certificates.client_context(), certificates.client_context(API_SERVER, by=authority)
    async with serving(certificates, upstream.port, clock=clock) as kubelet:
        opened_before = await kubelet.connect(old)
        stream = await (await kubelet.connect(old)).switched("/exec/shop/web/app?output=1&command=echo")
        assert (await get(opened_before, "/healthz"))[0] == 200
        certificates.path("ca.crt").write_bytes(authority.certificate)
        clock.jump(LATER)
        assert (await get(await kubelet.connect(new), "/healthz"))[0] == 200
        assert await is_refused(kubelet, old)
        assert (await get(opened_before, "/healthz"))[0] == 401
        assert await opened_before.rest() == b""
        assert await stream.echoed(b"ping") == b"ping"


async def test_a_connection_outlives_new_authorities_if_its_certificate_is_good_for_them(
    certificates: Certificates, upstream: Host
) -> None:
    clock = VirtualClock()
    async with serving(certificates, upstream.port, clock=clock) as kubelet:
        connection = await kubelet.connect()
        another = new_authority("next", now=datetime.now(UTC))
        certificates.path("ca.crt").write_bytes(another.certificate + certificates.authority.certificate)
        clock.jump(LATER)
        assert (await get(connection, "/healthz"))[0] == 200


async def test_a_connection_does_not_outlive_its_clients_certificate(
    certificates: Certificates, upstream: Host
) -> None:
    clock = VirtualClock()
    async with serving(certificates, upstream.port, clock=clock) as kubelet:
        connection = await kubelet.connect()
        clock.jump(5 * 365 * 86400)
        assert await get(connection, "/healthz") == (401, b"Unauthorized")


async def test_an_expired_certificate_is_refused(kubelet: Serving, certificates: Certificates) -> None:
    expired = certificates.client_context(lifetime=timedelta(minutes=-1))
    assert await is_refused(kubelet, expired)


async def is_refused(kubelet: Serving, context: ssl.SSLContext) -> bool:
    """With TLS 1.3 a client learns of it only when it reads."""
    try:
        connection = await kubelet.connect(context)
        connection.send(request("/healthz"))
        return await connection.rest() == b""
    except (ssl.SSLError, ConnectionError):
        return True


def served_certificate(connection: Connection) -> bytes:
    certificate: bytes = connection.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return certificate


POD: Object = decode_object(
    b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u"},'
    b'"status":{"containerStatuses":[{"name":"app","image":"busybox","state":{"running":{}}}]}}'
)
