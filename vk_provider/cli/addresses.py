"""Which Cluster is meant by what somebody typed: NAME, NAMESPACE/NAME, or NAME with -n."""

import re
from typing import NamedTuple

from kube.client import Client
from kube.errors import Forbidden, NotFound
from kube.objects import Object
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.failures import is_kind_missing
from vk_provider.controller.resources import CLUSTERS

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class Typed(NamedTuple):
    """What was typed; without a namespace it is the usual one, or wherever there is one of that name."""

    name: str
    namespace: str | None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def usual_namespace(self) -> str:
        return self.namespace or f"k3k-{self.name}"


def typed(text: str, namespace: str | None) -> Typed:
    """Read it; raises Failure for what cannot be."""
    before, slash, name = text.rpartition("/")
    if not _is_name(name) or (slash and not _is_name(before)) or (namespace and not _is_name(namespace)):
        said = f"-n {namespace}" if namespace and not _is_name(namespace) else repr(text)
        raise Failure(f"{said} is neither NAME nor NAMESPACE/NAME; names are of a-z, 0-9 and '-'", Exit.USAGE)
    if before and namespace and before != namespace:
        raise Failure(f"{text} is in namespace {before}, and -n says {namespace}", Exit.USAGE, advice="Leave one out.")
    return Typed(name, before or namespace or None)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


async def find_cluster(host: Client, wanted: Typed) -> Object:
    """Return the Cluster that is meant; raises Failure when there is none, or more than one that it could be."""
    try:
        return await host.get(CLUSTERS, wanted.name, wanted.usual_namespace)
    except NotFound as error:
        if is_kind_missing(error):
            raise
    others = await _of_that_name(host, wanted.name)
    if wanted.namespace is None and len(others) == 1:
        return others[0]
    places = ", ".join(f"{each.namespace}/{each.name}" for each in others)
    if wanted.namespace is None and others:
        raise Failure(f"there are several Clusters {wanted}", Exit.USAGE, advice=f"Say which one: {places}")
    where = f"in namespace {wanted.usual_namespace}" if wanted.namespace else "in any namespace"
    advice = f"There is: {places}" if places else f"See what there is: vkp cluster list\n{_creation(wanted)}"
    raise Failure(f"no Cluster {wanted.name} {where}", Exit.NOT_FOUND, advice=advice)


def _creation(wanted: Typed) -> str:
    return f"Make it: vkp cluster create {wanted.name}" + (f" -n {wanted.namespace}" if wanted.namespace else "")


async def _of_that_name(host: Client, name: str) -> list[Object]:
    """Look in all namespaces, if that is allowed."""
    try:
        found = (await host.list(CLUSTERS, field_selector=f"metadata.name={name}")).objects
        return sorted(found, key=lambda cluster: cluster.key)
    except Forbidden:
        return []
