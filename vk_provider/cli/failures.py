"""What an API server's refusal means to somebody at a command line."""

from collections.abc import Iterator

from kube.errors import (
    ApiError,
    Conflict,
    CredentialsError,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
    Unreachable,
)
from vk_provider.cli.exits import Exit, Failure
from vk_provider.controller.resources import API_VERSION, GROUP

_CHOOSE = "Choose another kubeconfig or context: --kubeconfig FILE, --context NAME, or the variable KUBECONFIG."


def failure_of(error: ApiError | CredentialsError) -> Failure:
    """What to tell of it, with the exit code it ends with."""
    if isinstance(error, CredentialsError):
        return Failure(f"no way into the host cluster: {error}", Exit.NO_ACCESS, advice=_CHOOSE)
    if isinstance(error, Unreachable | Unauthorized | Forbidden):
        return _no_access(error)
    if isinstance(error, NotFound):
        return _not_found(error)
    if isinstance(error, Invalid):
        return Failure("\n".join(["the host cluster refuses this:", *_causes(error)]))
    if isinstance(error, Conflict):
        return Failure(error.message, advice="Somebody else changed it meanwhile; run the command again.")
    return Failure(f"the host cluster answers {error}")


def _no_access(error: ApiError) -> Failure:
    match error:
        case Unreachable():
            what = f"the host cluster does not answer: {error.message}"
            return Failure(what, Exit.NO_ACCESS, advice=f"Is it there, and is this the right one? {_CHOOSE}")
        case Unauthorized():
            return Failure("the host cluster does not accept these credentials", Exit.NO_ACCESS, advice=_CHOOSE)
    if error.has_cause("NamespaceTerminating"):
        return Failure(error.message, advice="Wait until that namespace is gone, or choose another one.")
    advice = "Ask whoever runs the host cluster for this right, or use a kubeconfig that has it."
    return Failure(f"not allowed: {error.message}", Exit.NO_ACCESS, advice=advice)


def _not_found(error: NotFound) -> Failure:
    if not is_kind_missing(error):
        return Failure(error.message, Exit.NOT_FOUND)
    what = f"the host cluster does not know the kinds of {API_VERSION}"
    return Failure(what, advice="Install vk-provider there: vkp install. To look at it first: vkp doctor.")


def is_kind_missing(error: NotFound) -> bool:
    """Whether the path itself is unknown: a server says that in plain text, and of an object in a Status."""
    return f"/apis/{GROUP}/" in error.path and not error.details.name


def _causes(error: Invalid) -> Iterator[str]:
    if not error.details.causes:
        yield f"  {error.message}"
    for cause in error.details.causes:
        yield f"  {cause.field}: {cause.message}" if cause.field else f"  {cause.message}"
