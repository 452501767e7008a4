import json

from tests.integration.cli.commands import Running, Vkp
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit


def test_a_cluster_is_deleted_and_its_namespace_stays(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo")
    vkp("cluster", "delete", f"{kubectl.namespace}/demo")
    assert kubectl("get", "clusters.k3k.io", "-o", "name") == ""
    assert "deletionTimestamp" not in kubectl.get("namespace", kubectl.namespace)["metadata"]


def test_all_of_a_namespace_are_deleted(vkp: Vkp, kubectl: Kubectl) -> None:
    for name in ("one", "two"):
        vkp("cluster", "create", f"{kubectl.namespace}/{name}")
    vkp("cluster", "delete", "--all", "-n", kubectl.namespace)
    assert kubectl("get", "clusters.k3k.io", "-o", "name") == ""


def test_what_is_not_there_is_a_failure_unless_that_is_fine(vkp: Vkp, kubectl: Kubectl) -> None:
    gone = f"{kubectl.namespace}/gone"
    assert vkp.run("cluster", "delete", gone).exit_code == Exit.NOT_FOUND
    assert vkp.run("cluster", "delete", gone, "--ignore-not-found").exit_code == Exit.OK


def test_it_is_said_what_holds_a_cluster_that_does_not_go(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo")
    held = json.dumps({"metadata": {"finalizers": ["cluster.k3k.io/finalizer"]}})
    kubectl("patch", "clusters.k3k.io", "demo", "--type=merge", "-p", held)
    late = vkp.run("cluster", "delete", f"{kubectl.namespace}/demo", "--timeout=1s")
    with Running(vkp, "cluster", "delete", f"{kubectl.namespace}/demo") as going:
        free = json.dumps({"metadata": {"finalizers": None}})
        kubectl("patch", "clusters.k3k.io", "demo", "--type=merge", "-p", free)
        ended = going.end()
    assert late.exit_code == Exit.TIMED_OUT
    assert "its finalizers: cluster.k3k.io/finalizer" in late.stderr
    assert ended.returncode in (Exit.OK, Exit.NOT_FOUND)  # it may have been gone before it was looked for


def test_nothing_is_deleted_unless_it_is_clear_what(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo")
    for arguments in ([], ["--all"], ["demo", "--all", "-n", kubectl.namespace]):
        assert vkp.run("cluster", "delete", *arguments).exit_code == Exit.USAGE
    assert kubectl("get", "clusters.k3k.io", "-o", "name") == "cluster.k3k.io/demo\n"
