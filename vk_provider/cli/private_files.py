"""Files with secrets in them: nobody else may ever read them, not even between creation and writing."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vk_provider.cli.exits import Failure


def write_privately(path: Path, text: str) -> None:
    """Write or replace the file at once, readable by this user only; raises Failure."""
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
            Path(draft).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise
    except OSError as error:
        raise Failure(f"{path}: cannot be written ({error.strerror})") from error


@contextlib.contextmanager
def private_file(text: str, *, suffix: str) -> Iterator[Path]:
    """Give a file with the text that is there as long as the block lasts."""
    with tempfile.NamedTemporaryFile("w", prefix="vkp-", suffix=suffix) as file:
        file.write(text)
        file.flush()
        yield Path(file.name)
