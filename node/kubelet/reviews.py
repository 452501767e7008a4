"""Questions to the virtual cluster about users: reviews, which are created and kept nowhere."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from kube.client import Client
from kube.clock import Clock
from kube.codec import DecodeError, decode_object
from kube.errors import ApiError, Forbidden, Unreachable
from kube.resources import Resource
from node.kubelet.users import CannotTell

REVIEW_LIMIT = 10.0  # seconds for an answer
REMIND_SECONDS = 600.0

Status = TypeVar("Status", bound=msgspec.Struct)
log = structlog.get_logger()


class Reviews:
    """Asks by one kind of review; without the right to do so the answer is None, and the log says so now and then."""

    def __init__(self, client: Client, resource: Resource, clock: Clock, *, effect: str) -> None:
        """`client` is never fenced: a standby answers as well, and a review changes nothing."""
        self._client = client
        self._resource = resource
        self._clock = clock
        self._effect = effect
        self._reminded: float | None = None

    async def review(self, spec: Mapping[str, Any], kind: type[Status]) -> Status | None:
        """Raises CannotTell."""
        body = {"apiVersion": self._resource.api_version, "kind": self._resource.kind, "spec": spec}
        try:
            reviewed = decode_object(await self._post(msgspec.json.encode(body)))
            return reviewed.decode("status", kind) or kind()
        except Forbidden as error:
            self._remind(error)
            return None
        except (ApiError, DecodeError, msgspec.ValidationError) as error:
            log.warning("review failed", resource=self._resource.plural, error=str(error))
            raise CannotTell("the virtual cluster's API server cannot be asked") from error

    async def _post(self, body: bytes) -> bytes:
        path = self._resource.path()
        try:
            return await self._client.request("POST", path, body=body, timeout=REVIEW_LIMIT)
        except Unreachable:  # as after a restart, which leaves us with connections that are none
            return await self._client.request("POST", path, body=body, timeout=REVIEW_LIMIT)

    def _remind(self, error: Forbidden) -> None:
        now = self._clock.now()
        if self._reminded is None or now - self._reminded >= REMIND_SECONDS:
            self._reminded = now
            remedy = f"let the provider create {self._resource.plural}.{self._resource.group} in the virtual cluster"
            log.warning("reviews are forbidden", effect=self._effect, remedy=remedy, error=error.message)
