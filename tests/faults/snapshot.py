"""Reads both sides whole, past all caches and proxies."""

import asyncio
from typing import Any

import orjson

from kube.client import Client
from kube.resources import LEASES, NODES, PERSISTENT_VOLUMES, Resource
from tests.faults.kinds import CONTENTS

ALSO_VIRTUAL = (NODES, LEASES, PERSISTENT_VOLUMES)

Objects = dict[str, list[dict[str, Any]]]


async def virtual_objects(client: Client) -> Objects:
    return await _objects(client, (*CONTENTS, *ALSO_VIRTUAL))


async def host_objects(client: Client) -> Objects:
    return await _objects(client, CONTENTS)


async def _objects(client: Client, resources: Any) -> Objects:
    async with asyncio.TaskGroup() as group:
        tasks = {resource.kind: group.create_task(_listed(client, resource)) for resource in resources}
    return {kind: task.result() for kind, task in tasks.items()}


async def _listed(client: Client, resource: Resource) -> list[dict[str, Any]]:
    items = orjson.loads(await client.request("GET", resource.path()))["items"]
    return [{"kind": resource.kind, **item} for item in items]
