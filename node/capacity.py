"""How much fits on our Nodes: what host nodes have, cut by what the host namespace may use.

Every resource counts, whatever its name: GPUs and other extended resources, huge pages, ephemeral storage. Promises:
nothing is more than the host has or a quota lets through, and an API server takes whatever is written here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kube.quantities import UNIT, Quantity, binary_form, decimal_form, parse_quantity, whole

Resources = Mapping[str, Quantity]

CPU_STEP = UNIT // 1000
_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE_PAGES = "hugepages-"
_POD_COUNTS = frozenset({"pods", "count/pods"})


@dataclass(frozen=True, slots=True)
class Room:
    capacity: Resources
    allocatable: Resources


def read_resources(texts: Mapping[str, str]) -> Resources:
    """Raises ValueError, naming the resource, for what is no amount."""
    return {name: _amount(name, text) for name, text in texts.items()}


def write_resources(resources: Resources) -> dict[str, str]:
    """Write amounts as an API server keeps them; what it takes only in whole units is rounded down."""
    return {name: _written(name, amount) for name, amount in resources.items()}


def total(parts: Iterable[Resources]) -> Resources:
    amounts: Counter[str] = Counter()
    for part in parts:
        for name, amount in part.items():
            amounts[name] += amount
    return {name: Quantity(amount) for name, amount in amounts.items()}


def cut(resources: Resources, limits: Resources) -> Resources:
    """Nothing more than its limit; what has no limit stays."""
    return {name: min(amount, limits.get(name, amount)) for name, amount in resources.items()}


def cut_room(room: Room, limits: Resources) -> Room:
    return Room(cut(room.capacity, limits), cut(room.allocatable, limits))


def quota_limits(hards: Iterable[Mapping[str, str]]) -> Resources:
    """The most that all pods together may request, by the `spec.hard` of ResourceQuotas that count every pod."""
    limits: dict[str, Quantity] = {}
    for hard in hards:
        for counted, text in hard.items():
            name = _limited_by(counted)
            if name is not None:
                amount = _amount(counted, text)
                limits[name] = min(amount, limits.get(name, amount))
    return limits


def assumed_room(assumed: Resources, limits: Resources) -> Room:
    """Room on host nodes that cannot be seen: what is assumed, and the extended resources that a quota speaks of."""
    granted = {name: amount for name, amount in limits.items() if "/" in name}
    resources = cut({**granted, **assumed}, limits)
    return Room(resources, resources)


def _limited_by(counted: str) -> str | None:
    """The resource of a node that a quota of `counted` limits, if any.

    A limit of limits is one of requests, too: no container requests more than its limit.
    """
    if counted in _POD_COUNTS:
        return "pods"
    name = counted.removeprefix("requests.").removeprefix("limits.")
    is_extended = "/" in name and name != counted
    return name if name in _COMPUTE or name.startswith(_HUGE_PAGES) or is_extended else None


def _amount(name: str, text: str) -> Quantity:
    try:
        amount = parse_quantity(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if amount < 0:
        raise ValueError(f"{name}: {text} is less than nothing")
    return amount


def _written(name: str, amount: Quantity) -> str:
    if name == "cpu":
        return decimal_form(whole(amount, CPU_STEP))
    if name in _COMPUTE or name.startswith(_HUGE_PAGES):
        return binary_form(whole(amount))
    return decimal_form(whole(amount))
