import json
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from sandbox.echo_server import EchoHandler, EchoServer


@pytest.fixture
def address() -> Iterator[str]:
    with EchoServer(("127.0.0.1", 0), EchoHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_request_comes_back_described(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAME", "web-0")
    monkeypatch.setenv("SECRET", "hidden")
    request = urllib.request.Request(f"{address}/a?b=c", b"body", {"X-Test": "yes"}, method="PATCH")  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, as written above
        echo = json.load(answer)
    assert (echo["method"], echo["path"], echo["body"]) == ("PATCH", "/a?b=c", "body")
    assert echo["headers"]["X-Test"] == "yes"
    assert echo["client"]["address"] == "127.0.0.1"
    assert echo["environment"]["POD_NAME"] == "web-0"
    assert "SECRET" not in echo["environment"]


def test_the_answer_to_head_has_no_body(address: str) -> None:
    request = urllib.request.Request(f"{address}/", method="HEAD")  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, as written above
        assert answer.status == 200
        assert answer.read() == b""
