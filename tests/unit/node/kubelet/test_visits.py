import asyncio

from node.kubelet.visits import Visits
from tests.virtual_clock import settle


async def test_strangers_wait_for_each_other_and_not_for_those_who_are_known() -> None:
    visits = Visits(strangers=1, connections=9)
    first, second = visits.begin("a"), visits.begin("a")
    assert first is not None
    assert second is not None
    await first.turn()
    waiting = asyncio.ensure_future(second.turn())
    await settle()
    assert not waiting.done()
    first.become_known()
    first.become_known()
    await waiting
    third = visits.begin("a")
    assert third is not None
    waiting = asyncio.ensure_future(third.turn())
    await settle()
    assert not waiting.done()
    second.end()
    await waiting


async def test_peers_do_not_wait_for_each_other() -> None:
    visits = Visits(strangers=1, connections=9)
    for address in ("a", "b"):
        visit = visits.begin(address)
        assert visit is not None
        await visit.turn()


async def test_who_gives_up_waiting_takes_no_turn() -> None:
    visits = Visits(strangers=1, connections=9)
    first, second = visits.begin("a"), visits.begin("a")
    assert first is not None
    assert second is not None
    await first.turn()
    waiting = asyncio.ensure_future(second.turn())
    await settle()
    waiting.cancel()
    await asyncio.wait([waiting])
    second.end()
    first.end()
    assert len(visits) == 0


def test_connections_of_a_peer_are_counted_and_forgotten() -> None:
    visits = Visits(strangers=9, connections=2)
    first, second = visits.begin("a"), visits.begin("a")
    assert first is not None
    assert visits.begin("a") is None
    assert visits.begin("b") is not None
    first.end()
    first.end()
    third = visits.begin("a")
    assert third is not None
    assert visits.begin("a") is None
    for visit in (second, third):
        assert visit is not None
        visit.end()
    assert len(visits) == 1
