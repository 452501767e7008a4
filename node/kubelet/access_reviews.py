"""What users may do with the node: its own cluster's access rules say, by SubjectAccessReview.

Answers hold for a minute, refusals for ten seconds. A provider that may not ask lets in nobody but system:masters,
whom no rule of a cluster can refuse.
"""

from typing import Any

import msgspec

from kube.client import Client
from kube.clock import Clock
from kube.resources import Resource
from node.kubelet.authorization import Asked
from node.kubelet.remembered import Answer, Remembered
from node.kubelet.reviews import Reviews
from node.kubelet.users import MASTERS, User

ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False)
ALLOWED_SECONDS, DENIED_SECONDS = 60.0, 10.0
MAX_ANSWERS = 4096
MAX_REVIEWS = 32

_Question = tuple[User, str, str]


class _Status(msgspec.Struct):
    allowed: bool = False


class AccessReviews:
    """An `Authorizer`."""

    def __init__(self, virtual: Client, clock: Clock, *, node: str) -> None:
        """`node` is the Node asked about; if several share this kubelet API, "", which means all Nodes there are."""
        self._reviews = Reviews(virtual, ACCESS_REVIEWS, clock, effect=f"nobody but {MASTERS} may use the kubelet API")
        self._known: Remembered[_Question, bool] = Remembered(clock, limit=MAX_ANSWERS, at_once=MAX_REVIEWS)
        self._node = node

    async def permits(self, user: User, asked: Asked) -> bool:
        for subresource in asked.subresources:
            if await self._permits(user, asked.verb, subresource):
                return True
        return False

    async def _permits(self, user: User, verb: str, subresource: str) -> bool:
        async def ask() -> Answer[bool]:
            status = await self._reviews.review(self._question(user, verb, subresource), _Status)
            allowed = MASTERS in user.groups if status is None else status.allowed
            return Answer(allowed, ALLOWED_SECONDS if allowed and status is not None else DENIED_SECONDS)

        return await self._known.get((user, verb, subresource), ask)

    def _question(self, user: User, verb: str, subresource: str) -> dict[str, Any]:
        attributes = {"verb": verb, "version": "v1", "resource": "nodes", "subresource": subresource}
        return {
            "user": user.name,
            "groups": user.groups,
            "uid": user.uid,
            "extra": dict(user.extra),
            "resourceAttributes": {**attributes, "name": self._node},
        }
