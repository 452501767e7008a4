import asyncio

from kube.errors import Answer, ApiError, error_from_status
from kube.objects import Status
from node.host import Sight
from node.optional_informer import RECHECK_SECONDS, OptionalInformer
from tests.unit.node.running import running
from tests.virtual_clock import VirtualClock, settle


def refusal(status: int) -> ApiError:
    return error_from_status("GET", "/api/v1/nodes", Answer(status), Status())


class Source:
    """An API server and the informer of one of its resources."""

    def __init__(self) -> None:
        self.failure: ApiError | None = None
        self.asked = self.running = self.heard = 0
        self.listed = asyncio.Event()

    async def ask(self) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure

    @property
    def synced(self) -> bool:
        return self.listed.is_set()

    async def wait_synced(self) -> None:
        await self.listed.wait()

    async def run(self) -> None:
        self.running += 1
        await asyncio.get_running_loop().create_future()

    def hear(self) -> None:
        self.heard += 1


class World:
    def __init__(self) -> None:
        self.source, self.clock = Source(), VirtualClock()
        self.informer = OptionalInformer(self.source, self.source.ask, clock=self.clock, on_change=self.source.hear)


async def test_what_may_be_read_is_followed() -> None:
    world = World()
    async with running(world.informer.run()):
        await settle()
        assert (world.informer.sight, world.source.running) == (Sight.UNKNOWN, 1)
        world.source.listed.set()
        heard = world.source.heard
        await settle()
        assert world.informer.sight is Sight.VISIBLE
        assert world.source.heard == heard + 1


async def test_what_may_not_be_read_is_not_listed_and_seldom_asked_for() -> None:
    world = World()
    async with running(world.informer.run()):
        world.source.failure = refusal(403)
        await world.clock.advance(RECHECK_SECONDS - 1)
        assert (world.informer.sight, world.source.running, world.source.asked) == (Sight.FORBIDDEN, 0, 1)


async def test_a_right_that_is_given_later_is_used() -> None:
    world = World()
    async with running(world.informer.run()):
        world.source.failure = refusal(403)
        await settle()
        world.source.failure = None
        await world.clock.advance(RECHECK_SECONDS)
        assert (world.informer.sight, world.source.running) == (Sight.UNKNOWN, 1)


async def test_a_right_that_is_taken_is_missed_and_the_informer_goes_on() -> None:
    world = World()
    async with running(world.informer.run()):
        world.source.listed.set()
        await settle()
        world.source.failure = refusal(403)
        await world.clock.advance(RECHECK_SECONDS)
        assert world.informer.sight is Sight.FORBIDDEN
        world.source.failure = None
        await world.clock.advance(RECHECK_SECONDS)
        assert (world.informer.sight, world.source.running) == (Sight.VISIBLE, 1)


async def test_a_server_that_is_ill_decides_nothing_and_is_asked_again() -> None:
    world = World()
    async with running(world.informer.run()):
        world.source.failure = refusal(503)
        await world.clock.advance(60)
        assert world.informer.sight is Sight.UNKNOWN
        assert 4 < world.source.asked < 12
        world.source.failure = None
        await world.clock.advance(15)
        assert world.source.running == 1
