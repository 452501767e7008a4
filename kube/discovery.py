"""What an API server offers: kinds come in several versions, and not every server has every one.

Answers are kept: who wants to know what an upgrade or new CRDs have changed makes a new `Discovery`.
"""

import re
from collections.abc import Iterable

import msgspec

from kube.client import Client
from kube.errors import NotFound, Unreachable
from kube.objects import Object
from kube.resources import Resource


class _Offered(msgspec.Struct, frozen=True):
    """An entry of an APIResourceList; that of a subresource is named `pods/status`."""

    name: str
    kind: str
    namespaced: bool


class Discovery:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._offered: dict[tuple[str, str], tuple[_Offered, ...]] = {}
        self._version: tuple[int, int] | None = None

    async def best(self, group: str, kind: str, preferred: Iterable[str] = ("v1", "v1beta1")) -> Resource | None:
        """Return the kind's resource in the first of these versions that the server has, None if it has none."""
        for version in preferred:
            for offered in await self._offers(group, version):
                if offered.kind == kind and "/" not in offered.name:
                    return Resource(group, version, offered.name, kind, offered.namespaced)
        return None

    async def server_version(self) -> tuple[int, int]:
        """Return (1, 20) for Kubernetes 1.20, whatever a vendor adds to it."""
        if self._version is None:
            version = await self._client.read("/version")
            self._version = _number(_said(version, "/version", "major")), _number(_said(version, "/version", "minor"))
        return self._version

    async def _offers(self, group: str, version: str) -> tuple[_Offered, ...]:
        if (group, version) not in self._offered:
            self._offered[group, version] = await self._ask(Resource(group, version, "", ""))
        return self._offered[group, version]

    async def _ask(self, anything: Resource) -> tuple[_Offered, ...]:
        """Ask for one version of one group: what an extension server offers does not matter to who never asks."""
        path = anything.path().rstrip("/")
        try:
            answer = await self._client.read(path)
        except NotFound:
            return ()
        try:
            return answer.decode("resources", tuple[_Offered, ...]) or ()
        except msgspec.ValidationError as error:
            raise Unreachable("GET", path, f"not a list of resources: {error}") from error


def _said(answer: Object, path: str, field: str) -> str:
    """Return a text that every API server has there."""
    try:
        text = answer.decode(field, str)
    except msgspec.ValidationError:
        text = None
    if not text:
        raise Unreachable("GET", path, f"not an API server's answer: it has no {field}")
    return text


def _number(text: str) -> int:
    """Return the 20 of "20+", as vendors write."""
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0
