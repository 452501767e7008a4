"""Security contexts that would reach past the container, as Pod Security's "baseline" draws the line."""

from collections.abc import Iterator

from reflectors.translation.context import Allowed
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.refusal import ASK, Refusal

# What container runtimes give to every container anyway; a container may ask for no other.
_USUAL_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_USUAL_SE_LINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


def pod_privilege_refusals(spec: Json, allowed: Allowed) -> Iterator[Refusal]:
    for field, is_allowed in (
        ("hostNetwork", allowed.host_network),
        ("hostPID", allowed.host_pid),
        ("hostIPC", allowed.host_ipc),
    ):
        if spec.get(field) and not is_allowed:
            yield Refusal(f"spec.{field}", "the host's namespaces are off here", f"leave it out, {ASK}")
    if not allowed.privileged:
        yield from _isolation_refusals(mapped(spec, "securityContext"), "spec.securityContext")


def container_privilege_refusals(container: Json, field: str, allowed: Allowed) -> Iterator[Refusal]:
    if allowed.privileged:
        return
    security, field = mapped(container, "securityContext"), f"{field}.securityContext"
    if security.get("privileged"):
        yield Refusal(f"{field}.privileged", "privileged containers are off here", f"leave it out, {ASK}")
    added = sorted(set(listed(mapped(security, "capabilities"), "add")) - _USUAL_CAPABILITIES)
    if added:
        why = f"{', '.join(added)} would reach past the container"
        yield Refusal(f"{field}.capabilities.add", why, f"do without, {ASK}")
    if security.get("procMount") not in {None, "Default"}:
        yield Refusal(f"{field}.procMount", "an unmasked /proc is off here", f"use Default, {ASK}")
    yield from _isolation_refusals(security, field)


def _isolation_refusals(security: Json, field: str) -> Iterator[Refusal]:
    """What a pod's security context and a container's have in common."""
    if mapped(security, "windowsOptions").get("hostProcess"):
        why = "processes of the host are off here"
        yield Refusal(f"{field}.windowsOptions.hostProcess", why, f"leave it out, {ASK}")
    labels = mapped(security, "seLinuxOptions")
    if labels.get("user") or labels.get("role") or labels.get("type", "") not in _USUAL_SE_LINUX_TYPES:
        why = "an SELinux user, role or type that is not a container's would reach past the container"
        yield Refusal(f"{field}.seLinuxOptions", why, f"set the level only, {ASK}")
