"""What the controller would apply is applied to a real API server, which knows every field and rule."""

import json
from typing import Any

import pytest

from tests.cluster_fixtures import Api
from tests.first_answers import HOST, NOW, demo, everything, given
from tests.kubectl import Kubectl
from vk_provider.controller.cluster import Cluster, Expose, IngressExposure, Persistence, Ports
from vk_provider.controller.desired import desired
from vk_provider.controller.known import Known

ROUNDS = 4
CLUSTERS = [
    pytest.param({}, id="defaults"),
    pytest.param({"servers": 3, "persistence": Persistence(type="ephemeral")}, id="three without disks"),
    pytest.param({"server_args": ["--datastore-endpoint=https://db:2379"], "servers": 2}, id="external datastore"),
    pytest.param(everything(), id="everything"),
]
EXPOSURES = [
    Expose(),
    Expose(node_port=Ports()),
    Expose(annotations={"example.com/a": "b"}),
    Expose(load_balancer=Ports()),
    Expose(load_balancer=Ports(server_port=6443, etcd_port=2379)),
    Expose(ingress=IngressExposure(ingress_class_name="nginx", annotations={"example.com/a": "b"})),
    Expose(),
]


class Host:
    """Applies strictly, and without a word of warning."""

    def __init__(self, api: Api) -> None:
        self._kubectl = Kubectl(api.server.kubectl, api.kubeconfig, api.namespace)
        self._kubectl("label", "namespace", api.namespace, "pod-security.kubernetes.io/warn=restricted")

    def settle(self, cluster: Cluster, known: Known) -> Known:
        for _ in range(ROUNDS):
            answer = desired(cluster, known, HOST, NOW)
            known = Known(self._applied(answer.objects), known.secrets)
            for kind, name in answer.obsolete:
                self._kubectl("delete", kind, name)
        assert desired(cluster, known, HOST, NOW) == answer
        return known

    def _applied(self, objects: Any) -> Any:
        bodies = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
        done = self._kubectl.run("apply", "--server-side", "--validate=strict", "-o", "json", "-f", "-", stdin=bodies)
        said = done.stderr.decode()
        assert (done.returncode, said) == (0, ""), said
        return {(item["kind"], item["metadata"]["name"]): item for item in json.loads(done.stdout)["items"]}


@pytest.mark.parametrize("spec", CLUSTERS)
def test_an_api_server_takes_every_object_as_it_is(host_api: Api, spec: dict[str, Any]) -> None:
    Host(host_api).settle(demo(namespace=host_api.namespace, **spec), Known({}, given()))


def test_the_api_keeps_its_address_whatever_exposes_it(host_api: Api) -> None:
    host, known, addresses = Host(host_api), Known(), set()
    for expose in EXPOSURES:
        cluster = demo(namespace=host_api.namespace, expose=expose, tls_sans=["demo.example.com"])
        known = host.settle(cluster, known)
        addresses.add(known.cluster_ip("k3k-demo-service"))
    assert len(addresses) == 1
