"""`vkp`, run as a user would against a real API server that knows our kinds."""

from collections.abc import Iterator

import pytest

from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.integration.cli.commands import Vkp
from tests.integration.install.kinds import install_kinds
from tests.kubectl import Kubectl


@pytest.fixture(scope="session")
def kinds(host_api_server: ApiServer) -> None:
    """The host API server knows Clusters and policies."""
    install_kinds(host_api_server)


@pytest.fixture
def vkp(host_api: Api, kinds: None) -> Vkp:  # noqa: ARG001 - what is there, not what is used
    return Vkp(host_api.kubeconfig)


@pytest.fixture
def kubectl(host_api: Api) -> Iterator[Kubectl]:
    """For the test's own namespace, whose Clusters nobody else removes."""
    started = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    yield started
    started.run("delete", "clusters.k3k.io", "--all", "--wait=false")
