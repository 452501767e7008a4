"""Cut a stream of bytes into lines, however it arrives; objects of many megabytes are lines too."""

from kube.codec import DecodeError

LIMIT = 32 * 1024 * 1024  # an object of 1.5 MiB, etcd's limit, is at most 9 MiB when all of it needs \u escapes


class LineTooLong(DecodeError): ...  # noqa: N818 - reads as what it is


class LineSplitter:
    """Holds the unfinished last line; each chunk is searched and copied once, whatever the line's length."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are complete now, without their line feeds and without empty ones."""
        head, *rest = chunk.split(b"\n")
        self._hold(head)
        if not rest:
            return []
        lines = [b"".join(self._pieces), *rest[:-1]]
        self._pieces, self._held = [], 0
        self._hold(rest[-1])
        return [line for line in lines if line]

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._limit:
            raise LineTooLong(f"a line of more than {self._limit} bytes")
        self._pieces.append(piece)
