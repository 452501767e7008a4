"""A value made from files, made anew when their contents change."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from kube.clock import Clock
from kube.errors import CredentialsError

T = TypeVar("T")
Read = Callable[[Path], bytes]
INTERVAL = 10.0  # seconds between looks; kubelets take a minute to show a new token, whose old one lasts longer still

log = structlog.get_logger()


class Reloading(Generic[T]):
    """Calls `load` with a function to read files by, and again when a file that it read has other contents.

    Contents are compared, not times: these files are small, and the links of projected volumes make times misleading.
    The first load raises; when a later one does, the value stays as it was, and the next look tries again.
    """

    def __init__(self, load: Callable[[Read], T], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._next_look = clock.now() + INTERVAL
        self._value, self._seen = self._load_afresh()

    def current(self) -> T:
        if self._clock.now() >= self._next_look:
            self.look()
        return self._value

    def look(self) -> None:
        """Look at the files now."""
        self._next_look = self._clock.now() + INTERVAL
        try:
            if any(path.read_bytes() != contents for path, contents in self._seen.items()):
                self._value, self._seen = self._load_afresh()
        except (OSError, CredentialsError) as error:
            log.warning("credentials not reloaded", error=str(error))

    def _load_afresh(self) -> tuple[T, dict[Path, bytes]]:
        seen: dict[Path, bytes] = {}

        def read(path: Path) -> bytes:
            seen[path] = path.read_bytes()
            return seen[path]

        return self._load(read), seen
