"""The stand-in for K3s does what a controller relies on in the real one."""

from collections.abc import Iterator

import pytest

from sandbox.session import HostCluster
from tests.e2e.k3s_server import DATA, LISTEN, K3sServer
from tests.kubectl import Kubectl


@pytest.fixture(scope="module")
def host(host_cluster_server: HostCluster) -> Iterator[Kubectl]:
    host_cluster_server.add_k3s()
    namespace = host_cluster_server.create_namespace("k3s")
    yield Kubectl(host_cluster_server.kubectl, host_cluster_server.kubeconfig, namespace)
    host_cluster_server.delete_namespace(namespace)


@pytest.fixture(scope="module")
def first(host: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> K3sServer:
    return K3sServer(host, "first", tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(host: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> K3sServer:
    return K3sServer(host, "second", tmp_path_factory.mktemp("second"))


def test_one_server_serves_ends_in_good_order_and_keeps_its_data(first: K3sServer) -> None:
    first.start(advertise_address=first.address, advertise_port=443, cluster_dns="10.43.0.53")
    kubectl = first.kubectl()
    kubectl("create", "configmap", "kept")
    assert kubectl.get("endpoints/kubernetes")["subsets"][0]["ports"][0]["port"] == 443
    kubectl.wait_for("jsonpath={.spec.clusterIP}=10.43.0.53", "service/kube-dns", "--namespace=kube-system")
    token = first.exec("cat", f"{DATA}/server/token")
    assert token.startswith("K10")
    assert first.end() == 0
    first.stop()
    first.start(cluster_dns="10.43.0.53")
    assert first.kubectl()("get", "configmap", "kept", "-o", "name") == "configmap/kept\n"
    assert first.exec("cat", f"{DATA}/server/token") == token
    first.stop()


def test_a_server_does_not_start_with_anothers_token(first: K3sServer) -> None:
    first.begin(token="another")  # noqa: S106 - of nothing
    first._host.wait_for_log("first", "encrypted with different token")
    first.stop()


def test_servers_join_leave_and_join_again(first: K3sServer, second: K3sServer) -> None:
    """What the first had when it was alone is there on both."""
    several = {"cluster_dns": "10.43.0.53", "etcd_arg": LISTEN}
    first.start(cluster_init=True, node_ip=[first.address], **several)
    joins = {"server": f"https://{first.address}:6443", "node_ip": [second.address], **several}
    second.start(**joins)
    assert second.kubectl()("get", "configmap", "kept", "-o", "name") == "configmap/kept\n"
    members = {member["name"].rpartition("-")[0]: member for member in first.etcd("cluster/member/list")["members"]}
    assert {name: member["peerURLs"] for name, member in members.items()} == {
        "first": [f"https://{first.address}:2380"],
        "second": [f"https://{second.address}:2380"],
    }
    first.etcd("cluster/member/remove", ID=members["second"]["ID"])
    second.wait_restarted()
    assert len(first.etcd("cluster/member/list")["members"]) == 2
    assert first.kubectl()("get", "configmap", "kept", "-o", "name") == "configmap/kept\n"
