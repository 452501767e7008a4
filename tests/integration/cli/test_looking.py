from typing import Any

import pytest

from tests.integration.cli.commands import Vkp
from tests.integration.cli.statuses import set_status
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit


def cluster(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def two(kubectl: Kubectl) -> str:
    """The namespace of two Clusters, made without vkp."""
    kubectl.apply(cluster("one", servers=3), cluster("two"))
    set_status(kubectl, "one", "Ready", version="v1.31.4-k3s1", endpoint="https://10.43.0.7", policyName="blue")
    set_status(kubectl, "two", "Failed", reason="ProvisioningFailed", message="no image")
    return kubectl.namespace


def columns(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_clusters_are_listed_a_line_each(vkp: Vkp, two: str) -> None:
    head, one, other = columns(vkp("cluster", "list", "-n", two))
    assert head == ["NAMESPACE", "NAME", "MODE", "STATUS", "SERVERS", "VERSION", "AGE"]
    assert one[:-1] == [two, "one", "shared", "Ready", "3", "v1.31.4-k3s1"]
    assert other[:4] == [two, "two", "shared", "Failed"]


def test_those_of_all_namespaces_are_listed_without_one(vkp: Vkp, two: str) -> None:
    assert {(two, "one"), (two, "two")} <= {(line[0], line[1]) for line in columns(vkp("cluster", "list"))}


def test_more_columns_tell_the_endpoint_and_what_is_wrong(vkp: Vkp, two: str) -> None:
    _, one, other = columns(vkp("cluster", "list", "-n", two, "-o", "wide"))
    assert one[-2:] == ["blue", "https://10.43.0.7"]
    assert other[-3:] == ["ProvisioningFailed:", "no", "image"]


def test_names_alone_are_those_that_kubectl_takes(vkp: Vkp, two: str) -> None:
    assert vkp("cluster", "get", "two", "one", "-n", two, "-o", "name") == "cluster.k3k.io/two\ncluster.k3k.io/one\n"


def test_programs_get_the_objects(vkp: Vkp, two: str) -> None:
    listed = vkp.get("cluster", "list", "-n", two)
    assert (listed["kind"], [each["metadata"]["name"] for each in listed["items"]]) == ("ClusterList", ["one", "two"])
    assert vkp.get("cluster", "get", f"{two}/one")["spec"]["servers"] == 3


def test_the_only_cluster_of_a_name_is_found_wherever_it_is(vkp: Vkp, kubectl: Kubectl) -> None:
    name = f"only-{kubectl.namespace[-8:]}"
    kubectl.apply(cluster(name))
    assert vkp.get("cluster", "get", name)["metadata"]["namespace"] == kubectl.namespace


def test_of_several_the_user_chooses(vkp: Vkp, kubectl: Kubectl) -> None:
    name, other = f"twin-{kubectl.namespace[-8:]}", f"{kubectl.namespace}-other"
    kubectl("create", "namespace", other)
    kubectl.apply(cluster(name))
    vkp("cluster", "create", f"{other}/{name}")
    asked = vkp.run("cluster", "get", name)
    kubectl("delete", "clusters.k3k.io", "--all", "-n", other)
    kubectl("delete", "namespace", other, "--wait=false")
    assert asked.exit_code == Exit.USAGE
    assert f"Say which one: {kubectl.namespace}/{name}, {other}/{name}" in asked.stderr


def test_one_in_another_namespace_is_pointed_out(vkp: Vkp, kubectl: Kubectl) -> None:
    name = f"lost-{kubectl.namespace[-8:]}"
    kubectl.apply(cluster(name))
    asked = vkp.run("cluster", "get", name, "-n", "default")
    assert asked.exit_code == Exit.NOT_FOUND
    assert f"There is: {kubectl.namespace}/{name}" in asked.stderr


def test_no_clusters_at_all_are_no_failure(vkp: Vkp, kubectl: Kubectl) -> None:
    listed = vkp.run("cluster", "list", "-n", kubectl.namespace)
    assert (listed.exit_code, listed.stdout) == (Exit.OK, "")
    assert listed.stderr.startswith(f"No virtual clusters in namespace {kubectl.namespace}. Make one:")
