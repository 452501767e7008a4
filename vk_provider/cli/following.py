"""One object, as it is now and whenever it changes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from kube.client import Client
from kube.codec import EventType
from kube.errors import Gone, TooManyRequests, Unreachable
from kube.objects import Object
from kube.resources import Resource

_REST = 1.0  # seconds before a server that gave no answer is asked again


async def follow(client: Client, resource: Resource, name: str, namespace: str) -> AsyncGenerator[Object | None, None]:
    """Yield the object, then each of its new states, and None while it is not there; goes on until it is closed."""
    only = f"metadata.name={name}"
    while True:
        try:
            listed = await client.list(resource, namespace, field_selector=only)
            yield next(iter(listed.objects), None)
            since = listed.resource_version
            news = client.watch(resource, namespace, resource_version=since, field_selector=only)
            async with aclosing(news) as events:
                async for event in events:
                    if event.type is not EventType.BOOKMARK:
                        yield None if event.type is EventType.DELETED else event.object
        except (Gone, TooManyRequests, Unreachable):
            await asyncio.sleep(_REST)
