"""What a Cluster's `spec.sync` says about which objects are reflected: the fields that K3k's users know.

    services:
      enabled: true
      selector: {tier: web}

An entry with a selector is about the objects that have all of its labels; without one about every object. ConfigMaps
and Secrets without a selector are reflected where something that is reflected refers to them, unless `all` is true.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from kube.objects import Object


class SyncConfigError(Exception):
    """What is wrong with a sync configuration, and where."""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind's entry."""

    enabled: bool = True
    selector: dict[str, str] = {}

    def wants(self, obj: Object, *, is_referred_to: bool = True) -> bool:
        """Whether the object is to be reflected."""
        return self.enabled and is_referred_to and _has(obj, self.selector)


class ReferredKind(Kind, frozen=True, forbid_unknown_fields=True):
    """The entry of a kind that is reflected where it is needed."""

    all: bool = False

    def wants(self, obj: Object, *, is_referred_to: bool = True) -> bool:
        """Whether the object is to be reflected; a selector asks for all that it matches, and for nothing else."""
        return super().wants(obj, is_referred_to=is_referred_to or self.all or bool(self.selector))


class OptionalKind(Kind, frozen=True, forbid_unknown_fields=True):
    """The entry of a kind that is not reflected by default."""

    enabled: bool = False


_INGRESS_NAMES = {"keep_tls_secrets": "disableTLSSecretTranslation"}


class Ingresses(OptionalKind, frozen=True, forbid_unknown_fields=True, rename=_INGRESS_NAMES):
    """`keep_tls_secrets`: an Ingress names a Secret of the host namespace, not of the virtual cluster."""

    keep_tls_secrets: bool = False


class SyncConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """All entries; what is not said is as in K3k."""

    services: Kind = Kind()
    config_maps: ReferredKind = ReferredKind()
    secrets: ReferredKind = ReferredKind()
    persistent_volume_claims: Kind = Kind()
    ingresses: Ingresses = Ingresses()
    priority_classes: OptionalKind = OptionalKind()
    storage_classes: OptionalKind = OptionalKind()


def sync_config(text: str) -> SyncConfig:
    """Read YAML. Raises SyncConfigError."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SyncConfigError(f"is no YAML: {' '.join(str(error).split())}") from error
    return convert({} if content is None else content)


def convert(content: Any) -> SyncConfig:
    """Read what is decoded already. Raises SyncConfigError."""
    try:
        return msgspec.convert(_without_nulls(content), SyncConfig)
    except msgspec.ValidationError as error:
        raise SyncConfigError(f"{error}; known are: {_known()}") from error


def _without_nulls(content: Any) -> Any:
    """Return it without what says nothing, as API servers take it."""
    if not isinstance(content, dict):
        return content
    return {key: _without_nulls(value) for key, value in content.items() if value is not None}


def _known() -> str:
    kinds = (field.encode_name for field in msgspec.structs.fields(SyncConfig))
    return f"{', '.join(kinds)}, each with enabled and selector"


def _has(obj: Object, selector: Mapping[str, str]) -> bool:
    labels = obj.metadata.labels
    return all(labels.get(key) == value for key, value in selector.items())
