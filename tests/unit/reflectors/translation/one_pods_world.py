"""Both API servers as far as one pod is concerned, with a kubelet, a tenant, and whoever meddles on the host."""

from typing import Any

from reflectors.translation.json_values import Draft, fresh
from reflectors.translation.pod_writes import next_host_write, next_virtual_write
from reflectors.translation.writes import Create, Delete, Finalize, Patch, PatchStatus
from tests.unit.reflectors.translation.pods import CONTEXT, NOW, pod
from tests.unit.reflectors.translation.strategic_merge import merged
from tests.unit.reflectors.translation.test_container_statuses import status

STARTED = {"phase": "Running", "startTime": NOW, "containerStatuses": [status()]}


def deleted(grace_period: int = 30, **metadata: Any) -> dict[str, Any]:
    """Metadata of an object that is being deleted."""
    return {"deletionTimestamp": NOW, "deletionGracePeriodSeconds": grace_period, **metadata}


ACTIONS = ["relabel", "delete", "delete sooner", "force", "recreate", "run", "end", "host deletes", "host kubelet"]


class World:
    """Both API servers, as far as one pod is concerned, and a kubelet."""

    def __init__(self) -> None:
        self.virtual: Draft | None = pod(status={})
        self.host: Draft | None = None
        self.uids = 1
        self.started: list[str] = []  # the virtual pods whose containers ever ran, in order

    def act(self, action: str) -> None:
        getattr(self, f"_{action.replace(' ', '_')}")()

    def settle(self) -> int:
        """Write until there is nothing to write; how many writes it took."""
        for count in range(20):
            if not self._write():
                return count
        raise AssertionError("it never settles")

    def _write(self) -> bool:
        write = next_host_write(self.virtual, self.host, CONTEXT)
        match write:
            case Create(body=body):
                assert self.host is None
                self.uids += 1
                self.host = fresh(body)
                self.host["metadata"] |= {"uid": f"h{self.uids}", "resourceVersion": "1"}
                return True
            case Patch(body=body) if self.host:
                self.host = merged(self.host, body)
                return True
            case Delete(uid=uid, grace_period_seconds=grace_period) if self.host:
                assert uid == self.host["metadata"]["uid"]
                self._delete_on_host(grace_period)
                return True
        return self._write_virtual()

    def _write_virtual(self) -> bool:
        if self.virtual is None:
            return False
        match next_virtual_write(self.virtual, self.host, CONTEXT, None, now=NOW):
            case PatchStatus(body=body):
                self.virtual = merged(self.virtual, body)
                return True
            case Finalize(uid=uid):
                assert uid == self.virtual["metadata"]["uid"]
                assert self.host is None or self.owner() != uid, "the virtual pod outlives its host pod"
                self.virtual = None
                return True
        return False

    def owner(self) -> str:
        assert self.host
        return str(self.host["metadata"]["annotations"]["k3k.io/virtual-uid"])

    def _delete_on_host(self, grace_period: int) -> None:
        assert self.host
        if grace_period == 0 or not self.host.get("status", {}).get("startTime"):
            self.host = None
        else:
            self.host["metadata"] |= deleted(grace_period)

    def _relabel(self) -> None:
        if self.virtual:
            self.uids += 1
            self.virtual["metadata"]["labels"] = {"revision": str(self.uids)}

    def _delete(self) -> None:
        if self.virtual and "deletionTimestamp" not in self.virtual["metadata"]:
            self.virtual["metadata"] |= deleted(30)

    def _delete_sooner(self) -> None:
        if self.virtual:
            self.virtual["metadata"] |= deleted(5)

    def _force(self) -> None:
        self.virtual = None

    def _recreate(self) -> None:
        self.uids += 1
        self.virtual = pod(uid=f"v{self.uids}", status={})

    def _run(self) -> None:
        if self.host and "status" not in self.host:
            self.started.append(self.owner())
            self.host["status"] = fresh(STARTED)

    def _end(self) -> None:
        if self.host and "status" in self.host:
            self.host["status"] = {**STARTED, "phase": "Succeeded"}

    def _host_deletes(self) -> None:
        if self.host:
            self._delete_on_host(30)

    def _host_kubelet(self) -> None:
        """What is being deleted has stopped."""
        if self.host and "deletionTimestamp" in self.host["metadata"]:
            self.host = None
