"""What a pod costs to hold, measured in a fresh process: memory that Python once had hides what comes next."""

import asyncio
import ctypes
import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import SimpleNamespace

import psutil
from kubernetes_asyncio.client import ApiClient

from benchmarks.pods import list_json
from kube.codec import decode_list

PODS = 2000
PAGE = 500

Hold = Callable[[Sequence[bytes]], Awaitable[list[object]]]


def bytes_per_pod(form: str) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", form]
    return float(subprocess.run(command, check=True, input=list_json(PAGE), stdout=subprocess.PIPE).stdout)


async def _ours(pages: Sequence[bytes]) -> list[object]:
    return [decode_list(page).objects for page in pages]


async def _models(pages: Sequence[bytes]) -> list[object]:
    async with ApiClient() as api:
        return [api.deserialize(SimpleNamespace(data=page.decode()), "V1PodList").items for page in pages]


FORMS: Mapping[str, Hold] = {"ours": _ours, "models": _models}


async def _measure(hold: Hold, page: bytes, first: bytes) -> float:
    pages = [page] * (PODS // PAGE)
    await hold([first])  # whatever is loaded or cached once
    before = _resident()
    held = await hold(pages)
    grown = _resident() - before
    del held
    return grown / PODS


def _resident() -> int:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    print(asyncio.run(_measure(FORMS[sys.argv[1]], sys.stdin.buffer.read(), list_json(1))))
