"""What a host's "no" means: whether the tenant has to know, or we have to look again."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from kube.errors import ApiError, Conflict, Forbidden, InternalError, Invalid
from kube.objects import Object
from reflectors.translation.json_values import Draft
from reflectors.translation.writes import Refuse

# An internal error is how an API server says that it has no address or port left to give.
REFUSALS = (Forbidden, Invalid, InternalError)

log = structlog.get_logger()


def is_lost_race(error: ApiError) -> bool:
    """Whether the object is no more the one that was looked at; older API servers call another UID an invalid one."""
    if isinstance(error, Conflict):
        return True
    return isinstance(error, Invalid) and any(cause.field == "metadata.uid" for cause in error.details.causes)


def refusal_of(error: Forbidden | Invalid | InternalError) -> Refuse:
    """Return what the tenant is told: a quota, an admission rule or the API server itself does not take it."""
    return Refuse("HostRefused", f"the host cluster refuses this: {error.message}")


def virtual_refusal_of(error: Forbidden | Invalid) -> Refuse:
    """Return what the tenant is told: the virtual API server does not take what holds on the host."""
    return Refuse("NotAgreed", f"this cluster refuses what the host cluster says: {error.message}")


async def first_taken(bodies: Sequence[Draft], send: Callable[[Draft], Awaitable[Object]]) -> Object:
    """Send one body after the other until one is not called invalid; return what the API server made of it."""
    for body in bodies[:-1]:
        try:
            return await send(body)
        except Invalid as error:
            if is_lost_race(error):
                raise
            log.info("asking for less", error=str(error))
    return await send(bodies[-1])
