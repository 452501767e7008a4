"""Who sends a request, as Kubernetes describes users."""

from dataclasses import dataclass

from aiohttp import web

MASTERS = "system:masters"  # may do everything in a cluster, whatever its rules say


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


USER = web.RequestKey("user", User)


class CannotTell(Exception):  # noqa: N818 - reads as what it is
    """The virtual cluster could not be asked."""
