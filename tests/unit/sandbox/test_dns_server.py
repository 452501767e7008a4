"""Names as the Kubernetes DNS specification has them, and messages as RFC 1035 has them."""

import socket
import struct
import threading
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dns_server import AAAA, CNAME, SRV, A, Names, decoded_name, encoded_name, respond, serve

NXDOMAIN = None


@pytest.fixture
def names() -> Names:
    names = Names("cluster.local", "198.18.0.1")
    for name, spec in {
        "web": {"clusterIP": "10.0.0.7", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
        "db": {"clusterIP": "None"},
        "late": {"clusterIP": "None", "publishNotReadyAddresses": True},
        "six": {"clusterIP": "fd00::7"},
        "alias": {"type": "ExternalName", "externalName": "web.shop.svc.cluster.local"},
        "away": {"type": "ExternalName", "externalName": "example.com"},
        "loop": {"type": "ExternalName", "externalName": "loop.shop.svc.cluster.local"},
    }.items():
        names.services["shop", name] = {"spec": spec}
    names.services["default", "kubernetes"] = {"spec": {"clusterIP": "10.0.0.1"}}
    subset = {
        "addresses": [{"ip": "10.1.0.1", "hostname": "db-0"}, {"ip": "10.1.0.2"}],
        "notReadyAddresses": [{"ip": "10.1.0.3", "hostname": "db-2"}],
        "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}],
    }
    names.endpoints["shop", "db"] = names.endpoints["shop", "late"] = {"subsets": [subset]}
    return names


def told(names: Names, name: str, kind: int = A) -> list[str] | None:
    records = names.lookup(name, kind)
    return None if records is None else sorted(_text(record.kind, record.data) for record in records)


def _text(kind: int, data: bytes) -> str:
    if kind in {A, AAAA}:
        return str(ip_address(data))
    if kind == SRV:
        return f"{struct.unpack('!HHH', data[:6])[2]} {decoded_name(data, 6)[0]}"
    return decoded_name(data, 0)[0]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        pytest.param("web.shop.svc.cluster.local", A, ["10.0.0.7"], id="a Service"),
        pytest.param("WEB.shop.svc.cluster.local.", A, ["10.0.0.7"], id="in any case, complete"),
        pytest.param("web.shop.svc.cluster.local", AAAA, [], id="has no address of the other family"),
        pytest.param("six.shop.svc.cluster.local", AAAA, ["fd00::7"], id="of the other family"),
        pytest.param("db.shop.svc.cluster.local", A, ["10.1.0.1", "10.1.0.2"], id="headless: who is ready"),
        pytest.param("late.shop.svc.cluster.local", A, ["10.1.0.1", "10.1.0.2", "10.1.0.3"], id="who is not as well"),
        pytest.param("db-0.db.shop.svc.cluster.local", A, ["10.1.0.1"], id="a pod by its hostname"),
        pytest.param("10-1-0-2.db.shop.svc.cluster.local", A, ["10.1.0.2"], id="a pod by its address"),
        pytest.param("db-2.db.shop.svc.cluster.local", A, NXDOMAIN, id="a pod that is not ready"),
        pytest.param(
            "_http._tcp.web.shop.svc.cluster.local", SRV, ["80 web.shop.svc.cluster.local"], id="a Service's port"
        ),
        pytest.param(
            "_sql._tcp.db.shop.svc.cluster.local",
            SRV,
            ["5432 10-1-0-2.db.shop.svc.cluster.local", "5432 db-0.db.shop.svc.cluster.local"],
            id="a headless one's port",
        ),
        pytest.param("_http._udp.web.shop.svc.cluster.local", SRV, NXDOMAIN, id="of another protocol"),
        pytest.param(
            "alias.shop.svc.cluster.local", A, ["10.0.0.7", "web.shop.svc.cluster.local"], id="an alias and its address"
        ),
        pytest.param("alias.shop.svc.cluster.local", CNAME, ["web.shop.svc.cluster.local"], id="an alias alone"),
        pytest.param("away.shop.svc.cluster.local", A, ["example.com"], id="an alias for what others know"),
        pytest.param("kubernetes.default.svc.cluster.local", A, ["198.18.0.1"], id="where pods reach the API server"),
        pytest.param("shop.svc.cluster.local", A, [], id="a namespace is there, and no host"),
        pytest.param("nowhere.svc.cluster.local", A, NXDOMAIN, id="no namespace"),
        pytest.param("no.shop.svc.cluster.local", A, NXDOMAIN, id="no Service"),
        pytest.param("example.com", A, NXDOMAIN, id="not ours to know"),
        pytest.param("local", A, [], id="above our zone"),
    ],
)
def test_lookup(names: Names, name: str, kind: int, expected: list[str] | None) -> None:
    assert told(names, name, kind) == expected


def test_an_alias_of_itself_ends(names: Names) -> None:
    assert set(told(names, "loop.shop.svc.cluster.local") or ()) == {"loop.shop.svc.cluster.local"}


def query(name: str, kind: int = A) -> bytes:
    return struct.pack("!6H", 77, 0x0100, 1, 0, 0, 0) + encoded_name(name) + struct.pack("!HH", kind, 1)


def test_an_answer_bears_the_querys_number_and_question(names: Names) -> None:
    asked = query("web.shop.svc.cluster.local")
    answer = respond(asked, names)
    assert answer is not None
    assert struct.unpack("!6H", answer[:12]) == (77, 0x8500, 1, 1, 0, 0)
    assert answer[12 : len(asked)] == asked[12:]
    assert answer.endswith(b"\0\4\x0a\0\0\7")


def test_what_does_not_fit_is_cut_and_says_so(names: Names) -> None:
    answer = respond(query("db.shop.svc.cluster.local"), names, limit=60)
    assert answer is not None
    assert len(answer) <= 60
    assert answer[2] & 0x02


@given(st.binary(max_size=80))
def test_no_bytes_bring_it_down(names_of_nobody: bytes) -> None:
    answer = respond(names_of_nobody, Names("cluster.local", "10.0.0.1"))
    assert answer is None or answer[:2] == names_of_nobody[:2]


def test_it_answers_by_datagram_and_by_connection(names: Names) -> None:
    datagrams, connections = serve(names, 0)
    for server in (datagrams, connections):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    asked: Any = query("web.shop.svc.cluster.local")
    expected = respond(asked, names)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.settimeout(10)
        plain.sendto(asked, ("127.0.0.1", datagrams.server_address[1]))
        assert plain.recv(512) == expected
    with socket.create_connection(("127.0.0.1", connections.server_address[1]), timeout=10) as stream:
        stream.sendall(len(asked).to_bytes(2, "big") + asked)
        with stream.makefile("rb") as answers:
            assert answers.read(int.from_bytes(answers.read(2), "big")) == expected
    for server in (datagrams, connections):
        server.shutdown()
        server.server_close()
