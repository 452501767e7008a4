from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.host import Host, host
from tests.integration.kubelet.serving import Serving, serving
from tests.leaks import nothing_left


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def upstream(certificates: Certificates) -> Iterator[Host]:
    with host(certificates.path("server.crt"), certificates.path("server.key")) as served:
        yield served


@pytest.fixture
async def kubelet(certificates: Certificates, upstream: Host) -> AsyncIterator[Serving]:
    async with nothing_left(), serving(certificates, upstream.port) as served:
        yield served


@pytest.fixture(autouse=True)
def nothing_logged_that_worries(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What clients do is no error of the server's: aiohttp and asyncio have nothing to complain about."""
    yield
    assert [
        record.getMessage() for record in caplog.get_records("call") if record.levelname in {"WARNING", "ERROR"}
    ] == []
