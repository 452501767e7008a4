"""ConfigMaps and Secrets on the host.

Promises: data, binary data and immutability are the virtual object's own, whole; no Secret is one that the host's own
controllers would act on; what cannot be changed is replaced.
"""

from dataclasses import dataclass
from functools import partial

from reflectors.translation.context import Context
from reflectors.translation.json_values import Json
from reflectors.translation.merging import host_object, next_copy_write
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual, Refuse

CONFIG_MAP, SECRET = "ConfigMap", "Secret"
TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - the type's name

# The host's token controller deletes such Secrets, or fills them with a host identity.
_NOT_ON_HOST = {TOKEN_TYPE: "Opaque"}
_CONTENT = frozenset({"data", "binaryData", "immutable"})


@dataclass(frozen=True, slots=True)
class ConfigObjects:
    """The rules of one of the two kinds."""

    kind: str
    context: Context

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        write = next_copy_write(self.kind, virtual, host, partial(_creation, self.kind, self.context), self.context)
        if isinstance(write, Patch) and host is not None and _is_impossible(write, host):
            return Delete(host["metadata"]["uid"], 0, "it has to be another, and cannot be changed")
        return write

    def next_virtual_write(self, _virtual: Json, _host: Json | None, _refused: Refuse | None) -> PatchVirtual | None:
        return None


def _creation(kind: str, context: Context, virtual: Json) -> Create:
    content = {field: virtual.get(field) for field in sorted(_CONTENT)}
    if kind == SECRET:
        secret_type = virtual.get("type") or "Opaque"
        content["type"] = _NOT_ON_HOST.get(secret_type, secret_type)
    return Create(host_object(virtual, "v1", kind, context, **content))


def _is_impossible(patch: Patch, host: Json) -> bool:
    """Whether API servers refuse this patch, whoever asks."""
    return "type" in patch.body or (host.get("immutable") is True and not _CONTENT.isdisjoint(patch.body))
