import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.kubelet.log_query import InvalidQuery, Query, UnreadableQuery, log_query


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param([], {}, id="nothing asked"),
        pytest.param(
            [("follow", "true"), ("previous", "1"), ("timestamps", "")],
            {"follow": "true", "previous": "true", "timestamps": "true"},
            id="anything but false and 0 is on",
        ),
        pytest.param([("follow", "false"), ("previous", "0"), ("timestamps", "FALSE")], {}, id="off"),
        pytest.param([("tailLines", "0")], {"tailLines": "0"}, id="no line at all"),
        pytest.param([("tail", "5")], {"tailLines": "5"}, id="the old name of tailLines"),
        pytest.param([("tail", "all"), ("tailLines", "5")], {}, id="all lines, in the old way"),
        pytest.param([("tailLines", "1"), ("tailLines", "2")], {"tailLines": "1"}, id="the first of two counts"),
        pytest.param([("limitBytes", "+1")], {"limitBytes": "1"}, id="one byte"),
        pytest.param([("sinceSeconds", "1")], {"sinceSeconds": "1"}, id="of the last second"),
        pytest.param(
            [("sinceTime", "2026-01-31T12:00:00.123456789+02:00")],
            {"sinceTime": "2026-01-31T12:00:00.123456789+02:00"},
            id="since a time",
        ),
        pytest.param([("stream", "Stderr")], {"stream": "Stderr"}, id="errors alone"),
        pytest.param([("stream", "All"), ("tailLines", "1")], {"tailLines": "1"}, id="all streams need no option"),
        pytest.param([("container", "other"), ("insecureSkipTLSVerifyBackend", "true")], {}, id="not for a kubelet"),
    ],
)
def test_options_are_passed_on_as_they_are_understood(asked: Query, wanted: dict[str, str]) -> None:
    assert dict(log_query(asked)) == wanted


@pytest.mark.parametrize("text", ["", "many", "1.5", "1_000", " 1", "٣", "9223372036854775808", "1" * 5000])
@pytest.mark.parametrize("option", ["tailLines", "limitBytes", "sinceSeconds"])
def test_what_is_no_number_cannot_be_read(option: str, text: str) -> None:
    with pytest.raises(UnreadableQuery, match=option):
        log_query([(option, text)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-01-31 12:00:00Z",
        "20260131T120000Z",
    ],
)
def test_what_is_no_time_cannot_be_read(text: str) -> None:
    with pytest.raises(UnreadableQuery, match="sinceTime"):
        log_query([("sinceTime", text)])


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([("tailLines", "-1")], id="fewer lines than none"),
        pytest.param([("limitBytes", "0")], id="not a single byte"),
        pytest.param([("sinceSeconds", "0")], id="of no time"),
        pytest.param([("sinceSeconds", "1"), ("sinceTime", "2026-01-31T12:00:00Z")], id="two beginnings"),
        pytest.param([("stream", "Stdin")], id="no such stream"),
        pytest.param([("stream", "")], id="a stream without a name"),
        pytest.param([("stream", "Stdout"), ("tailLines", "1")], id="the last lines of one stream"),
    ],
)
def test_what_can_be_read_may_still_make_no_sense(asked: Query) -> None:
    with pytest.raises(InvalidQuery):
        log_query(asked)


_NAMES = st.sampled_from(["follow", "tailLines", "tail", "limitBytes", "sinceSeconds", "sinceTime", "stream", "?"])


@given(st.lists(st.tuples(_NAMES, st.text())))
def test_whatever_is_asked_is_answered_or_refused(asked: Query) -> None:
    try:
        passed_on = log_query(asked)
    except (UnreadableQuery, InvalidQuery):
        return
    assert log_query(passed_on) == passed_on
