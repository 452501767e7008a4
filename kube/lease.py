"""What a Lease says and what to write into it: the decisions of leader election, free of I/O and clocks.

Times in a Lease are for people. Whether a lease has run out is decided by how long it has been seen unchanged, by the
clock of the one who waits for it, so that no two clocks have to agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kube.objects import Key, Object
from kube.resources import LEASES


class Holding(msgspec.Struct, frozen=True, rename="camel"):
    """Who holds a lease and since when; it changes with every renewal, and with nothing else."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A lease as somebody saw it, and when they first saw it so."""

    holding: Holding
    since: float

    def is_free(self, now: float, default_duration: float) -> bool:
        duration = self.holding.lease_duration_seconds or default_duration
        return not self.holding.holder_identity or now >= self.since + duration


def holding_of(lease: Object) -> Holding:
    return lease.decode("spec", Holding) or Holding()


def seen(before: Sighting | None, holding: Holding, now: float) -> Sighting:
    return before if before is not None and before.holding == holding else Sighting(holding, now)


def claimed(lease: Object | None, key: Key, identity: str, *, duration: int, now: datetime) -> dict[str, Any]:
    """Make the Lease that says that `identity` holds it from now on, or still does."""
    if lease is None:
        return _body(key, {**_claim(identity, duration, now), "acquireTime": micro_time(now), "leaseTransitions": 0})
    before = holding_of(lease)
    spec = _claim(identity, duration, now)
    if before.holder_identity != identity:
        spec |= {"acquireTime": micro_time(now), "leaseTransitions": (before.lease_transitions or 0) + 1}
    return _changed(lease, spec)


def released(lease: Object, now: datetime) -> dict[str, Any]:
    """Make the Lease that anybody may take at once."""
    return _changed(lease, {**_claim("", 1, now), "acquireTime": micro_time(now)})


def micro_time(moment: datetime) -> str:
    """Write a UTC time as Kubernetes' MicroTime."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _claim(identity: str, duration: int, now: datetime) -> dict[str, Any]:
    return {"holderIdentity": identity, "leaseDurationSeconds": duration, "renewTime": micro_time(now)}


def _body(key: Key, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"namespace": key.namespace, "name": key.name},
        "spec": spec,
    }


def _changed(lease: Object, spec: Mapping[str, Any]) -> dict[str, Any]:
    """With the resourceVersion that was read, so that of two who write at once only one succeeds."""
    body = lease.to_dict()
    return {**body, "spec": {**body.get("spec", {}), **spec}}
