"""What the operating system says about a disk (full, read-only, not ours), in a sandbox's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError

EXPECTED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turn such an error met while writing below `where` into a SandboxError."""
    try:
        yield
    except OSError as error:
        if error.errno not in EXPECTED:
            raise
        raise SandboxError(
            f"cannot write to {where}: {error.strerror}; make room or get the right to write there"
        ) from error
