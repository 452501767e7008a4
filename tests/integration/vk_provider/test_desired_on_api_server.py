"""What the controller would apply is applied to a real API server, which knows every field and rule."""

import json
from typing import Any

import pytest

from tests.cluster_fixtures import Api
from tests.first_answers import HOST, NOW, demo
from tests.kubectl import Kubectl
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.desired import desired
from vk_provider.controller.known import Known

CLUSTERS = [pytest.param({}, id="defaults")]


@pytest.mark.parametrize("spec", CLUSTERS)
def test_an_api_server_takes_every_object_as_it_is(host_api: Api, spec: dict[str, Any]) -> None:
    kubectl = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    kubectl("label", "namespace", host_api.namespace, "pod-security.kubernetes.io/warn=restricted")
    cluster = _in(host_api.namespace, demo(**spec))
    known = Known()
    for _ in range(3):
        answer = desired(cluster, known, HOST, NOW)
        known = _applied(kubectl, answer.objects)
    assert desired(cluster, known, HOST, NOW) == answer


def _in(namespace: str, cluster: Cluster) -> Cluster:
    return Cluster(name=cluster.name, namespace=namespace, uid="no-such-owner", spec=cluster.spec)


def _applied(kubectl: Kubectl, objects: Any) -> Known:
    """Apply strictly, and without a word of warning."""
    bodies = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
    done = kubectl.run("apply", "--server-side", "--validate=strict", "-o", "json", "-f", "-", stdin=bodies)
    said = done.stderr.decode()
    assert (done.returncode, said) == (0, ""), said
    items = json.loads(done.stdout)["items"]
    return Known({(item["kind"], item["metadata"]["name"]): item for item in items})
