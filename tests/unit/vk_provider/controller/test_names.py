from hypothesis import given
from hypothesis import strategies as st

from vk_provider.controller.names import LONGEST, Names, labels, provider_labels, server_labels

NAMES = [name for name, kind in vars(Names).items() if isinstance(kind, property)]
LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,39}[a-z0-9])?", fullmatch=True)


def every_name(cluster: str) -> list[str]:
    names = Names(cluster, "team")
    return [*(getattr(names, each) for each in NAMES), names.server(0), names.server(98)]


@given(LABELS)
def test_names_are_dns_labels(cluster: str) -> None:
    assert all(len(name) <= 63 for name in every_name(cluster))
    assert all(name.startswith(f"k3k-{cluster}") for name in every_name(cluster))


def test_the_longest_cluster_leaves_room_for_the_hash_behind_a_stateful_sets_name() -> None:
    assert len(Names("c" * LONGEST, "team").servers) <= 63 - len("-5c5d8f9b7b")


def test_names_of_one_kind_differ() -> None:
    names = Names("demo", "team")
    services = [names.service, names.headless_service, names.balancer, names.provider, names.server(0), names.server(1)]
    secrets = [names.token, names.authorities, names.server_config, names.kubeconfig, names.provider]
    assert len(set(services)) == len(services)
    assert len(set(secrets)) == len(secrets)


def test_what_has_no_namespace_is_never_called_alike() -> None:
    assert Names("b-c", "a").cluster_wide("x") != Names("c", "a-b").cluster_wide("x")


@given(LABELS)
def test_servers_and_provider_bear_the_label_of_all_but_are_told_apart(cluster: str) -> None:
    both = server_labels(cluster).items() & provider_labels(cluster).items()
    assert both <= labels(cluster).items()
    assert server_labels(cluster).items() - both
