"""What went wrong on the way, although it may look right in the end: two host pods for one, a restart, an early end."""

from collections.abc import Collection, Iterator

from tests.faults.history import History
from tests.faults.world import Violation


def went_wrong(history: History, *, taken: Collection[str], forced: Collection[str]) -> list[Violation]:
    """`taken`: virtual pods whose host pods the harness took; `forced`: those that the tenant deleted at once."""
    return [
        *_one_host_pod_each(history, taken),
        *_no_restarts(history),
        *_names_for_ever(history),
        *_no_early_ends(history, forced),
    ]


def _one_host_pod_each(history: History, taken: Collection[str]) -> Iterator[Violation]:
    for virtual, hosts in history.host_pods.items():
        # One that was taken before it had started is made again.
        if len(hosts) > 1 and virtual not in taken:
            yield Violation("duplicate", f"virtual pod {virtual} had {len(hosts)} host pods, one after the other")
    for host, origins in history.origins.items():
        if len(origins) > 1:
            yield Violation("adopted", f"host pod {host} was first that of one virtual pod, then that of another")


def _no_restarts(history: History) -> Iterator[Violation]:
    for host, seen in history.containers.items():
        if len(seen.started) > 1:
            yield Violation("restart", f"host pod {host} started {len(seen.started)} times")
        if seen.restarts or any(len(ids) > 1 for ids in seen.ids.values()):
            yield Violation("restart", f"a container of host pod {host} was restarted")


def _names_for_ever(history: History) -> Iterator[Violation]:
    for (namespace, name), hosts in history.names.items():
        if len(hosts) > 1:
            yield Violation("name", f"pod {namespace}/{name} had {len(hosts)} names on the host")


def _no_early_ends(history: History, forced: Collection[str]) -> Iterator[Violation]:
    for virtual in sorted(history.deleted_early - set(forced)):
        yield Violation("deletion", f"virtual pod {virtual} went before its host pod, with time left")
