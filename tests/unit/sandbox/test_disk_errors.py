import errno
import os
from pathlib import Path

import pytest

from sandbox import disk_errors
from sandbox.errors import SandboxError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_a_disk_refuses_is_said_in_one_line_with_what_to_do(number: int) -> None:
    with (
        pytest.raises(SandboxError, match=f"^cannot write to /images: {os.strerror(number)}; make room or .*$"),
        disk_errors.explained(Path("/images")),
    ):
        raise OSError(number, os.strerror(number))


def test_any_other_error_is_left_as_it_is() -> None:
    with pytest.raises(FileNotFoundError), disk_errors.explained(Path("/images")):
        raise FileNotFoundError(errno.ENOENT, "gone")
