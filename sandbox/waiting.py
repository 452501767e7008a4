"""Waiting for something with a limit, saying at the end what was last seen."""

import time
from collections.abc import Callable

from sandbox.errors import SandboxError


def wait_until(
    look: Callable[[], str | None], *, what: str, seconds: float, advice: str, interval: float = 0.05
) -> None:
    """Call `look` until it returns None; what it returns otherwise is why not yet."""
    deadline = time.monotonic() + seconds
    while (seen := look()) is not None:
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} not there after {seconds:.0f} s (last seen: {seen}); {advice}")
        time.sleep(interval)
