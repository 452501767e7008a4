import pytest

from tests.integration.cli.commands import Running, Vkp
from tests.integration.cli.statuses import set_status
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit


@pytest.fixture
def demo(vkp: Vkp, kubectl: Kubectl) -> str:
    vkp("cluster", "create", f"{kubectl.namespace}/demo", "--labels=team=blue,why=test", "--expose=nodeport")
    return f"{kubectl.namespace}/demo"


def test_a_change_is_shown_and_made(vkp: Vkp, kubectl: Kubectl, demo: str) -> None:
    done = vkp.run("cluster", "update", demo, "--servers=3", "--labels=team=red,why-", "--expose=loadbalancer")
    assert done.exit_code == Exit.OK, done.stderr
    assert done.stderr.splitlines() == [
        "metadata.labels.team: blue -> red",
        "metadata.labels.why: test -> (none)",
        "spec.expose.nodePort: (defaults) -> (none)",
        "spec.expose.loadBalancer: (none) -> (defaults)",
        "spec.servers: 1 -> 3",
        f"Cluster {demo} updated.",
    ]
    cluster = kubectl.get("clusters.k3k.io", "demo")
    assert cluster["metadata"]["labels"] == {"team": "red"}
    assert cluster["spec"]["servers"] == 3
    assert cluster["spec"]["expose"] == {"loadBalancer": {}}


def test_a_dry_run_changes_nothing(vkp: Vkp, kubectl: Kubectl, demo: str) -> None:
    done = vkp.run("cluster", "update", demo, "--servers=3", "--dry-run")
    assert (done.exit_code, done.stderr) == (Exit.OK, "spec.servers: 1 -> 3\n")
    assert kubectl.get("clusters.k3k.io", "demo")["spec"]["servers"] == 1


def test_what_is_so_already_is_not_written(vkp: Vkp, kubectl: Kubectl, demo: str) -> None:
    before = kubectl.get("clusters.k3k.io", "demo")["metadata"]["resourceVersion"]
    done = vkp.run("cluster", "update", demo, "--servers=1", "-o", "name")
    assert (done.exit_code, done.stdout) == (Exit.OK, "cluster.k3k.io/demo\n")
    assert "is like that already" in done.stderr
    assert kubectl.get("clusters.k3k.io", "demo")["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize(
    "options", [[], ["--expose=ingress", "--tls-sans=1.2.3.4"]], ids=["nothing", "what the controller would refuse"]
)
def test_what_makes_no_sense_is_refused(vkp: Vkp, demo: str, options: list[str]) -> None:
    assert vkp.run("cluster", "update", demo, *options).exit_code == Exit.USAGE


def test_waiting_is_for_the_change_and_not_for_what_was_before(vkp: Vkp, kubectl: Kubectl, demo: str) -> None:
    set_status(kubectl, "demo", "Ready", reason="Provisioned")
    late = vkp.run("cluster", "update", demo, "--servers=3", "--wait", "--timeout=1s")
    assert late.exit_code == Exit.TIMED_OUT
    assert "the controller has not looked at the change yet" in late.stderr
    with Running(vkp, "cluster", "update", demo, "--servers=3", "--wait") as waiting:
        set_status(kubectl, "demo", "Ready", reason="Provisioned")
        assert waiting.end().returncode == Exit.OK
