"""A program of the sandbox's own that works on one cluster until it is told to end."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.errors import CredentialsError


def serve(name: str, kubeconfig: Path, work: Callable[[Client], Awaitable[None]]) -> None:
    """Run `work` as the client `name` until SIGTERM or Ctrl-C cancels it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_serve(name, kubeconfig, work))


async def _serve(name: str, kubeconfig: Path, work: Callable[[Client], Awaitable[None]]) -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        credentials = await load_kubeconfig(kubeconfig)
    except (CredentialsError, OSError) as error:
        sys.exit(f"cannot use {kubeconfig}: {error}; write it with `python -m sandbox up`")
    async with Client(credentials, user_agent=name, field_manager=name) as client:
        await work(client)
