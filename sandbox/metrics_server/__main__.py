"""Scrapes all nodes again and again, and answers the API server that passes requests on to here.

Who may ask what has been decided there: nobody but its proxy, which shows a certificate, gets more than `/readyz`.
"""

import argparse
import http.client
import json
import os
import signal
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox.metrics_server import answers, cluster, points
from sandbox.metrics_server.answers import API_VERSION, KINDS, Body
from sandbox.metrics_server.cluster import RefusedError
from sandbox.metrics_server.usage import Storage

AUTHENTICATION = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
PASSED_ON = {"labelSelector", "fieldSelector"}
Answer = tuple[int, Body]


class Scraper(threading.Thread):
    """Fills the storage; `ready` after the first round."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(daemon=True)
        self._storage = storage
        self.ready = threading.Event()

    def run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._round()
            except (OSError, ValueError, http.client.HTTPException, RefusedError) as error:
                _log(f"nodes not listed: {error!r}")
            time.sleep(max(0.0, self._storage.resolution - (time.monotonic() - began)))

    def _round(self) -> None:
        scrapes = {}
        for node in cluster.objects("/api/v1/nodes")["items"]:
            name = node["metadata"]["name"]
            try:
                scrapes[name] = points.read(cluster.scraped(node), now=time.time())
            except (OSError, ValueError, KeyError, http.client.HTTPException, RefusedError) as error:
                _log(f"node {name} not scraped: {error!r}")
        self._storage.store(scrapes)
        self.ready.set()


class Handler(BaseHTTPRequestHandler):
    """Answers GET; what a server of this kind does depends on `scraper`, `storage` and `proxies`."""

    protocol_version = "HTTP/1.1"
    scraper: Scraper
    storage: Storage
    proxies: frozenset[str]  # names in their certificates; any if empty

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        _log(format % args)

    def do_GET(self) -> None:
        try:
            code, body = self._answer()
        except RefusedError as error:  # the API server's words about pods or nodes are as good as ours
            code, body = error.status, answers.status(error.status, "", error.text)
        except (OSError, http.client.HTTPException) as error:
            code, body = 503, answers.status(503, "ServiceUnavailable", repr(error))
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answer(self) -> Answer:
        url = urlsplit(self.path)
        if url.path == "/readyz":
            ready = self.scraper.ready.is_set()
            return (200, {}) if ready else (503, answers.status(503, "ServiceUnavailable", "no scrape yet"))
        if not self._is_proxy():
            return 401, answers.status(401, "Unauthorized", "ask the API server")
        found = answers.discovery(url.path)
        return (200, found) if found is not None else self._metrics(url.path, url.query)

    def _metrics(self, path: str, query: str) -> Answer:
        match path.removeprefix(f"/apis/{API_VERSION}/").split("/"):
            case [plural] | ["namespaces", _, "pods" as plural] if plural in KINDS:
                selectors = urlencode([(name, value) for name, value in parse_qsl(query) if name in PASSED_ON])
                return 200, self._several(plural, f"{_core(path)}?{selectors}")
            case ["nodes" as plural, name] | ["namespaces", _, "pods" as plural, name]:
                return self._one(plural, name, _core(path))
        return 404, answers.status(404, "NotFound", "the server could not find the requested resource")

    def _several(self, plural: str, path: str) -> Body:
        items = answers.metrics(plural, cluster.objects(path)["items"], self.storage)
        return answers.table(items) if self._wants_table() else answers.listed(plural, items)

    def _one(self, plural: str, name: str, path: str) -> Answer:
        items = answers.metrics(plural, [cluster.objects(path)], self.storage)
        if not items:
            return 404, answers.status(404, "NotFound", f'{plural}.metrics.k8s.io "{name}" not found')
        return 200, answers.table(items) if self._wants_table() else items[0]

    def _wants_table(self) -> bool:
        return answers.AS_TABLE in self.headers.get("Accept", "")

    def _is_proxy(self) -> bool:
        connection = self.connection
        certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
        subject: Any = (certificate or {}).get("subject", ())
        names = {value for part in subject for kind, value in part if kind == "commonName"}
        return bool(names) and (not self.proxies or bool(names & self.proxies))


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve metrics.k8s.io for the cluster that this runs in.")
    parser.add_argument("--port", type=int, default=4443)
    parser.add_argument("--resolution", type=float, default=15.0, help="seconds between scrapes")
    parser.add_argument("--certificates", type=Path, required=True, help="a folder with tls.crt and tls.key")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    trusted = cluster.objects(AUTHENTICATION)["data"]
    Handler.storage = Storage(arguments.resolution)
    Handler.scraper = Scraper(Handler.storage)
    Handler.proxies = frozenset(json.loads(trusted["requestheader-allowed-names"]))
    Handler.scraper.start()
    server = Server(("", arguments.port), Handler)
    context = _tls(arguments.certificates, trusted["requestheader-client-ca-file"])
    # Handshakes are for the threads of connections: here, one that says nothing would keep out all others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def _tls(folder: Path, authorities: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authorities)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _core(path: str) -> str:
    """The path of what the metrics are about."""
    return path.replace(f"/apis/{API_VERSION}", "/api/v1")


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - its only log


if __name__ == "__main__":
    main()
