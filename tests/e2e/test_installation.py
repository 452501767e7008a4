"""The controller as `kubectl apply -k` installs it, in its real pods and with no more rights than it is given."""

import os
from collections.abc import Iterator

import pytest
import yaml

from sandbox import provider_image
from sandbox.session import HostCluster
from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from vk_provider.install.options import IMAGE_NAME, NAME
from vk_provider.install.write import MANIFESTS

DEPLOYMENT = f"deployment/{NAME}"


@pytest.fixture(scope="module")
def kubectl(host_cluster_server: HostCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The controller installed for one namespace alone, by an overlay such as users write."""
    host_cluster_server.add_provider()
    namespace = host_cluster_server.create_namespace("installed")
    folder = tmp_path_factory.mktemp("overlay")
    base = os.path.relpath(MANIFESTS / "overlays" / "one-namespace", folder.resolve())
    name, _, tag = provider_image.NAME.rpartition(":")
    image = {"name": IMAGE_NAME, "newName": name, "newTag": tag}
    overlay = {"resources": [base], "namespace": namespace, "images": [image]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    kubectl = Kubectl(host_cluster_server.kubectl, host_cluster_server.kubeconfig, namespace)
    kubectl("apply", "-k", str(folder))
    kubectl("rollout", "status", DEPLOYMENT, "--timeout=120s")
    yield kubectl
    host_cluster_server.delete_namespace(namespace)


def test_an_installed_controller_makes_clusters_of_its_own_image(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(MANIFESTS / "examples" / "ephemeral.yaml"))
    kubectl.wait_for("condition=Accepted", "cluster/try-out")

    def provider() -> str | None:
        done = kubectl.run("get", "deployment", "k3k-try-out-provider", "-o", "jsonpath={..image}")
        return None if done.stdout.decode() == provider_image.NAME else str(done)

    wait_until(provider, what="the provider, of the same image", seconds=60, advice=kubectl("logs", DEPLOYMENT))
    kubectl("delete", "cluster", "try-out", "--timeout=60s")


def test_one_replica_leads_and_another_takes_over(kubectl: Kubectl) -> None:
    def leader() -> str:
        return kubectl("get", "lease", NAME, "-o", "jsonpath={.spec.holderIdentity}")

    wait_until(lambda: None if leader() else "nobody", what="a leader", seconds=60, advice="see the controllers' logs")
    first = leader()
    pods = kubectl("get", "pods", "-l", "app.kubernetes.io/component=controller", "-o", "name").split()
    (leading,) = [pod for pod in pods if pod.partition("/")[2] in first]
    kubectl("delete", leading, "--wait=false")

    def taken_over() -> str | None:
        return f"{leader()} leads" if leader() in ("", first) else None

    wait_until(taken_over, what="another leader", seconds=60, advice="see the controllers' logs")
