"""Which faults strike, in which order and how hard: decided by a seed alone.

Faults are dealt from a deck, shuffled anew whenever it is used up: each kind has its share of every run, however short.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    KILL = "kill -9"
    KILL_AT_WRITE = "kill -9 at a write"  # which reaches the server, and its answer reaches nobody
    TERMINATE = "SIGTERM"
    PAUSE = "SIGSTOP, SIGCONT"
    CUT = "connections cut"
    HANG = "network hangs"
    LATENCY = "latency"
    BANDWIDTH = "little bandwidth"
    REFUSE = "429, 500, 503, garbage"
    TRUNCATE = "answers cut short"
    COMPACT = "etcd compacted, watches cut"
    API_SERVER = "API server killed and started"
    DISK_FULL = "no space for logs"
    CLOCK = "clock jumps"


class Side(StrEnum):
    HOST = "host"
    VIRTUAL = "virtual"


KILLS = frozenset({Fault.KILL, Fault.KILL_AT_WRITE})


def kills_in(struck: Mapping[Fault, int]) -> int:
    """How many of the faults that struck were kills."""
    return sum(count for fault, count in struck.items() if fault in KILLS)


DECK: Mapping[Fault, int] = {
    Fault.KILL: 12,
    Fault.KILL_AT_WRITE: 18,
    Fault.TERMINATE: 1,
    Fault.PAUSE: 2,
    Fault.CUT: 3,
    Fault.HANG: 1,
    Fault.LATENCY: 1,
    Fault.BANDWIDTH: 1,
    Fault.REFUSE: 4,
    Fault.TRUNCATE: 2,
    Fault.COMPACT: 2,
    Fault.API_SERVER: 2,
    Fault.DISK_FULL: 1,
    Fault.CLOCK: 2,
}


@dataclass(frozen=True, slots=True)
class Strike:
    fault: Fault
    side: Side
    seconds: float  # how long it lasts or, with kills, how long the daemon has had
    number: int  # of writes, of answers, of bytes: whatever the fault counts

    def __str__(self) -> str:
        return f"{self.fault} ({self.side}, {self.seconds:.1f} s, {self.number})"


def strikes(seed: int) -> Iterator[Strike]:
    """An endless row of them."""
    chance = random.Random(f"faults {seed}")  # noqa: S311 - to be repeated, not to be secret
    sides = list(Side)
    while True:
        deck = [fault for fault, count in DECK.items() for _ in range(count)]
        chance.shuffle(deck)
        for number, fault in enumerate(deck):
            side = sides[number % 2] if fault is not Fault.API_SERVER else sides[0]
            if fault is Fault.API_SERVER:
                sides.reverse()  # each has its turn
            yield Strike(fault, side, chance.uniform(0.3, 3.0), chance.randrange(1, 30))
