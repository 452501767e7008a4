"""The server's own client of its API server: requests as the admin, and objects applied as their files say."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.k3s_standin.layout import Layout

PATIENCE = 15.0  # seconds
APPLY = "application/apply-patch+yaml"  # JSON is YAML too

Body = Mapping[str, Any]


class ApiError(Exception):
    """The API server refused, or did not answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text.strip()[:500]}")
        self.status = status


class Api:
    """Calls of the API server at an address of this machine."""

    def __init__(self, layout: Layout, port: int) -> None:
        self._layout = layout
        self._port = port
        self._trust: ssl.SSLContext | None = None
        self._resources: dict[str, Any] = {}

    def call(self, method: str, path: str, body: Body | None = None, *, kind: str = "application/json") -> Any:
        """One request and the decoded answer; raises ApiError."""
        connection = self._connect(PATIENCE)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": kind, "Accept": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, repr(error)) from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode(errors="replace"))
        return json.loads(content) if content.startswith(b"{") else content.decode()

    def watch(self, path: str) -> Iterator[Body]:
        """The events of a watch, until the API server ends it."""
        connection = self._connect(None)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise ApiError(answer.status, answer.read(500).decode(errors="replace"))
            for line in answer:
                yield json.loads(line)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ApiError(0, repr(error)) from error
        finally:
            connection.close()

    def apply(self, body: Body) -> None:
        """Make an object what `body` says, by server-side apply."""
        path = f"{self._collection(body)}/{body['metadata']['name']}?fieldManager=k3s&force=true"
        self.call("PATCH", path, body, kind=APPLY)

    def _collection(self, body: Body) -> str:
        version, kind = body["apiVersion"], body["kind"]
        group = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._resources or kind not in self._resources[version]:
            found = self.call("GET", group)["resources"]
            self._resources[version] = {each["kind"]: each for each in found if "/" not in each["name"]}
        resource = self._resources[version].get(kind)
        if resource is None:
            raise ApiError(404, f"no kind {kind} in {version}")
        if not resource["namespaced"]:
            return f"{group}/{resource['name']}"
        return f"{group}/namespaces/{body['metadata'].get('namespace', 'default')}/{resource['name']}"

    def _connect(self, patience: float | None) -> http.client.HTTPSConnection:
        if self._trust is None:
            self._trust = ssl.create_default_context(cafile=str(self._layout.certificate("server-ca")))
            admin = self._layout.certificate("client-admin"), self._layout.key("client-admin")
            self._trust.load_cert_chain(*admin)
        return http.client.HTTPSConnection("127.0.0.1", self._port, context=self._trust, timeout=patience)
