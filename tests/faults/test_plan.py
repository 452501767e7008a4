"""Faults and churn are decided by a seed, and each kind has its share."""

from collections import Counter
from itertools import islice

import pytest

from kube.resources import PODS
from tests.faults.churn import Churn, Verb
from tests.faults.kinds import CONTENTS, body
from tests.faults.plan import DECK, KILLS, Fault, Side, strikes


def test_the_same_seed_strikes_in_the_same_order() -> None:
    assert list(islice(strikes(5), 100)) == list(islice(strikes(5), 100))
    assert list(islice(strikes(5), 100)) != list(islice(strikes(6), 100))


@pytest.mark.parametrize("seed", range(5))
def test_a_deck_has_every_fault_and_thirty_kills(seed: int) -> None:
    dealt = Counter(strike.fault for strike in islice(strikes(seed), sum(DECK.values())))
    assert set(dealt) == set(Fault)
    assert sum(dealt[fault] for fault in KILLS) >= 30


@pytest.mark.parametrize("seed", range(5))
def test_a_deck_kills_the_api_servers_of_both_sides(seed: int) -> None:
    dealt = islice(strikes(seed), sum(DECK.values()))
    assert {strike.side for strike in dealt if strike.fault is Fault.API_SERVER} == set(Side)


def test_the_same_seed_churns_in_the_same_order() -> None:
    one, other = Churn(5), Churn(5)
    assert [one.next() for _ in range(500)] == [other.next() for _ in range(500)]


def test_churn_makes_sense_and_knows_what_is_left() -> None:
    churn, there = Churn(1), {}
    for _ in range(2000):
        action = churn.next()
        assert (action.subject in there) is (action.verb is not Verb.CREATE)
        if action.verb in (Verb.CREATE, Verb.UPDATE, Verb.RECREATE):
            there[action.subject] = action.variant.revision
        elif action.verb not in (Verb.TAKE, Verb.FAIL):
            del there[action.subject]
    assert churn.expected == there


def test_churn_is_about_every_kind_and_does_everything_to_pods() -> None:
    churn = Churn(1)
    done = [churn.next() for _ in range(2000)]
    assert {action.subject.resource for action in done} == set(CONTENTS)
    assert {action.verb for action in done if action.subject.resource == PODS} == set(Verb)


def test_an_object_says_its_revision_and_what_it_must_not_say_on_the_host() -> None:
    churn = Churn(1)
    for action in (churn.next() for _ in range(200)):
        resource, (namespace, name) = action.subject.resource, action.subject.key
        labels = body(resource, namespace, name, action.variant)["metadata"]["labels"]
        assert labels["faults.test/revision"] == str(action.variant.revision)
        assert labels["k3k.io/cluster"] == "somebody-else"
