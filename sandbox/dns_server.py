"""The DNS server of the test image: what CoreDNS would answer for a cluster's Services, where CoreDNS cannot be had.

It is copied into the image as `dns-server` and needs nothing but Python's standard library there. It follows the
Services and Endpoints of the cluster that it runs in, and answers by the Kubernetes DNS specification: Services,
headless ones, the hosts behind them, their ports (SRV), and ExternalName as an alias. There is no other name for it.
"""

import argparse
import http.client
import ipaddress
import json
import os
import signal
import socketserver
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TTL = 5
A, CNAME, AAAA, SRV, ANY = 1, 5, 28, 33, 255
NO_ERROR, FORMAT_ERROR, NO_SUCH_NAME = 0, 1, 3
ANSWER, AUTHORITATIVE, TRUNCATED, RECURSION_DESIRED = 0x8000, 0x0400, 0x0200, 0x0100
LARGEST_DATAGRAM = 512
LONGEST_CHAIN = 8  # of aliases
PATIENCE = 1.0  # seconds until the API server is asked again

Body = Mapping[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Record:
    name: str
    kind: int
    data: bytes


@dataclass(frozen=True)
class Host:
    """One address behind a Service."""

    name: str
    address: str
    ports: tuple[Body, ...] = ()


class Names:
    """The names of one cluster; `services` and `endpoints` are whoever watches these to keep up to date."""

    def __init__(self, domain: str, api_server: str = "") -> None:
        """`api_server`: where pods reach it if that is not the address of its Service."""
        self._zone = ["svc", *domain.split(".")]
        self._api_server = api_server
        self.services: dict[Key, Body] = {}
        self.endpoints: dict[Key, Body] = {}

    def lookup(self, name: str, kind: int) -> list[Record] | None:
        """The records of a name; None if there is no such name."""
        found: list[Record] = []
        for _ in range(LONGEST_CHAIN):
            records = self._records(name)
            if records is None:
                return found or None
            found += [record for record in records if kind in {record.kind, ANY} or record.kind == CNAME]
            alias = next((record for record in records if record.kind == CNAME), None)
            if alias is None or kind == CNAME:
                break
            name = decoded_name(alias.data, 0)[0]
        return found

    def _records(self, name: str) -> list[Record] | None:
        labels = name.lower().rstrip(".").split(".")
        if labels == self._zone[-len(labels) :]:
            return []
        if labels[-len(self._zone) :] != self._zone:
            return None
        *parts, namespace = labels[: -len(self._zone)]
        if not parts:
            return [] if any(key[0] == namespace for key in list(self.services)) else None
        *below, service_name = parts
        service = self.services.get((namespace, service_name))
        if service is None:
            return None
        return self._of_service(service, (namespace, service_name), below)

    def _of_service(self, service: Body, key: Key, below: list[str]) -> list[Record] | None:
        """The records of a Service, or of what is named below it."""
        name = ".".join([*below, key[1], key[0], *self._zone])
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return None if below else [Record(name, CNAME, encoded_name(spec["externalName"]))]
        hosts = list(self._hosts(service, key))
        if not below:
            return [_address(name, host) for host in hosts]
        if below[-1] in {"_tcp", "_udp", "_sctp"}:
            return _of_ports(name, hosts, below, ".".join([key[1], key[0], *self._zone]))
        named = [host for host in hosts if [host.name] == below and host.name]
        return [_address(name, host) for host in named] or None

    def _hosts(self, service: Body, key: Key) -> Iterator[Host]:
        """Whom the Service's name leads to: itself, or if it is headless whoever is behind it."""
        spec = service["spec"]
        address = spec.get("clusterIP") or "None"
        if key == ("default", "kubernetes"):
            address = self._api_server or address
        if address != "None":
            yield Host("", address, tuple(spec.get("ports") or ()))
            return
        lists = ["addresses", *(["notReadyAddresses"] if spec.get("publishNotReadyAddresses") else [])]
        for subset in self.endpoints.get(key, {}).get("subsets") or ():
            for each in (each for field in lists for each in subset.get(field) or ()):
                name = each.get("hostname") or each["ip"].replace(".", "-").replace(":", "-")
                yield Host(name, each["ip"], tuple(subset.get("ports") or ()))


def _address(name: str, host: Host) -> Record:
    address = ipaddress.ip_address(host.address)
    return Record(name, A if isinstance(address, ipaddress.IPv4Address) else AAAA, address.packed)


def _of_ports(name: str, hosts: Iterable[Host], below: list[str], service: str) -> list[Record] | None:
    *port_names, protocol = below
    records = [
        Record(name, SRV, struct.pack("!HHH", 0, 100, port["port"]) + encoded_name(f"{host.name}.{service}".strip(".")))
        for host in hosts
        for port in host.ports
        if f"_{port.get('protocol', 'TCP')}".lower() == protocol and port_names == [f"_{port.get('name', '')}"]
    ]
    return records or (None if port_names else [])


def encoded_name(name: str) -> bytes:
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decoded_name(message: bytes, offset: int) -> tuple[str, int]:
    """A name that is not compressed, and where it ends. Raises ValueError."""
    labels: list[str] = []
    while offset < len(message) and message[offset]:
        length = message[offset]
        label = message[offset + 1 : offset + 1 + length]
        if length >= 0x40 or len(label) < length:
            raise ValueError("no plain name")
        labels.append(label.decode("ascii", "replace"))
        offset += 1 + length
    if offset >= len(message):
        raise ValueError("a name without an end")
    return ".".join(labels), offset + 1


def respond(query: bytes, names: Names, *, limit: int = 0xFFFF) -> bytes | None:
    """The answer to a query, cut to nothing if it is longer than `limit`; None for what is no query."""
    if len(query) < 12 or query[2] & 0x80:
        return None
    number, flags, questions = struct.unpack("!HHH", query[:6])
    head = ANSWER | AUTHORITATIVE | (flags & RECURSION_DESIRED)
    try:
        name, end = decoded_name(query, 12)
        kind, _ = struct.unpack("!HH", query[end : end + 4])
    except (ValueError, struct.error):
        return struct.pack("!6H", number, head | FORMAT_ERROR, 0, 0, 0, 0)
    if questions != 1:
        return struct.pack("!6H", number, head | FORMAT_ERROR, 0, 0, 0, 0)
    question = query[12 : end + 4]
    records = names.lookup(name, kind)
    code = NO_SUCH_NAME if records is None else NO_ERROR
    body = b"".join(map(_encoded, records or ()))
    whole = struct.pack("!6H", number, head | code, 1, len(records or ()), 0, 0) + question + body
    if len(whole) <= limit:
        return whole
    return struct.pack("!6H", number, head | TRUNCATED | code, 1, 0, 0, 0) + question


def _encoded(record: Record) -> bytes:
    return encoded_name(record.name) + struct.pack("!HHIH", record.kind, 1, TTL, len(record.data)) + record.data


class Datagrams(socketserver.ThreadingUDPServer):
    daemon_threads = True
    allow_reuse_address = True


class Connections(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(names: Names, port: int) -> tuple[Datagrams, Connections]:
    """Servers that answer in threads of their own as soon as these are started."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            answer = respond(query, names, limit=LARGEST_DATAGRAM)
            if answer is not None:
                socket.sendto(answer, self.client_address)

    class Connection(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            while len(length := self.rfile.read(2)) == 2:
                answer = respond(self.rfile.read(int.from_bytes(length, "big")), names)
                if answer is None:
                    return
                self.wfile.write(len(answer).to_bytes(2, "big") + answer)

    return Datagrams(("", port), Datagram), Connections(("", port), Connection)


class Follower(threading.Thread):
    """Keeps one kind of the cluster's objects up to date in a dict; `synced` once it has seen them all."""

    def __init__(self, plural: str, objects: dict[Key, Body]) -> None:
        super().__init__(daemon=True)
        self._path = f"/api/v1/{plural}"
        self._objects = objects
        self.synced = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self._watch(self._list())
            except (OSError, ValueError, http.client.HTTPException) as error:
                print(f"{self._path}: {error!r}", file=sys.stderr, flush=True)  # noqa: T201 - its only log
            time.sleep(PATIENCE)

    def _list(self) -> str:
        answer = json.load(self._request(self._path))
        found = {_key(item): item for item in answer["items"]}
        for key in self._objects.keys() - found.keys():
            del self._objects[key]
        self._objects.update(found)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> None:
        query = f"?watch=1&timeoutSeconds=240&resourceVersion={version}"
        for line in self._request(self._path + query):
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise ValueError(event["object"].get("message"))
            if event["type"] == "DELETED":
                self._objects.pop(_key(event["object"]), None)
            else:
                self._objects[_key(event["object"])] = event["object"]

    def _request(self, path: str) -> http.client.HTTPResponse:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        connection = http.client.HTTPSConnection(host, port, context=trust, timeout=300)
        token = (ACCOUNT / "token").read_text().strip()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise ValueError(f"{response.status} {response.read(300).decode(errors='replace')}")
        return response


def _key(body: Body) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def answer(names: Names, port: int) -> None:
    """Follow the cluster, then answer for it until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    followers = [Follower("services", names.services), Follower("endpoints", names.endpoints)]
    for follower in followers:
        follower.start()
    for follower in followers:
        follower.synced.wait()
    datagrams, connections = serve(names, port)
    threading.Thread(target=datagrams.serve_forever, daemon=True).start()
    print(f"answering at port {port}", file=sys.stderr, flush=True)  # noqa: T201 - its only log
    connections.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer for the Services of the cluster that this runs in.")
    parser.add_argument("--port", type=int, default=53)
    parser.add_argument("--domain", default="cluster.local")
    arguments = parser.parse_args()
    answer(Names(arguments.domain, os.environ["KUBERNETES_SERVICE_HOST"]), arguments.port)


if __name__ == "__main__":
    main()
