"""A terminal for programs that want one: tests read its screen, type, and change its size."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence

ATTEMPTS = 60


class Terminal:
    """A program's terminal, seen from its user's side."""

    def __init__(self, screen: int, process: subprocess.Popen[bytes]) -> None:
        self._screen = screen
        self._process = process

    def resize(self, *, rows: int, columns: int) -> None:
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process.send_signal(signal.SIGWINCH)

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def type_until(self, text: str, wanted: str) -> None:
        """Type the same again and again until the wanted answer is on the screen."""
        seen = b""
        for _ in range(ATTEMPTS):
            self.type(text)
            while select.select([self._screen], [], [], 0.5)[0]:
                seen += os.read(self._screen, 65536)
                if wanted.encode() in seen:
                    return
        raise AssertionError(f"waited for {wanted!r}, saw {seen!r}")

    def exit_code(self, *, seconds: float = 30) -> int:
        """Wait for the program's end."""
        return self._process.wait(seconds)


@contextlib.contextmanager
def terminal(command: Sequence[str]) -> Iterator[Terminal]:
    """Run a program in a terminal of its own."""
    screen, inside = pty.openpty()
    process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, start_new_session=True)
    os.close(inside)
    try:
        yield Terminal(screen, process)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
