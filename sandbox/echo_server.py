"""The HTTP server of the test image: answers every request with a JSON description of that request.

It is copied into the image as `echo-server` and needs nothing but Python's standard library there. It answers any
method, keeps connections open, serves them in parallel, and ends at once on SIGTERM also when it is process 1.
"""

import argparse
import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHOWN_ENVIRONMENT = ("ECHO_", "HOSTNAME", "KUBERNETES_", "NODE_", "POD_")


class EchoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        print(self.address_string(), format % args, flush=True)  # noqa: T201 - `kubectl logs` shows it

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = json.dumps(self._description(body), indent=2, sort_keys=True).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - as the base class looks them up

    def _description(self, body: bytes) -> dict[str, object]:
        return {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": body.decode(errors="replace"),
            "client": {"address": self.client_address[0], "port": self.client_address[1]},
            "hostname": socket.gethostname(),
            "environment": {name: value for name, value in os.environ.items() if name.startswith(SHOWN_ENVIRONMENT)},
        }


class EchoServer(ThreadingHTTPServer):
    request_queue_size = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer HTTP requests with a JSON description of them.")
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = EchoServer(("", port), EchoHandler)
    print(f"listening on port {server.server_port}", file=sys.stderr, flush=True)  # noqa: T201 - its only log
    server.serve_forever()


if __name__ == "__main__":
    main()
