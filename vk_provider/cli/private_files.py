"""Files with secrets in them: nobody else may ever read them, not even between creation and writing."""

import contextlib
import os
import tempfile
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
