"""The host cluster, for commands: which one is meant, a client for it, and errors told as failures."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import click

from kube.client import Client
from kube.connection import Access, Credentials
from kube.errors import ApiError, CredentialsError
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.failures import failure_of
from vk_provider.cli.host_options import CONTEXT, DEBUG, KUBECONFIG, OWN_PROCESS
from vk_provider.cli.kubeconfigs import HOST_CONTEXT, kubeconfig_files, one_file
from vk_provider.logs import LogFormat, LogLevel, configure_logs

PROGRAM = "vkp"
CALL_SECONDS = 15.0  # a person waits for the answer
T = TypeVar("T")


class Host(Client):
    """A client for the host cluster that knows how it got in."""

    def __init__(self, credentials: Credentials, server: str) -> None:
        super().__init__(credentials, user_agent=PROGRAM, field_manager=PROGRAM, timeout=CALL_SECONDS)
        self.credentials = credentials
        self.server = server

    async def access(self) -> Access:
        return await self.credentials.access()


def on_host(work: Callable[[Host], Awaitable[T]]) -> T:
    """Do the work with the host cluster that the command line means; raises Failure for all that an API may refuse."""
    context = click.get_current_context()
    meta = context.meta
    if context.obj is OWN_PROCESS:
        configure_logs(LogFormat.CONSOLE, LogLevel.DEBUG if meta.get(DEBUG) else LogLevel.ERROR)

    async def connected() -> T:
        async with connection(meta.get(KUBECONFIG), meta.get(CONTEXT)) as host:
            return await work(host)

    try:
        return asyncio.run(connected())
    except (ApiError, CredentialsError) as error:
        raise failure_of(error) from error
    except ExceptionGroup as group:
        raise _first(group) from group


@asynccontextmanager
async def connection(kubeconfig: str | None, context: str | None) -> AsyncIterator[Host]:
    """Give a client for the host cluster; raises CredentialsError."""
    from kube.credentials import load_in_cluster, load_kubeconfig  # noqa: PLC0415 - half a second, which help can spare

    async with AsyncExitStack() as stack:
        files = kubeconfig_files(kubeconfig, os.environ)
        context = context or os.environ.get(HOST_CONTEXT) or None
        credentials: Credentials
        if files:
            credentials = await load_kubeconfig(stack.enter_context(one_file(files)), context)
        else:
            credentials = load_in_cluster()
        server = (await credentials.access()).server
        yield await stack.enter_async_context(Host(credentials, server))


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What to tell of what several tasks met: the first thing that we have words for."""
    known, other = group.split((ApiError, CredentialsError, Failure))
    error: BaseException | None = known if known is not None else other
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, (ApiError, CredentialsError)):
        return failure_of(error)
    return error if isinstance(error, Exception) else Failure("interrupted", Exit.INTERRUPTED)
