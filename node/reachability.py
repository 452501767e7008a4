"""Whether the host API answers, asked every ten seconds: that a watch is open says nothing about a peer that hangs.

A silence shorter than `GRACE_SECONDS` counts for nothing. Pods run on while an API server restarts, and a Node that
says NotReady takes them all out of their Services; a real node has forty seconds for the same reason.
"""

from collections.abc import Awaitable, Callable

from kube.clock import Clock
from kube.errors import ApiError, Forbidden, NotFound, TooManyRequests, Unauthorized

ASK_SECONDS = 10.0
ASK_TIMEOUT = 5.0
GRACE_SECONDS = 30.0

UNREACHABLE = "the host cluster's API does not answer"
REFUSED = "the host cluster's API does not accept the provider's credentials"


class Reachability:
    def __init__(self, ask: Callable[[], Awaitable[object]], *, clock: Clock, on_change: Callable[[], None]) -> None:
        """`ask` makes some request; `on_change` hears that `trouble` is another."""
        self.trouble: str | None = (
            None  # what is wrong, for people; empty when all is well, None before the first answer
        )
        self.detail = ""  # of the last failure, for operators: it may name addresses
        self._ask = ask
        self._clock = clock
        self._on_change = on_change
        self._answered: float | None = None

    async def run(self) -> None:
        while True:
            self._note(await self._failure())
            await self._clock.sleep(ASK_SECONDS)

    async def _failure(self) -> str:
        try:
            await self._ask()
        except (Forbidden, NotFound, TooManyRequests):
            return ""  # no kind answer, but one
        except Unauthorized as error:
            self.detail = str(error)
            return REFUSED
        except ApiError as error:
            self.detail = str(error)
            return UNREACHABLE
        return ""

    def _note(self, failure: str) -> None:
        now = self._clock.now()
        if not failure:
            self._answered = now
        elif self._answered is not None and now - self._answered < GRACE_SECONDS:
            failure = ""
        if failure != self.trouble:
            self.trouble = failure
            self._on_change()
