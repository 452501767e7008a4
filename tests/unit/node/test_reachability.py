from collections.abc import Sequence

import pytest

from kube.errors import Answer, ApiError, Unreachable, error_from_status
from kube.objects import Status
from node.reachability import ASK_SECONDS, GRACE_SECONDS, REFUSED, UNREACHABLE, Reachability
from tests.unit.node.running import running
from tests.virtual_clock import VirtualClock


def refusal(status: int) -> ApiError:
    return error_from_status("GET", "/readyz", Answer(status), Status())


GONE = Unreachable("GET", "/readyz", "connection refused")


class Host:
    """Answers as told."""

    def __init__(self) -> None:
        self.failure: ApiError | None = None
        self.asked = 0

    async def ask(self) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure


class Watch:
    def __init__(self) -> None:
        self.host, self.clock, self.heard = Host(), VirtualClock(), 0
        self.reachability = Reachability(self.host.ask, clock=self.clock, on_change=self.hear)

    def hear(self) -> None:
        self.heard += 1

    async def see(self, failures: Sequence[ApiError | None]) -> list[str | None]:
        """What is said after each of these answers."""
        said = []
        async with running(self.reachability.run()):
            for failure in failures:
                self.host.failure = failure
                await self.clock.advance(0 if self.host.asked == 0 else ASK_SECONDS)
                said.append(self.reachability.trouble)
        return said


def test_nothing_is_said_before_the_first_answer() -> None:
    assert Watch().reachability.trouble is None


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        pytest.param(None, "", id="an answer"),
        pytest.param(refusal(403), "", id="a refusal is one"),
        pytest.param(refusal(404), "", id="so is not knowing what we mean"),
        pytest.param(refusal(429), "", id="and being busy"),
        pytest.param(refusal(401), REFUSED, id="not knowing who we are is none"),
        pytest.param(refusal(500), UNREACHABLE, id="nor is being ill"),
        pytest.param(GONE, UNREACHABLE, id="nor is silence"),
    ],
)
async def test_whatever_shows_that_the_host_api_works_counts(failure: ApiError | None, trouble: str) -> None:
    watch = Watch()
    assert await watch.see([failure]) == [trouble]
    assert watch.heard == 1


async def test_a_short_silence_counts_for_nothing() -> None:
    watch = Watch()
    assert await watch.see([None, GONE, GONE, None]) == [""] * 4
    assert watch.heard == 1


async def test_a_long_silence_is_trouble_until_the_next_answer() -> None:
    watch = Watch()
    assert await watch.see([None, GONE, GONE, GONE, GONE, None]) == ["", "", "", UNREACHABLE, UNREACHABLE, ""]
    assert GRACE_SECONDS + ASK_SECONDS <= 40, "a real node that fell silent is given forty seconds"
    assert "connection refused" in watch.reachability.detail
    assert watch.heard == 3
