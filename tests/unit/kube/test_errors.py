import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.errors import (
    AlreadyExists,
    Answer,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    InternalError,
    Invalid,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    error_from_response,
    seconds,
)


def answer(code: int, reason: str = "", message: str = "no", **details: Any) -> Answer:
    status = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return Answer(code, json.dumps({**status, "details": details}).encode(), "application/json")


@pytest.mark.parametrize(
    ("given_answer", "expected"),
    [
        pytest.param(answer(400, "BadRequest"), BadRequest, id="400"),
        pytest.param(answer(401, "Unauthorized"), Unauthorized, id="401"),
        pytest.param(answer(403, "Forbidden"), Forbidden, id="403"),
        pytest.param(answer(404, "NotFound"), NotFound, id="404"),
        pytest.param(answer(409, "AlreadyExists"), AlreadyExists, id="409 because it is there"),
        pytest.param(answer(409, "Conflict"), Conflict, id="409 because it changed"),
        pytest.param(answer(410, "Gone"), Gone, id="410"),
        pytest.param(answer(410, "Expired"), Gone, id="410 of a watch"),
        pytest.param(answer(422, "Invalid"), Invalid, id="422"),
        pytest.param(answer(429, "TooManyRequests"), TooManyRequests, id="429"),
        pytest.param(answer(500, "InternalError"), InternalError, id="500"),
        pytest.param(answer(500, "ServerTimeout"), ServerTimeout, id="500 that is a time-out"),
        pytest.param(answer(503, "ServiceUnavailable"), ServiceUnavailable, id="503"),
        pytest.param(answer(504, "Timeout"), ServerTimeout, id="504"),
        pytest.param(answer(405, "MethodNotAllowed"), ApiError, id="what nobody handles differently"),
        pytest.param(Answer(404, b"404 page not found\n"), NotFound, id="404 without a Status"),
        pytest.param(Answer(409, b""), Conflict, id="409 without a Status"),
        pytest.param(answer(409, "NewReason"), Conflict, id="a reason that is newer than this program"),
        pytest.param(Answer(502, b"<html>"), ApiError, id="a proxy's page"),
    ],
)
def test_error_has_the_class_of_its_reason_or_else_of_its_status(given_answer: Answer, expected: type) -> None:
    assert type(error_from_response("GET", "/x", given_answer)) is expected


def test_error_says_who_asked_what_and_why_not() -> None:
    error = error_from_response("POST", "/api/v1/pods", answer(403, "Forbidden", "not yours"))
    assert str(error) == "POST /api/v1/pods: 403 Forbidden: not yours"


def test_error_shows_the_fields_that_are_invalid() -> None:
    causes = [{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers"}]
    error = error_from_response("POST", "/x", answer(422, "Invalid", name="web", kind="Pod", causes=causes))
    assert [(cause.field, cause.reason) for cause in error.details.causes] == [
        ("spec.containers", "FieldValueRequired")
    ]
    assert error.details.name == "web"
    assert error.has_cause("FieldValueRequired")
    assert not error.has_cause("DisruptionBudget")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"  etcd is gone\n", "GET /x: 500 Unknown: etcd is gone", id="text"),
        pytest.param(b"", "GET /x: 500 Unknown: HTTP 500 without a word", id="nothing"),
        pytest.param(b'{"error":"x"}', 'GET /x: 500 Unknown: {"error":"x"}', id="somebody else's JSON"),
        pytest.param(b"\xff\xfe", "GET /x: 500 Unknown: \ufffd\ufffd", id="no text at all"),
        pytest.param(b"x" * 1000, "GET /x: 500 Unknown: " + "x" * 300, id="too much text"),
    ],
)
def test_answer_without_a_status_is_quoted(body: bytes, expected: str) -> None:
    assert str(error_from_response("GET", "/x", Answer(500, body))) == expected


def test_time_to_wait_comes_from_the_answer() -> None:
    error = error_from_response("GET", "/x", Answer(429, b"", retry_after=7.0))
    assert error.retry_after == 7.0


@given(st.integers(300, 599), st.binary(max_size=50))
def test_answer_is_kept_unchanged_whatever_it_is(code: int, body: bytes) -> None:
    error = error_from_response("GET", "/x", Answer(code, body, "text/plain"))
    assert (error.status, error.answer) == (code, Answer(code, body, "text/plain"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", 7.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_time_to_wait_is_in_seconds(header: str, expected: float | None) -> None:
    assert seconds(header) == expected


def test_unreachable_server_has_no_status_and_says_what_happened() -> None:
    error = Unreachable("GET", "/x", "connection refused", refused=True)
    assert (error.status, error.refused, str(error)) == (0, True, "GET /x: Unreachable: connection refused")
