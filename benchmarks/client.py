"""The client against the library that people would use otherwise, and against aiohttp with nothing on top.

Times are CPU time of this process.
"""

import asyncio
import gc
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from types import SimpleNamespace

import aiohttp
from kubernetes_asyncio.client import ApiClient, Configuration, CoreV1Api
from kubernetes_asyncio.config import load_kube_config

from benchmarks.canned_server import TOKEN, CannedServer, canned_server
from benchmarks.memory import bytes_per_pod
from benchmarks.pods import list_json
from benchmarks.report import Result, at_least, at_most, paired
from kube.client import Client, PatchType
from kube.codec import decode_list, encode
from kube.credentials import load_kubeconfig
from kube.resources import PODS

PAGE = 500
REQUESTS = 160
ROUNDS = 25
CONCURRENCY = 16
PATCH = {"status": {"phase": "Running"}}
POD = "/api/v1/namespaces/shop/pods/web"

Call = Callable[[], Awaitable[object]]


def results() -> list[Result]:
    return [*asyncio.run(_list_decode()), *_cpu_per_request(), *_memory_per_pod()]


async def _list_decode() -> list[Result]:
    page = list_json(PAGE)
    ours, models = [], []
    async with ApiClient() as api:
        for _ in range(5):
            ours.append(_cpu(lambda: decode_list(page)))
            models.append(_cpu(lambda: api.deserialize(SimpleNamespace(data=page.decode()), "V1PodList")))
    return [
        Result("list decode, models / ours", median(models) / median(ours), at_least(100)),
        Result("list decode, ours", median(ours) / PAGE * 1e6, unit="us/pod"),
    ]


def _cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that the work took, without throwing away what it made."""
    gc.collect()
    began = time.process_time()
    made = work()
    taken = time.process_time() - began
    del made
    return taken


def _cpu_per_request() -> list[Result]:
    with canned_server() as server:
        return asyncio.run(_compare_requests(server))


async def _compare_requests(server: CannedServer) -> list[Result]:
    found = []
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(_our_calls(server))
        bare = await stack.enter_async_context(_bare_calls(server))
        typed = await stack.enter_async_context(_typed_calls(server))
        for verb in ("get", "patch"):
            cpu = await _interleaved(
                {
                    "bytes": ours[f"{verb} bytes"],
                    "bare": bare[verb],
                    "object": ours[verb],
                    "parsed": bare[f"{verb} parsed"],
                    "typed": typed[verb],
                }
            )
            mine = cpu["object"]
            found += [
                Result(f"{verb} of an object, ours / typed client", paired(mine, cpu["typed"]), at_most(1 / 8)),
                Result(f"{verb} of bytes, ours / aiohttp", paired(cpu["bytes"], cpu["bare"]), at_most(1.1)),
                Result(f"{verb} of an object, ours / aiohttp", paired(mine, cpu["bare"])),
                Result(f"{verb} of an object, ours / aiohttp and json", paired(mine, cpu["parsed"]), at_most(1.1)),
                Result(f"{verb} of an object, ours", median(mine) * 1e6, unit="us"),
            ]
    return found


async def _interleaved(calls: Mapping[str, Call]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            taken[name].append(await _cpu_of_requests(call, REQUESTS // 4 if name == "typed" else REQUESTS))
    return taken


async def _cpu_of_requests(call: Call, count: int) -> float:
    async def caller() -> None:
        for _ in range(count // CONCURRENCY):
            await call()

    await _together(call)  # so that no connection has to be made while the time is taken
    began = time.process_time()
    await _together(caller)
    return (time.process_time() - began) / (count // CONCURRENCY * CONCURRENCY)


async def _together(call: Call) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(_awaited(call))


async def _awaited(call: Call) -> None:
    await call()


@asynccontextmanager
async def _our_calls(server: CannedServer) -> AsyncIterator[dict[str, Call]]:
    credentials = await load_kubeconfig(server.kubeconfig)
    async with Client(credentials, user_agent="benchmark", field_manager="benchmark") as client:
        merge = {"Content-Type": PatchType.MERGE.value}
        yield {
            "get": lambda: client.get(PODS, "web", "shop"),
            "get bytes": lambda: client.request("GET", POD),
            "patch": lambda: client.patch(PODS, "web", PATCH, "shop", patch_type=PatchType.MERGE, subresource="status"),
            "patch bytes": lambda: client.request("PATCH", f"{POD}/status", headers=merge, body=encode(PATCH)),
        }


@asynccontextmanager
async def _bare_calls(server: CannedServer) -> AsyncIterator[dict[str, Call]]:
    """Give the least that a program can do with aiohttp: take the answer's bytes, and perhaps parse them."""
    merge = {"Content-Type": PatchType.MERGE.value}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    context = ssl.create_default_context(cafile=str(server.authority))
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(server.url, headers=headers, connector=connector) as session:

        async def get() -> bytes:
            async with session.get(POD) as response:
                return await response.read()

        async def patch() -> bytes:
            async with session.patch(POD + "/status", data=encode(PATCH), headers=merge) as response:
                return await response.read()

        async def get_parsed() -> object:
            return json.loads(await get())

        async def patch_parsed() -> object:
            return json.loads(await patch())

        yield {"get": get, "patch": patch, "get parsed": get_parsed, "patch parsed": patch_parsed}


@asynccontextmanager
async def _typed_calls(server: CannedServer) -> AsyncIterator[dict[str, Call]]:
    configuration = Configuration()
    await load_kube_config(str(server.kubeconfig), client_configuration=configuration)
    async with ApiClient(configuration) as api:
        core = CoreV1Api(api)
        yield {
            "get": lambda: core.read_namespaced_pod("web", "shop"),
            "patch": lambda: core.patch_namespaced_pod_status("web", "shop", PATCH),
        }


def _memory_per_pod() -> list[Result]:
    ours, models = bytes_per_pod("ours"), bytes_per_pod("models")
    return [
        Result("memory of a held pod, ours / models", ours / models, at_most(1 / 6)),
        Result("memory of a held pod, ours", ours / 1024, unit="KiB"),
    ]
