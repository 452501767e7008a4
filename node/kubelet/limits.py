"""How much a kubelet API does for its clients at the same time, and how long it waits for them."""

from dataclasses import dataclass

from node.kubelet.upgrading import HEAD_SECONDS


@dataclass(frozen=True, slots=True)
class Limits:
    streams: int = 512  # each may hold 1 MiB, most of it in TLS buffers
    strangers: int = 64  # connections of one address whose clients have not said yet who they are; others wait
    short_requests: int = 512  # connections of one address besides its streams
    head_seconds: float = HEAD_SECONDS
    idle_seconds: float = 90.0  # until a connection without a request is closed, as a kubelet does
    drain_seconds: float = 0.0  # that open streams get to end by themselves when the server stops
    answering_seconds: float = 5.0  # that other requests get then

    @property
    def connections(self) -> int:
        """Of one address."""
        return self.streams + self.short_requests
