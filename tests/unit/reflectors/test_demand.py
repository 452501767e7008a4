from hypothesis import given
from hypothesis import strategies as st

from kube.objects import Key
from reflectors.demand import Demand, Named

SETTINGS, KEYS = Named("ConfigMap", Key("shop", "settings")), Named("Secret", Key("shop", "settings"))
WEB, DB = Named("Pod", Key("shop", "web")), Named("Pod", Key("shop", "db"))
ENTRY = Named("Ingress", Key("shop", "web"))


def test_an_object_is_asked_for_until_its_last_asker_goes() -> None:
    demand = Demand()
    demand.ask(WEB, [SETTINGS, SETTINGS])
    demand.ask(DB, [SETTINGS])
    demand.ask(WEB, [])
    assert demand.is_asked(*SETTINGS)
    demand.ask(DB, [])
    assert not demand.is_asked(*SETTINGS)


def test_kinds_are_told_apart() -> None:
    demand = Demand()
    demand.ask(WEB, [SETTINGS])
    assert not demand.is_asked(*KEYS)


def test_an_asker_may_change_its_mind() -> None:
    demand = Demand()
    demand.ask(WEB, [SETTINGS])
    demand.ask(WEB, [KEYS])
    assert (demand.is_asked(*SETTINGS), demand.is_asked(*KEYS)) == (False, True)


def test_who_asks_can_be_told() -> None:
    demand = Demand()
    for asker in (WEB, DB, ENTRY):
        demand.ask(asker, [SETTINGS])
    assert sorted(demand.askers(*SETTINGS, of="Pod")) == [DB.key, WEB.key]
    assert demand.askers(*SETTINGS, of="Ingress") == [ENTRY.key]
    assert demand.askers(*KEYS, of="Pod") == []


def test_listeners_hear_of_the_first_ask_and_of_the_end_of_the_last_and_find_it_so() -> None:
    demand = Demand()
    heard: list[tuple[Key, bool]] = []
    demand.listen("ConfigMap", lambda key: heard.append((key, demand.is_asked("ConfigMap", key))))
    for asker, asked in ((WEB, [SETTINGS]), (DB, [SETTINGS, KEYS]), (WEB, []), (DB, [])):
        demand.ask(asker, asked)
    assert heard == [(SETTINGS.key, True), (SETTINGS.key, False)]


askers = st.sampled_from([WEB, DB, ENTRY])
asks = st.tuples(askers, st.lists(st.sampled_from([SETTINGS, KEYS]), max_size=3))


@given(st.lists(asks, max_size=12))
def test_what_counts_is_what_each_asker_asked_last(
    history: list[tuple[Named, list[Named]]],
) -> None:
    demand = Demand()
    for asker, asked in history:
        demand.ask(asker, asked)
    last = {asker: set(asked) for asker, asked in history}
    for one in (SETTINGS, KEYS):
        wanted = {asker for asker, asked in last.items() if one in asked}
        assert demand.is_asked(*one) == bool(wanted)
        found = {*demand.askers(*one, of="Pod"), *demand.askers(*one, of="Ingress")}
        assert found == {asker.key for asker in wanted}
