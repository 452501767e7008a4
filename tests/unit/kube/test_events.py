from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kube.codec import decode_object
from kube.events import BURST, REFILL_SECONDS, Event, EventBook, ObjectReference, Series, Severity, reference

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 13, tzinfo=UTC)


def about(name: str) -> ObjectReference:
    return ObjectReference("v1", "Pod", "shop", name, f"uid-of-{name}")


def refusal(name: str = "web", message: str = "no") -> Event:
    return Event(about(name), Severity.WARNING, "Refused", message)


def test_a_reference_tells_which_object_is_meant() -> None:
    pod = decode_object(
        b'{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"web","uid":"u1","resourceVersion":"7"}}'
    )
    assert reference(pod) == ObjectReference("v1", "Pod", "shop", "web", "u1")


def test_the_same_event_again_is_one_series_with_its_first_and_last_time() -> None:
    book = EventBook()
    assert book.record(refusal(), "web.1", NOON, now=0)
    assert book.record(refusal(), "web.2", LATER, now=0)
    series = book.next()
    assert series is not None
    assert (series.name, series.count, series.first, series.last) == ("web.1", 2, NOON, LATER)
    book.told(series, 2)
    assert book.next() is None


def test_what_happens_during_a_write_is_written_afterwards() -> None:
    book = EventBook()
    book.record(refusal(), "web.1", NOON, now=0)
    series = book.next()
    assert series is not None
    book.record(refusal(), "", NOON, now=0)
    book.told(series, 1)
    assert book.next() is series
    book.told(series, 2)
    assert book.next() is None


def test_one_object_gets_a_burst_and_then_one_a_refill() -> None:
    book = EventBook()
    told = [book.record(refusal(message=str(number)), "n", NOON, now=0) for number in range(BURST + 5)]
    assert told == [True] * BURST + [False] * 5
    assert not book.record(refusal(message="soon"), "n", NOON, now=REFILL_SECONDS * 0.9)
    assert book.record(refusal(message="then"), "n", NOON, now=REFILL_SECONDS)
    assert not book.record(refusal(message="at once"), "n", NOON, now=REFILL_SECONDS)


def test_the_limit_of_one_object_is_not_anothers() -> None:
    book = EventBook()
    for number in range(BURST + 5):
        book.record(refusal("noisy", str(number)), "n", NOON, now=0)
    assert book.record(refusal("quiet"), "n", NOON, now=0)


def test_a_known_event_beyond_the_limit_is_counted_and_told_later() -> None:
    book = EventBook()
    for _ in range(BURST):
        book.record(refusal(), "web.1", NOON, now=0)
    series = book.next()
    assert series is not None
    book.told(series, series.count)
    for _ in range(10):
        assert not book.record(refusal(), "", NOON, now=0)
    assert book.next() is None
    assert book.record(refusal(), "", NOON, now=REFILL_SECONDS)
    assert book.next() is series
    assert series.count == BURST + 11


def test_an_event_beyond_the_limit_that_is_about_to_be_written_anyway_is_told() -> None:
    book = EventBook()
    assert all(book.record(refusal(), "web.1", NOON, now=0) for _ in range(BURST + 10))
    assert [series.count for series in _pending(book)] == [BURST + 10]


def test_when_memory_is_full_what_was_told_longest_ago_is_forgotten() -> None:
    book = EventBook(memory=2)
    for name in ("a", "b"):
        book.record(refusal(name), name, NOON, now=0)
        series = book.next()
        assert series is not None
        book.told(series, 1)
    book.record(refusal("a"), "", NOON, now=0)
    book.record(refusal("c"), "c", NOON, now=0)
    assert not book.record(refusal("d"), "d", NOON, now=0), "a and c wait for being written: there is no room"
    assert [series.name for series in _pending(book)] == ["a", "c"]


def test_of_more_objects_than_fit_in_memory_the_quietest_is_forgotten_with_its_limit() -> None:
    book = EventBook(memory=2)
    for number in range(BURST + 1):
        book.record(refusal("a", str(number)), "n", NOON, now=0)
    _pending(book)
    for name in ("b", "c"):
        book.record(refusal(name), "n", NOON, now=0)
    _pending(book)
    assert book.record(refusal("a", "again"), "n", NOON, now=0)


def test_a_series_put_off_lets_others_pass() -> None:
    book = EventBook()
    for name in ("a", "b"):
        book.record(refusal(name), name, NOON, now=0)
    series = book.next()
    assert series is not None
    book.put_off(series)
    assert series.attempts == 1
    assert [series.name for series in _pending(book)] == ["b", "a"]


def test_what_is_dropped_is_forgotten_and_begins_anew() -> None:
    book = EventBook()
    book.record(refusal(), "first", NOON, now=0)
    series = book.next()
    assert series is not None
    book.drop(series)
    assert book.next() is None
    book.record(refusal(), "second", LATER, now=0)
    assert [(series.name, series.count, series.first) for series in _pending(book)] == [("second", 1, LATER)]


def test_a_long_message_is_cut_with_a_sign() -> None:
    book = EventBook()
    book.record(refusal(message="x" * 5000), "n", NOON, now=0)
    series = book.next()
    assert series is not None
    assert series.event.message == "x" * 1023 + "…"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["no", "never"]), st.booleans()), max_size=60))
def test_within_the_limits_every_event_is_told_with_its_count(course: list[tuple[str, str, bool]]) -> None:
    book = EventBook()
    happened: Counter[Event] = Counter()
    told: Counter[Event] = Counter()
    for moment, (name, message, write_one) in enumerate(course):
        event = refusal(name, message)
        book.record(event, "n", NOON, now=moment * REFILL_SECONDS)
        happened[event] += 1
        series = book.next()
        if write_one and series is not None:
            told[series.event] = series.count
            book.told(series, series.count)
    for series in _pending(book):
        told[series.event] = series.count
    assert told == happened


def _pending(book: EventBook) -> list[Series]:
    """All that is left to be written, in order."""
    left = []
    while (series := book.next()) is not None:
        left.append(series)
        book.told(series, series.count)
    return left
