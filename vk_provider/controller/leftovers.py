"""What a former Cluster of the same name has left on the host, and must be gone before a new one is made.

A new virtual cluster on the old one's volume does not start: its authorities and its token are others.
"""

from collections.abc import Iterable

from kube.objects import Object
from kube.resources import STATEFUL_SETS
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.resources import CLUSTERS


def leftovers(cluster: Cluster, made: Iterable[Object], claims: Iterable[Object]) -> list[Object]:
    """Return them; `made` and `claims` are what bears the Cluster's name."""
    made = list(made)
    old = [obj for obj in made if _is_of_former(cluster, obj)]
    has_servers = any(obj.kind == STATEFUL_SETS.kind for obj in made)
    return old if has_servers else [*old, *(claim for claim in claims if claim.metadata.deletion_timestamp is not None)]


def _is_of_former(cluster: Cluster, obj: Object) -> bool:
    owners = obj.metadata.owner_references
    return any(owner.kind == CLUSTERS.kind and owner.uid != cluster.uid for owner in owners)
