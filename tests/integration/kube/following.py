"""An informer on a real API server together with a subscriber, and what must hold once a trouble is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kube.backoff import Backoff
from kube.client import Client, PatchType
from kube.credentials import load_kubeconfig
from kube.errors import NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.resources import CONFIG_MAPS
from tests.eventually import eventually
from tests.leaks import nothing_left
from tests.subscriber import Subscriber

IMPATIENT = Timing(backoff=Backoff(base=0.1, cap=1.0), silence=1.0)


@dataclass
class Following:
    admin: Client  # straight to the server
    client: Client  # the informer's, perhaps through a proxy
    informer: Informer
    namespace: str
    subscriber: Subscriber = field(default_factory=Subscriber)

    async def put(self, name: str, **data: str) -> Object:
        metadata = {"name": name, "namespace": self.namespace}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        try:
            return await self.admin.replace(CONFIG_MAPS, body)
        except NotFound:
            return await self.admin.create(CONFIG_MAPS, body)

    async def label(self, name: str, app: str) -> None:
        patch = {"metadata": {"labels": {"app": app}}}
        await self.admin.patch(CONFIG_MAPS, name, patch, self.namespace, patch_type=PatchType.MERGE)

    async def delete(self, name: str) -> None:
        await self.admin.delete(CONFIG_MAPS, name, self.namespace)

    def sees(self, name: str) -> Object | None:
        return self.informer.store.get(Key(self.namespace, name))

    async def change_everything(self) -> None:
        """Add, change, delete and recreate while nobody may be looking."""
        await self.put("added")
        await self.put("changed", now="changed")
        await self.delete("deleted")
        await self.delete("recreated")
        await self.put("recreated", now="again")

    async def recover(self) -> None:
        """Wait until the informer hears of something new, then check all that it ever said."""
        news = await self.put("news")
        await eventually(
            lambda: self.sees("news") == news,
            f"the informer to hear of a new object; {self.informer.state}",
            seconds=60,
        )
        await self.check()

    async def check(self) -> None:
        fresh = await self.admin.list(CONFIG_MAPS, self.namespace)
        truth = {obj.key: obj for obj in fresh.objects}
        await eventually(lambda: self.subscriber.objects == truth, "the subscriber to know what a fresh list shows")
        assert {obj.key: obj for obj in self.informer.store.values()} == truth
        assert self.subscriber.contradictions == []


@asynccontextmanager
async def following(
    api: Path, namespace: str, *, through: Path | None = None, label_selector: str = ""
) -> AsyncIterator[Following]:
    """Follow the ConfigMaps of a namespace, perhaps `through` the kubeconfig of a proxy; leaves nothing behind."""
    async with nothing_left(), connected(api) as admin, connected(through or api) as client:
        informer = Informer(client, CONFIG_MAPS, namespace, label_selector=label_selector, timing=IMPATIENT)
        followed = Following(admin, client, informer, namespace)
        followed.informer.add_handler(followed.subscriber)
        for name in ("kept", "changed", "deleted", "recreated"):
            await followed.put(name)
        run = asyncio.create_task(followed.informer.run())
        try:
            await eventually(lambda: followed.informer.synced or run.done(), "the informer to be synced")
            yield followed
        finally:
            run.cancel()
            await asyncio.wait([run], timeout=10)
        assert run.cancelled(), "an informer is ended by nothing but cancellation"


@asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[Client]:
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent="test", field_manager="test") as client:
        yield client
