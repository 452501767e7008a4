"""What a host's "no" means: whether the tenant has to know, or we have to look again."""

from kube.errors import ApiError, Conflict, Forbidden, Invalid
from reflectors.translation.writes import Refuse


def is_lost_race(error: ApiError) -> bool:
    """Whether the object is no more the one that was looked at; older API servers call another UID an invalid one."""
    if isinstance(error, Conflict):
        return True
    return isinstance(error, Invalid) and any(cause.field == "metadata.uid" for cause in error.details.causes)


def refusal_of(error: Forbidden | Invalid) -> Refuse:
    """Return what the tenant is told: a quota, an admission rule or the API server itself does not take it."""
    return Refuse("HostRefused", f"the host cluster refuses this: {error.message}")
