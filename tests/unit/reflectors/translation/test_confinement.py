from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reflectors.translation.confinement import CONFINED_LABEL, confining_selector
from reflectors.translation.pod_writes import next_host_write
from reflectors.translation.writes import Patch
from tests.unit.reflectors.translation.pods import CONTEXT, host_pod_of, pod

APP = {"matchLabels": {"app": "web"}}


@pytest.mark.parametrize(
    ("spec", "selector"),
    [
        pytest.param({"podSelector": APP, "policyTypes": ["Egress"]}, APP, id="egress"),
        pytest.param({"podSelector": APP, "policyTypes": ["Ingress", "Egress"]}, APP, id="both"),
        pytest.param({"podSelector": APP, "egress": [{}]}, APP, id="types left out, with an egress rule"),
        pytest.param({"podSelector": {}, "policyTypes": ["Egress"]}, {}, id="all pods"),
        pytest.param({"podSelector": APP}, None, id="types left out"),
        pytest.param({"podSelector": APP, "policyTypes": ["Ingress"]}, None, id="ingress"),
    ],
)
def test_a_policy_confines_the_pods_that_it_selects_if_it_is_about_egress(spec: Any, selector: Any) -> None:
    assert confining_selector({"spec": spec}) == selector


def confined(namespace: str, labels: Mapping[str, str]) -> bool:
    return namespace == "shop" and labels.get("app") == "web"


CONFINING = replace(CONTEXT, confined=confined)


def test_a_confined_pod_bears_the_mark_and_no_other_does() -> None:
    assert CONFINED_LABEL in host_pod_of(pod(labels={"app": "web"}), CONFINING)["metadata"]["labels"]
    assert CONFINED_LABEL not in host_pod_of(pod(labels={"app": "db"}), CONFINING)["metadata"]["labels"]


def test_the_mark_follows_policies_that_come_and_go() -> None:
    web = pod(labels={"app": "web"})
    marked = next_host_write(web, host_pod_of(web), CONFINING)
    assert isinstance(marked, Patch)
    assert CONFINED_LABEL in marked.body["metadata"]["labels"]
    freed = next_host_write(web, host_pod_of(web, CONFINING), CONTEXT)
    assert isinstance(freed, Patch)
    assert freed.body["metadata"]["labels"][CONFINED_LABEL] is None


def test_a_tenant_cannot_mark_a_pod() -> None:
    assert CONFINED_LABEL not in host_pod_of(pod(labels={CONFINED_LABEL: "x"}))["metadata"]["labels"]
