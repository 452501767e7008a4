"""What must be gone when a test is over: tasks, and sockets of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.eventually import eventually


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Fail if whatever ran inside leaves a task or a socket behind."""
    tasks, sockets = asyncio.all_tasks(), open_sockets()
    yield
    known = {*tasks, asyncio.current_task()}  # a fixture is left by another task than it was entered by
    # A proxy's task for a connection sees that it is closed, and a closed TLS connection says goodbye, a moment later.
    await eventually(lambda: asyncio.all_tasks() <= known, "the tasks that were begun to end", seconds=10)
    await eventually(lambda: open_sockets() <= sockets, "the sockets that were opened to be closed", seconds=10)


def open_sockets() -> set[str]:
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except FileNotFoundError:  # the one that lists them
            continue
    return {target for target in targets if target.startswith("socket:")}
