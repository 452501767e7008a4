"""Why a call did not succeed: one class for each reason that somebody handles differently.

`ApiError` is any of them. The classes follow the Status's reason first and the HTTP status second, since one status
has several reasons (409: AlreadyExists and Conflict). The server's answer is kept unchanged, to be passed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kube.codec import decode_status
from kube.objects import Status, StatusDetails


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request that was not granted."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: float | None = None


class ApiError(Exception):
    """A call to an API server that was not granted."""

    def __init__(self, method: str, path: str, answer: Answer, status: Status) -> None:
        super().__init__(method, path, answer, status)
        self.method = method
        self.path = path
        self.answer = answer
        self.status = answer.status
        self.reason = status.reason
        self.message = status.message
        self.details: StatusDetails = status.details
        self.retry_after = answer.retry_after

    def __str__(self) -> str:
        code = f"{self.status} " if self.status else ""
        return f"{self.method} {self.path}: {code}{self.reason or 'Unknown'}: {self.message}"

    def has_cause(self, reason: str) -> bool:
        return any(cause.reason == reason for cause in self.details.causes)


class CredentialsError(Exception):
    """What it takes to be let in is missing or makes no sense."""


class BadRequest(ApiError): ...  # noqa: N818 - these are Kubernetes's own names, all the way down


class Unauthorized(ApiError): ...  # noqa: N818


class Forbidden(ApiError): ...  # noqa: N818


class NotFound(ApiError): ...  # noqa: N818


class AlreadyExists(ApiError): ...  # noqa: N818


class Conflict(ApiError):  # noqa: N818
    """Somebody else wrote it since it was read, or a precondition does not hold: read again, decide again."""


class Gone(ApiError):  # noqa: N818
    """The resourceVersion or continue token is too old: list again."""


class Invalid(ApiError):  # noqa: N818
    """The object breaks a rule; `details.causes` say which field and why."""


class TooManyRequests(ApiError): ...  # noqa: N818


class ServerTimeout(ApiError): ...  # noqa: N818


class ServiceUnavailable(ApiError): ...  # noqa: N818


class InternalError(ApiError): ...


class Unreachable(ApiError):  # noqa: N818
    """No answer that makes sense: refused, cut, timed out, not TLS, or not Kubernetes.

    Unless `refused`, the server may have done what it was asked.
    """

    def __init__(self, method: str, path: str, message: str, *, refused: bool = False) -> None:
        super().__init__(method, path, Answer(0), Status(reason="Unreachable", message=message))
        self.refused = refused


class Fenced(ApiError):  # noqa: N818
    """A write that was not sent, because this process does not lead."""

    def __init__(self, method: str, path: str) -> None:
        message = "not sent: another process may be writing now"
        super().__init__(method, path, Answer(0), Status(reason="Fenced", message=message))


_BY_REASON: Mapping[str, type[ApiError]] = {
    "BadRequest": BadRequest,
    "Unauthorized": Unauthorized,
    "Forbidden": Forbidden,
    "NotFound": NotFound,
    "AlreadyExists": AlreadyExists,
    "Conflict": Conflict,
    "Gone": Gone,
    "Expired": Gone,
    "Invalid": Invalid,
    "TooManyRequests": TooManyRequests,
    "ServerTimeout": ServerTimeout,
    "Timeout": ServerTimeout,
    "ServiceUnavailable": ServiceUnavailable,
    "InternalError": InternalError,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
    500: InternalError,
    503: ServiceUnavailable,
    504: ServerTimeout,
}


def seconds(retry_after: str) -> float | None:
    """Return what the header says, as Kubernetes writes it; not the date that HTTP allows as well."""
    return float(retry_after) if retry_after.isdecimal() else None


def error_from_response(method: str, path: str, answer: Answer) -> ApiError:
    status = decode_status(answer.body)
    if status is None or not (status.reason or status.message):
        text = answer.body.decode(errors="replace").strip()[:300]
        status = Status(message=text or f"HTTP {answer.status} without a word")
    return error_from_status(method, path, answer, status)


def error_from_status(method: str, path: str, answer: Answer, status: Status) -> ApiError:
    kind = _BY_REASON.get(status.reason) or _BY_STATUS.get(answer.status, ApiError)
    return kind(method, path, answer, status)
