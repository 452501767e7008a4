import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.backoff import Backoff
from kube.codec import DecodeError, EventType, Listing, WatchEvent
from kube.errors import Answer, ApiError, Unreachable, error_from_status
from kube.objects import Key, Metadata, Object, Status, StatusCause, StatusDetails
from kube.store import Change, Store
from kube.watching import (
    HEALTHY_SECONDS,
    INITIAL_EVENTS_END,
    Course,
    Failure,
    Mirror,
    Step,
    WentBackwards,
    ends_streaming_list,
    is_older,
    is_same_history,
    keeps_history,
    rest_before,
)


def pod(name: str, version: int, uid: str = "") -> Object:
    return Object("v1", "Pod", Metadata(namespace="shop", name=name, uid=uid or name, resource_version=str(version)))


def event(kind: str, obj: Object) -> WatchEvent:
    return WatchEvent(EventType(kind), obj)


def mirror(*objects: Object, at: int = 0) -> Mirror:
    started = Mirror(Store(), lambda obj: obj)
    if at:
        relist(started, objects, at)
    return started


def relist(mirror: Mirror, objects: Sequence[Object], at: int) -> list[Change]:
    mirror.begin_list()
    changes = [change for obj in objects for change in mirror.show(obj)]
    return changes + list(mirror.end_list(str(at)))


WEB, DB = pod("web", 3), pod("db", 4)
BOOKMARK = Object("v1", "Pod", Metadata(resource_version="9"))


def refused(status: int, reason: str = "", *causes: str, retry_after: float | None = None) -> ApiError:
    details = StatusDetails(causes=tuple(StatusCause(reason=cause) for cause in causes))
    answer = Answer(status, retry_after=retry_after)
    return error_from_status("GET", "/api/v1/pods", answer, Status(reason=reason, details=details))


CUT = Unreachable("GET", "/api/v1/pods", "connection cut")
REFUSED = Unreachable("GET", "/api/v1/pods", "connection refused", refused=True)
GONE = refused(410, "Expired")
GARBAGE = DecodeError("not a watch event")


class TestMirror:
    def test_before_the_first_list_nothing_can_be_resumed(self) -> None:
        assert mirror().resource_version == ""

    def test_a_list_adds_what_it_shows(self) -> None:
        followed = mirror()
        assert relist(followed, [WEB, DB], 7) == [Change.added(WEB), Change.added(DB)]
        assert followed.resource_version == "7"

    def test_a_relist_tells_only_the_difference(self) -> None:
        followed = mirror(WEB, DB, at=7)
        assert relist(followed, [pod("web", 8), pod("new", 9)], 9) == [
            Change.updated(WEB, pod("web", 8)),
            Change.added(pod("new", 9)),
            Change.deleted(DB),
        ]

    def test_a_list_that_broke_off_leaves_nothing_to_resume_and_deletes_nothing(self) -> None:
        followed = mirror(WEB, DB, at=7)
        followed.begin_list()
        followed.show(WEB)
        assert followed.resource_version == ""
        assert len(followed.store) == 2

    @pytest.mark.parametrize(
        ("said", "changes", "resource_version"),
        [
            pytest.param(event("ADDED", DB), (Change.added(DB),), "4", id="added"),
            pytest.param(event("MODIFIED", pod("web", 5)), (Change.updated(WEB, pod("web", 5)),), "5", id="modified"),
            pytest.param(event("DELETED", pod("web", 5)), (Change.deleted(pod("web", 5)),), "5", id="deleted"),
            pytest.param(event("DELETED", DB), (), "4", id="deleted before it was seen"),
            pytest.param(event("ADDED", WEB), (), "3", id="known already"),
            pytest.param(event("BOOKMARK", BOOKMARK), (), "9", id="bookmark"),
        ],
    )
    def test_an_event_changes_the_store_and_moves_on(
        self, said: WatchEvent, changes: tuple[Change, ...], resource_version: str
    ) -> None:
        followed = mirror(WEB, at=3)
        assert followed.apply(said) == changes
        assert followed.resource_version == resource_version

    @pytest.mark.parametrize("kind", ["ADDED", "BOOKMARK"])
    def test_an_event_from_before_our_time_is_of_another_history(self, kind: str) -> None:
        followed = mirror(WEB, at=7)
        with pytest.raises(WentBackwards, match="resourceVersion 4 came after 7"):
            followed.apply(event(kind, DB))
        assert followed.store.values() == [WEB]

    def test_a_streaming_list_may_mix_what_is_with_what_happens(self) -> None:
        followed = mirror(WEB, DB, pod("old", 5), at=7)
        followed.begin_list()
        said = [
            event("ADDED", DB),
            event("ADDED", WEB),
            event("MODIFIED", pod("db", 8)),
            event("DELETED", pod("web", 9)),
        ]
        said.append(event("BOOKMARK", pod("", 9)))
        changes = [change for one in said for change in followed.apply_initial(one)]
        assert changes == [Change.updated(DB, pod("db", 8)), Change.deleted(pod("web", 9))]
        assert list(followed.end_list("9")) == [Change.deleted(pod("old", 5))]
        assert followed.store.values() == [pod("db", 8)]

    def test_objects_are_transformed_before_they_are_kept_or_told(self) -> None:
        followed = Mirror(Store(), lambda obj: Object(metadata=obj.metadata))
        bare = Object(metadata=WEB.metadata)
        assert relist(followed, [WEB], 3) == [Change.added(bare)]
        assert followed.apply(event("DELETED", WEB)) == (Change.deleted(bare),)


NAMES = st.sampled_from("abcd")


State = dict[str, Object]


def play(history: list[tuple[str, bool]]) -> tuple[list[State], list[WatchEvent]]:
    """Return the collection at each resourceVersion, and the events that led from each to the next."""
    states, events = [State()], list[WatchEvent]()
    for version, (name, is_put) in enumerate(history, start=1):
        known = states[-1].get(name)
        obj = pod(name, version, known.uid if known else str(version))
        others = {other: held for other, held in states[-1].items() if other != name}
        states.append({**others, name: obj} if is_put else others)
        events.append(event(("MODIFIED" if known else "ADDED") if is_put else "DELETED", obj))
    return states, events


@given(st.lists(st.tuples(NAMES, st.booleans())), st.data())
def test_lists_and_watches_at_any_moments_lead_to_the_same_end(
    history: list[tuple[str, bool]], data: st.DataObject
) -> None:
    states, events = play(history)
    followed, at = mirror(), 0
    told: dict[Key, Object] = {}
    while at < len(history) or followed.resource_version == "":
        if followed.resource_version == "" or data.draw(st.booleans(), label="list"):
            at = data.draw(st.integers(at, len(history)), label="at")
            changes = relist(followed, list(states[at].values()), at)
        else:
            changes = list(followed.apply(events[at]))
            at += 1
        for change in changes:
            if change.new is None:
                del told[change.key]
            else:
                assert told.get(change.key) == change.old
                told[change.key] = change.new
    assert {obj.name: obj for obj in followed.store.values()} == states[-1]
    assert told == {obj.key: obj for obj in followed.store.values()}


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        pytest.param("9", "10", True, id="as numbers, not as texts"),
        pytest.param("10", "9", False, id="newer"),
        pytest.param("98", "99", True, id="of the same length"),
        pytest.param("9", "9", False, id="the same"),
        pytest.param("", "9", False, id="unknown"),
        pytest.param("a", "b", False, id="not numbers"),
    ],
)
def test_older_is_what_is_certainly_older(one: str, other: str, *, older: bool) -> None:
    assert is_older(one, other) is older


@pytest.mark.parametrize(
    ("now", "same"),
    [
        pytest.param(Listing([WEB], "12"), True, id="witness is there"),
        pytest.param(Listing([pod("web", 12)], "12"), True, id="witness changed"),
        pytest.param(Listing([WEB], "7"), True, id="nothing happened since"),
        pytest.param(Listing([WEB], "6"), False, id="restored to an earlier time"),
        pytest.param(Listing([], "12"), False, id="witness is gone"),
        pytest.param(Listing([pod("web", 8, uid="other")], "12"), False, id="wiped, and overtaken since"),
    ],
)
def test_a_history_is_the_same_if_it_holds_the_witness_and_did_not_go_back(now: Listing, *, same: bool) -> None:
    assert is_same_history(now, WEB, "7") is same


def test_the_end_of_a_streaming_list_is_a_bookmark_that_says_so() -> None:
    end = Object(metadata=Metadata(resource_version="9", annotations={INITIAL_EVENTS_END: "true"}))
    assert ends_streaming_list(event("BOOKMARK", end))
    assert not ends_streaming_list(event("BOOKMARK", BOOKMARK))
    assert not ends_streaming_list(event("ADDED", end))


TOO_LARGE = refused(504, "Timeout", "ResourceVersionTooLarge")


@pytest.mark.parametrize(
    ("failure", "kept"),
    [
        pytest.param(CUT, True, id="cut"),
        pytest.param(REFUSED, True, id="refused"),
        pytest.param(refused(401), True, id="401"),
        pytest.param(refused(403), True, id="403"),
        pytest.param(refused(429), True, id="429"),
        pytest.param(refused(503), True, id="503"),
        pytest.param(refused(504, "Timeout"), True, id="timeout"),
        pytest.param(TOO_LARGE, False, id="too large resource version"),
        pytest.param(GONE, False, id="410"),
        pytest.param(refused(400), False, id="400"),
        pytest.param(refused(404), False, id="404"),
        pytest.param(refused(500, "InternalError"), False, id="500"),
        pytest.param(GARBAGE, False, id="garbage"),
        pytest.param(WentBackwards(), False, id="time went backwards"),
    ],
)
def test_only_troubles_on_the_way_leave_a_watch_worth_resuming(failure: Failure, *, kept: bool) -> None:
    assert keeps_history(failure) is kept


WATCHING = Course(Step.WATCH, streaming=False)
SOON, LATE = HEALTHY_SECONDS / 2, HEALTHY_SECONDS


class TestCourse:
    def test_it_begins_with_a_streaming_list_at_once(self) -> None:
        assert (Course().step, Course().rests) == (Step.STREAM, False)

    @pytest.mark.parametrize(
        ("failure", "then"),
        [
            pytest.param(refused(422, "Invalid"), Course(Step.LIST, streaming=False), id="a server without them"),
            pytest.param(refused(400), Course(Step.LIST, streaming=False), id="another server without them"),
            pytest.param(REFUSED, Course(Step.STREAM, 1, rests=True), id="no server yet"),
            pytest.param(refused(403), Course(Step.STREAM, 1, rests=True), id="not allowed yet"),
            pytest.param(CUT, Course(Step.LIST, 1, rests=True, streaming=False), id="cut or silent"),
            pytest.param(GARBAGE, Course(Step.LIST, 1, rests=True, streaming=False), id="garbage"),
        ],
    )
    def test_a_failed_streaming_list_becomes_a_paged_one_unless_it_is_not_to_blame(
        self, failure: Failure, then: Course
    ) -> None:
        assert Course().failed(failure, 0.0) == then

    def test_a_streaming_list_that_ends_in_the_middle_becomes_a_paged_one(self) -> None:
        assert Course().ended(0.0) == Course(Step.LIST, 1, rests=True, streaming=False)

    def test_a_list_is_tried_until_it_works(self) -> None:
        course = Course(Step.LIST).failed(CUT, LATE).failed(GARBAGE, LATE)
        assert course == Course(Step.LIST, 2, rests=True)
        assert course.listed() == Course(Step.WATCH, 2)

    @pytest.mark.parametrize(
        ("failure", "step"),
        [
            pytest.param(CUT, Step.CHECK, id="cut"),
            pytest.param(refused(400), Step.STREAM, id="a server that cannot select by name"),
            pytest.param(GARBAGE, Step.STREAM, id="garbage"),
        ],
    )
    def test_a_check_that_failed_is_tried_again_or_replaced_by_a_list(self, failure: Failure, step: Step) -> None:
        assert Course(Step.CHECK, 1).failed(failure, LATE) == Course(step, 2, rests=True)

    def test_a_watch_that_was_left_for_an_unknown_time_is_checked_first(self) -> None:
        assert WATCHING.interrupted() == Course(Step.CHECK, streaming=False)
        assert Course(Step.LIST).interrupted() == Course(Step.LIST)

    def test_a_watch_that_ended_regularly_is_checked_and_resumed_at_once(self) -> None:
        assert Course(Step.WATCH, 3).ended(LATE) == Course(Step.CHECK, proven=True)

    def test_a_watch_that_ended_at_once_counts_as_a_failure(self) -> None:
        assert WATCHING.ended(SOON).listed().ended(SOON) == Course(Step.CHECK, 2, rests=True, streaming=False)

    @pytest.mark.parametrize(
        ("lived", "failures"), [pytest.param(SOON, 4, id="soon"), pytest.param(LATE, 1, id="healthy before")]
    )
    def test_a_watch_that_was_cut_is_resumed_after_a_rest(self, lived: float, failures: int) -> None:
        course = Course(Step.WATCH, 3).failed(CUT, lived)
        assert course == Course(Step.CHECK, failures, rests=True, proven=lived == LATE)

    @pytest.mark.parametrize(
        ("before", "lived", "then"),
        [
            pytest.param(Course(Step.WATCH, 2, proven=True), SOON, Course(Step.STREAM, 2), id="old and compacted"),
            pytest.param(Course(Step.WATCH, 2), LATE, Course(Step.STREAM, 2), id="healthy until now"),
            pytest.param(Course(Step.WATCH, 2), SOON, Course(Step.STREAM, 3, rests=True), id="just listed"),
        ],
    )
    def test_a_useless_resource_version_leads_to_a_list_at_once_unless_it_came_from_one(
        self, before: Course, lived: float, then: Course
    ) -> None:
        assert before.failed(GONE, lived) == then

    def test_a_lost_history_is_listed_at_once(self) -> None:
        assert Course(Step.CHECK, 2, rests=True, proven=True).relist() == Course(Step.STREAM, 2)

    @given(st.lists(st.tuples(st.sampled_from([CUT, REFUSED, GONE, GARBAGE, None]), st.floats(0, 9.9)), min_size=1))
    def test_whatever_goes_wrong_quickly_for_ever_is_tried_ever_more_slowly(
        self, ends: list[tuple[ApiError | None, float]]
    ) -> None:
        course = Course(Step.WATCH, streaming=False)
        rests = 0
        for failure, lived in ends:
            course = course.ended(lived) if failure is None else course.failed(failure, lived)
            rests += course.rests
            course = course.listed()
        assert rests == len(ends) == course.failures


BACKOFF = Backoff(base=1.6, cap=30)


def test_a_rest_is_at_least_half_and_at_most_all_of_the_back_off() -> None:
    first, second, late = (rest_before(Course(failures=n, rests=True), CUT, BACKOFF, random.random) for n in (1, 2, 50))
    assert 0.8 <= first <= 1.6 <= second <= 3.2
    assert 15 <= late <= 30


@pytest.mark.parametrize(
    ("course", "seconds"),
    [
        pytest.param(Course(failures=3), 0, id="no rest due"),
        pytest.param(Course(failures=1, rests=True), 20, id="the server's wish"),
        pytest.param(Course(failures=9, rests=True), 30, id="longer than the server's wish"),
    ],
)
def test_a_server_that_names_a_time_is_left_alone_so_long(course: Course, seconds: float) -> None:
    assert rest_before(course, refused(429, retry_after=20.0), BACKOFF, lambda: 0.0) == seconds
