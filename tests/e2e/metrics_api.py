"""A metrics API in a cluster for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from sandbox.metrics_server.manifests import API_SERVICE, NAMESPACE, objects
from tests.kubectl import Kubectl
from tests.made_cluster import Server

RESOLUTION = 2  # seconds; metrics-server itself asks every fifteen


@contextmanager
def metrics_api(server: Server) -> Iterator[None]:
    """metrics-server's stand-in answers; afterwards it is gone, since an API without its server holds up others."""
    kubectl = Kubectl(server.kubectl, server.kubeconfig, NAMESPACE)
    made = objects(resolution=RESOLUTION)
    kubectl.apply(*made)
    try:
        kubectl.wait_for("condition=Available", f"apiservice/{API_SERVICE}")
        yield
    finally:
        kubectl("delete", "-f", "-", "--ignore-not-found", stdin=yaml.safe_dump_all(reversed(made)).encode())
