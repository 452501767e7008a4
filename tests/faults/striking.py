"""Carries out faults, one at a time, and heals what it harmed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sandbox.session import ApiServer
from tests.faults.disk import Disk
from tests.faults.plan import Fault, Side, Strike, kills_in
from tests.faults.process import Daemon
from tests.faulty_proxy import FaultyProxy, Request, response

READS = frozenset({"GET", "HEAD", "OPTIONS"})
PATIENCE = 3.0  # seconds for the write at which to kill
AWAKE_SECONDS = 60.0  # what a daemon may take to begin, on a busy machine
EARLY = 10  # strikes with a smaller number strike a daemon that has just begun: a third of them
REFUSALS = (
    response("429 Too Many Requests", b"", "Retry-After: 1"),
    response("500 Internal Server Error", b"etcdserver: request timed out"),
    response("503 Service Unavailable", b""),
    response("200 OK", b"<html>Sign in to the network</html>", "Content-Type: text/html"),
    b"\x16\x03\x01 this is no HTTP \r\n\r\n",
)


@dataclass
class Striker:
    daemon: Daemon
    servers: Mapping[Side, ApiServer]
    proxies: Mapping[Side, FaultyProxy]
    disk: Disk
    jump: Callable[[float], None]  # the daemon's clock
    is_ready: Callable[[], bool] = lambda: True
    struck: Counter[Fault] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        return kills_in(self.struck)

    async def strike(self, strike: Strike) -> None:
        proxy = self.proxies[strike.side]
        await self._awake(early=strike.number < EARLY)
        match strike.fault:
            case Fault.KILL:
                await asyncio.sleep(strike.seconds)
                self.daemon.kill()
            case Fault.KILL_AT_WRITE:
                await self._kill_at_write(strike.number)
            case Fault.TERMINATE:
                self.daemon.terminate()
            case Fault.PAUSE:
                self.daemon.pause()
                await asyncio.sleep(strike.seconds)
                self.daemon.resume()
            case Fault.API_SERVER:
                await self._restart(self.servers[strike.side], strike.seconds)
            case Fault.COMPACT:
                await asyncio.to_thread(self.servers[strike.side].compact)
                proxy.cut()
            case Fault.DISK_FULL:
                with self.disk.full():
                    await asyncio.sleep(strike.seconds)
            case Fault.CLOCK:
                self.jump((strike.number - 15) * 600.0)
            case _:
                await self._trouble(proxy, strike)
        self.struck[strike.fault] += 1

    async def _awake(self, *, early: bool) -> None:
        """Wait until the daemon has asked for something or, mostly, is ready: else it would never get to its work."""
        await self.daemon.wait_started()
        asked = asyncio.Event()
        with suppress(TimeoutError), self._heard(lambda _: asked.set()):
            async with asyncio.timeout(AWAKE_SECONDS):
                await asked.wait()
                while not early and not await asyncio.to_thread(self.is_ready):  # noqa: ASYNC110 - it is in another process
                    await asyncio.sleep(0.1)

    async def _trouble(self, proxy: FaultyProxy, strike: Strike) -> None:
        """What networks and servers do to connections."""
        match strike.fault:
            case Fault.CUT:
                proxy.cut()
            case Fault.HANG:
                proxy.hang()
            case Fault.LATENCY:
                proxy.latency = strike.seconds / 10
            case Fault.BANDWIDTH:
                proxy.bandwidth = strike.number * 1000
                proxy.cut()  # so that there is something to read
            case Fault.REFUSE:
                proxy.answer(REFUSALS[strike.number % len(REFUSALS)], times=strike.number)
            case Fault.TRUNCATE:
                proxy.cut_after(strike.number * 100, times=3)
        await asyncio.sleep(strike.seconds)
        proxy.heal()

    async def _kill_at_write(self, number: int) -> None:
        """Kill when the daemon's so many-th write is on its way to the server; or soon, should there be none."""
        left, struck = number, asyncio.Event()

        def hear(request: Request) -> None:
            nonlocal left
            left -= request.method not in READS
            if left == 0:
                self.daemon.kill()
                struck.set()

        with self._heard(hear):
            try:
                async with asyncio.timeout(PATIENCE):
                    await struck.wait()
            except TimeoutError:
                self.daemon.kill()

    @contextmanager
    def _heard(self, hear: Callable[[Request], None]) -> Iterator[None]:
        for proxy in self.proxies.values():
            proxy.heard = hear
        try:
            yield
        finally:
            for proxy in self.proxies.values():
                proxy.heard = _ignore

    async def _restart(self, server: ApiServer, seconds: float) -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.start)


def _ignore(_: Request) -> None:
    pass
