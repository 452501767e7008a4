"""Both API servers as far as one claim is concerned, with the volume controllers of both, and whoever meddles."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from reflectors.translation.claims import ClaimRules
from reflectors.translation.json_values import Draft, Json, fresh, mapped
from reflectors.translation.metadata import UID
from reflectors.translation.placeholder_volumes import (
    CreateVolume,
    DeleteVolume,
    PatchVolume,
    next_volume_write,
    volume_name,
)
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, NOW

SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
PROTECTED = "kubernetes.io/pv-protection"
ACTIONS = ["create", "delete", "grow", "wait", "host binds", "host deletes", "host loses", "volume deleted"]


class World:
    def __init__(self) -> None:
        self.claim: Draft | None = None
        self.host: Draft | None = None
        self.volumes: dict[str, Draft] = {}
        self.is_awaited = False
        self.uids = 0
        self.data: dict[str, str] = {}  # what the host has bound: the host claim's UID, by that of the virtual one
        self.rules = ClaimRules(CONTEXT, self)

    def volume(self, name: str) -> Json | None:
        return self.volumes.get(name)

    def act(self, action: str) -> None:
        getattr(self, f"_{action.replace(' ', '_')}")()

    def settle(self) -> None:
        for _ in range(40):
            if not (self._write_host() or self._write_virtual() or self._write_volumes() or self._control()):
                return
        raise AssertionError("it never settles")

    def _create(self) -> None:
        if self.claim is None:
            metadata = {"namespace": "shop", "name": "data", "uid": self._uid("v"), "resourceVersion": "1"}
            self.claim = {"metadata": metadata, "spec": fresh(SPEC), "status": {"phase": "Pending"}}

    def _delete(self) -> None:
        self.claim = None

    def _grow(self) -> None:
        if self.claim is not None:
            self.claim["spec"]["resources"] = {"requests": {"storage": "2Gi"}}

    def _wait(self) -> None:
        self.is_awaited = not self.is_awaited

    def _host_binds(self) -> None:
        if self.host is not None and self.host["status"]["phase"] == "Pending":
            self.host["spec"]["volumeName"] = f"disk-{self.host['metadata']['uid']}"
            size = self.host["spec"]["resources"]["requests"]
            self.host["status"] = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": size}
            self.data[self.host["metadata"]["annotations"][UID]] = self.host["metadata"]["uid"]

    def _host_deletes(self) -> None:
        self.host = None

    def _host_loses(self) -> None:
        if self.host is not None and self.host["status"]["phase"] == "Bound":
            self.host["status"] = {"phase": "Lost"}

    def _volume_deleted(self) -> None:
        for volume in self.volumes.values():
            volume["metadata"]["deletionTimestamp"] = NOW

    def _write_host(self) -> bool:
        write = self.rules.next_host_write(self.claim, self.host)
        match write:
            case Create(body):
                assert self.host is None
                assert self.claim is not None
                assert self.claim["metadata"]["uid"] not in self.data, "an empty claim in place of one with data"
                self.host = {**fresh(body), "status": {"phase": "Pending"}}
                self.host["metadata"] |= {"uid": self._uid("h"), "resourceVersion": "1"}
            case Patch(body):
                self.host = merged(self.host, body)
            case Delete(uid):
                assert self.host is not None
                assert self.host["metadata"]["uid"] == uid
                assert self.claim is None or self.claim["metadata"]["uid"] != self.host["metadata"]["annotations"][UID]
                self.host = None
        return isinstance(write, Create | Patch | Delete)

    def _write_virtual(self) -> bool:
        write = self.rules.next_virtual_write(self.claim, self.host, None) if self.claim is not None else None
        if write is not None:
            self.claim = merged(self.claim, write.body)
        return write is not None

    def _write_volumes(self) -> bool:
        current = volume_name(self.claim) if self.claim is not None else ""
        return any(self._write_volume(name) for name in {*self.volumes, current} - {""})

    def _write_volume(self, name: str) -> bool:
        is_current = self.claim is not None and name == volume_name(self.claim)
        own = is_current and self.host and self.host["metadata"]["annotations"][UID] == name.removeprefix("pvc-")
        write = next_volume_write(
            self.claim if is_current else None,
            self.host if own else None,
            self.volumes.get(name),
            policy=None,
            is_awaited=self.is_awaited,
        )
        match write:
            case CreateVolume(body):
                metadata = {
                    **body["metadata"],
                    "uid": self._uid("p"),
                    "resourceVersion": "1",
                    "finalizers": [PROTECTED],
                }
                self.volumes[name] = {**fresh(body), "metadata": metadata}
            case PatchVolume(body):
                self.volumes[name] = merged(self.volumes[name], body)
            case DeleteVolume():
                self.volumes[name]["metadata"]["deletionTimestamp"] = NOW
        assert not isinstance(write, Refuse)
        return write is not None

    def _control(self) -> bool:
        """What the virtual cluster's own controllers do."""
        return any(self._release(name, volume) for name, volume in list(self.volumes.items())) or self._bind()

    def _release(self, name: str, volume: Draft) -> bool:
        metadata = volume["metadata"]
        in_use = self.claim is not None and volume["spec"]["claimRef"]["uid"] == self.claim["metadata"]["uid"]
        if "deletionTimestamp" not in metadata or (in_use and metadata["finalizers"]):
            return False
        del self.volumes[name]
        return True

    def _bind(self) -> bool:
        name = mapped(self.claim or {}, "spec").get("volumeName")
        if self.claim is None or not name:
            return False
        phase = "Bound" if name in self.volumes else "Lost"
        if self.claim["status"]["phase"] == phase:
            return False
        self.claim["status"] = {"phase": phase}
        return True

    def _uid(self, prefix: str) -> str:
        self.uids += 1
        return f"{prefix}{self.uids}"


def merged(target: Any, patch: Json) -> Any:
    """What an API server makes of a JSON merge patch."""
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
@example(["create", "wait", "volume deleted", "host binds", "host deletes"])
def test_whatever_happens_the_claim_tells_the_truth_in_the_end(actions: list[str]) -> None:
    world = World()
    for action in actions:
        world.act(action)
        world.settle()
    claim, host = world.claim, world.host
    if claim is None:
        assert host is None
        assert not world.volumes
        return
    uid = claim["metadata"]["uid"]
    assert set(world.volumes) <= {volume_name(claim)}
    if uid in world.data:
        is_kept = host is not None and host["metadata"]["uid"] == world.data[uid] and host["status"]["phase"] == "Bound"
        assert claim["status"]["phase"] == ("Bound" if is_kept else "Lost")
        if is_kept and host is not None:
            assert claim["status"]["capacity"] == host["status"]["capacity"]
            assert host["spec"]["resources"] == claim["spec"]["resources"]
    else:
        assert host is not None


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_a_restart_changes_nothing(actions: list[str]) -> None:
    world = World()
    for action in actions:
        world.act(action)
    world.settle()
    before = fresh({"claim": world.claim, "host": world.host, "volumes": world.volumes})
    world.settle()
    assert {"claim": world.claim, "host": world.host, "volumes": world.volumes} == before
