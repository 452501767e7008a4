"""What is wrong with a Cluster as its author wrote it: what is refused at once, with words that say what to do.

The controller asks here before it does anything, so that API servers without CEL refuse the same; command lines may
ask before they create anything. What only the host can know (whether a Secret is there) is not asked here.
"""

from typing import Any

import msgspec

from vk_provider.controller.checks import CHECKS
from vk_provider.controller.cluster import Cluster, FixedFields, Spec
from vk_provider.controller.mistake import Mistake
from vk_provider.controller.rules import CLUSTER_RULES, FIXED, Json, values_at

__all__ = ["Mistake", "host_mistakes", "mistakes", "transition_mistakes"]


def mistakes(cluster: Cluster) -> list[Mistake]:
    """All of them."""
    said = {"metadata": {"name": cluster.name}, "spec": msgspec.to_builtins(cluster.spec)}
    found = [Mistake(field, rule.what) for rule in CLUSTER_RULES for field in rule.broken(said)]
    return found + [mistake for check in CHECKS for mistake in check(cluster)]


def transition_mistakes(old: FixedFields, new: Spec) -> list[Mistake]:
    """What differs from `status.fixed` and must not: there the controller keeps what it accepted first.

    A merge patch keeps no empty text in a status, so that none is told from nothing.
    """
    before, now = ({"spec": msgspec.to_builtins(fields)} for fields in (old, FixedFields.of(new)))
    return [Mistake(field.path, field.what) for field in FIXED if _said(field.path, before) != _said(field.path, now)]


def _said(path: str, root: Json) -> list[Any]:
    return [value for _, value in values_at(path, root) if value != ""]


def host_mistakes(cluster: Cluster, *, service_cidr: str) -> list[Mistake]:
    """What does not fit the host: in shared mode both clusters have the same Service addresses."""
    wanted = cluster.spec.service_cidr
    if wanted in ("", service_cidr):
        return []
    what = f"{wanted} is not the host's range, {service_cidr}, which shared mode needs; leave it out"
    return [Mistake("spec.serviceCIDR", what)]
