"""Cut a stream of bytes into lines, however it arrives; objects of many megabytes are lines too."""

from kube.codec import DecodeError

LIMIT = 32 * 1024 * 1024  # an object of 1.5 MiB, etcd's limit, is at most 9 MiB when all of it needs \u escapes


class LineTooLong(DecodeError): ...  # noqa: N818 - reads as what it is


class LineSplitter:
    """Holds the unfinished last line; lines that came whole are views of their chunk, and keep it alive.

    To copy each of them would cost half as much as to decode it.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[memoryview]:
        """Return the lines that are complete now, without their line feeds and without empty ones."""
        end = chunk.find(b"\n")
        if end < 0:
            self._hold(chunk)
            return []
        lines = [self._finish(chunk[:end])]
        view = memoryview(chunk)
        while (end := chunk.find(b"\n", start := end + 1)) >= 0:
            lines.append(view[start:end])
        self._hold(chunk[start:])
        return [line for line in lines if line]

    def _finish(self, piece: bytes) -> memoryview:
        self._hold(piece)
        line = memoryview(b"".join(self._pieces))
        self._pieces, self._held = [], 0
        return line

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._limit:
            raise LineTooLong(f"a line of more than {self._limit} bytes")
        self._pieces.append(piece)
