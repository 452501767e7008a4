"""Creates a Cluster and what it needs beside it, and takes that away again if the Cluster is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kube.client import Client, PatchType
from kube.codec import decode_object
from kube.errors import AlreadyExists, ApiError, Forbidden, NotFound
from kube.objects import Object
from kube.owners import owner_reference
from kube.resources import NAMESPACES, SECRETS
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.failures import is_kind_missing
from vk_provider.cli.output import Json
from vk_provider.controller.resources import CLUSTERS, POLICIES

POLICY_LABEL = "policy.k3k.io/policy-name"


@dataclass(frozen=True, slots=True)
class Creation:
    cluster: Mapping[str, Any]
    namespace: str
    secrets: Sequence[Mapping[str, Any]] = ()
    policy: str | None = None

    @property
    def name(self) -> str:
        return str(self.cluster["metadata"]["name"])

    def namespace_body(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": self.namespace}
        if self.policy:
            metadata["labels"] = {POLICY_LABEL: self.policy}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

    def objects(self) -> list[Json]:
        """Return all of it, in the order in which it is applied."""
        return [self.namespace_body(), *self.secrets, self.cluster]


async def carry_out(host: Client, creation: Creation, *, dry_run: bool) -> Object:
    """Return the Cluster that was created, or would be."""
    await _check_name(host, creation)
    await _check_policy(host, creation.policy)
    made = await _ensure_namespace(host, creation, dry_run=dry_run)
    if dry_run:
        if made:  # the server cannot check anything in a namespace that is not there: what it says of that is enough
            return decode_object(msgspec.json.encode(creation.cluster))
        return await _checked(host, creation)
    secrets: list[Object] = []
    try:
        for body in creation.secrets:
            secrets.append(await _create_secret(host, body))  # noqa: PERF401 - those before a failure must be known
        cluster = await _create_cluster(host, creation)
    except (ApiError, Failure):
        await _undo(host, creation.namespace if made else None, secrets)
        raise
    for secret in secrets:
        await _give_to(host, secret, cluster)
    return cluster


async def _check_name(host: Client, creation: Creation) -> None:
    """Find out, before anything is made, whether there is such a Cluster already, and whether there can be any."""
    try:
        await host.get(CLUSTERS, creation.name, creation.namespace)
    except NotFound as error:
        if is_kind_missing(error):
            raise
    except Forbidden:
        pass  # who may not read may still be allowed to create
    else:
        raise _exists(creation)


async def _check_policy(host: Client, policy: str | None) -> None:
    if not policy:
        return
    try:
        await host.get(POLICIES, policy)
    except NotFound as error:
        if error.details.name:
            advice = "See what there is: kubectl get virtualclusterpolicies"
            raise Failure(f"no VirtualClusterPolicy {policy}", Exit.NOT_FOUND, advice=advice) from error
        raise
    except Forbidden:
        pass  # who may not read policies may still be allowed to name one


async def _ensure_namespace(host: Client, creation: Creation, *, dry_run: bool) -> bool:
    """Have the namespace, bound to the policy; tell whether it had to be made."""
    try:
        there = await host.get(NAMESPACES, creation.namespace)
    except NotFound:
        if not dry_run:
            await host.create(NAMESPACES, creation.namespace_body())
        return True
    except Forbidden:
        if creation.policy:
            raise
        return False  # if it is not there, the server says so of the Cluster
    if there.metadata.deletion_timestamp:
        raise Failure(f"namespace {there.name} is being deleted", advice="Wait until it is gone, or choose another: -n")
    bound = there.metadata.labels.get(POLICY_LABEL)
    if creation.policy and bound and bound != creation.policy:
        advice = f"Choose another namespace with -n, or unbind it: kubectl label namespace {there.name} {POLICY_LABEL}-"
        raise Failure(f"namespace {there.name} is bound to the policy {bound}, not {creation.policy}", advice=advice)
    if creation.policy and not bound and not dry_run:
        labels = {"metadata": {"labels": {POLICY_LABEL: creation.policy}}}
        await host.patch(NAMESPACES, there.name, labels, patch_type=PatchType.MERGE)
    return False


async def _checked(host: Client, creation: Creation) -> Object:
    path, body = CLUSTERS.path(creation.namespace), msgspec.json.encode(creation.cluster)
    return decode_object(await host.request("POST", path, query=[("dryRun", "All")], body=body))


async def _create_cluster(host: Client, creation: Creation) -> Object:
    try:
        return await host.create(CLUSTERS, creation.cluster)
    except AlreadyExists as error:
        raise _exists(creation) from error


def _exists(creation: Creation) -> Failure:
    name = f"{creation.namespace}/{creation.name}"
    advice = f"Look at it: vkp cluster get {name}\nChange it: vkp cluster update {name}"
    return Failure(f"there is a Cluster {name} already", advice=advice)


async def _create_secret(host: Client, body: Mapping[str, Any]) -> Object:
    try:
        return await host.create(SECRETS, body)
    except AlreadyExists as error:
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        advice = f"Delete it if nothing needs it: kubectl -n {namespace} delete secret {name}"
        raise Failure(f"there is a Secret {namespace}/{name} already", advice=advice) from error


async def _undo(host: Client, namespace: str | None, secrets: Sequence[Object]) -> None:
    for secret in secrets:
        await host.delete(SECRETS, secret.name, secret.namespace, uid=secret.uid)
    if namespace is not None:
        await host.delete(NAMESPACES, namespace)


async def _give_to(host: Client, secret: Object, cluster: Object) -> None:
    """Have the Secret go with the Cluster."""
    owners = [owner_reference(CLUSTERS, cluster.name, cluster.uid)]
    body = {"metadata": {"uid": secret.uid, "ownerReferences": owners}}
    await host.patch(SECRETS, secret.name, body, secret.namespace, patch_type=PatchType.MERGE)
