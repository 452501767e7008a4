"""Real API servers and a real cluster for tests, started when the first test asks and gone after the last.

`host_api`, `virtual_api`: API servers shared by the whole run; each test gets a namespace of its own. The virtual one
has a controller-manager and a scheduler. `host_cluster`: a cluster with a node that runs containers.
`application_images`: Redis and PostgreSQL on that node. `new_api_server`: for tests that harm their server.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.binaries import Version
from sandbox.session import ApiServer, HostCluster, Session, session

FOLDER = Path(__file__).parents[1] / ".sandbox-test"


@dataclass(frozen=True, slots=True)
class Api:
    """One test's part of an API server."""

    server: ApiServer
    namespace: str

    @property
    def kubeconfig(self) -> Path:
        return self.server.kubeconfig

    @property
    def version(self) -> Version:
        return self.server.version


NewApiServer = Callable[[], ApiServer]


@pytest.fixture(scope="session")
def sandbox_session() -> Iterator[Session]:
    with session(FOLDER) as started:
        yield started


@pytest.fixture(scope="session")
def host_api_server(sandbox_session: Session) -> ApiServer:
    return sandbox_session.api_server("api-host")


@pytest.fixture(scope="session")
def virtual_api_server(sandbox_session: Session) -> ApiServer:
    return sandbox_session.api_server("api-virtual", controllers=True)


@pytest.fixture(scope="session")
def host_cluster_server(sandbox_session: Session) -> HostCluster:
    return sandbox_session.host_cluster()


@pytest.fixture(scope="session")
def application_images(host_cluster_server: HostCluster) -> None:
    """For `usefixtures`: `redis:7` and `postgres:15` are there."""
    host_cluster_server.add_applications()


@pytest.fixture
def host_api(host_api_server: ApiServer) -> Iterator[Api]:
    yield from _fresh(host_api_server)


@pytest.fixture
def virtual_api(virtual_api_server: ApiServer) -> Iterator[Api]:
    yield from _fresh(virtual_api_server)


@pytest.fixture
def host_cluster(host_cluster_server: HostCluster) -> Iterator[Api]:
    yield from _fresh(host_cluster_server)


@pytest.fixture(scope="session")
def new_api_server(sandbox_session: Session) -> NewApiServer:
    """Starts one API server more with each call; they live until the run ends, unless removed before."""
    count = 0

    def start() -> ApiServer:
        nonlocal count
        count += 1
        return sandbox_session.api_server(f"api-{count}")

    return start


def _fresh(server: ApiServer) -> Iterator[Api]:
    namespace = server.create_namespace("test")
    yield Api(server, namespace)
    server.delete_namespace(namespace)
