"""What servers share: the datastore decides, unless somebody has changed a file since."""

import base64
import os
import time
from pathlib import Path

import pytest

from sandbox.k3s_standin import bootstrap, certificates
from sandbox.k3s_standin.bootstrap import Stored
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.layout import Layout

FILE = "server-ca.crt"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    certificates.make_authorities(made)
    return made


@pytest.fixture
def stored(layout: Layout) -> Stored:
    return bootstrap.decoded(bootstrap.encoded(layout))


def test_all_authorities_and_the_key_of_tokens_are_shared(stored: Stored) -> None:
    pairs = ("server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca")
    assert set(stored) == {f"{pair}.{kind}" for pair in pairs for kind in ("crt", "key")} | {"service.key"}


def test_what_is_the_same_stays(layout: Layout, stored: Stored) -> None:
    assert not bootstrap.restore(layout, stored)


def test_what_is_missing_comes_back(layout: Layout, stored: Stored) -> None:
    (layout.tls / FILE).unlink()
    assert bootstrap.restore(layout, stored)
    assert (layout.tls / FILE).read_bytes() == base64.b64decode(stored[FILE][0])


@pytest.mark.parametrize("seconds", [pytest.param(-60, id="older"), pytest.param(1, id="as-old-as-clocks-can-tell")])
def test_what_is_older_is_replaced(layout: Layout, stored: Stored, seconds: int) -> None:
    _change(layout, at=stored[FILE][1] + seconds)
    assert bootstrap.restore(layout, stored)
    assert (layout.tls / FILE).read_bytes() == base64.b64decode(stored[FILE][0])


def test_what_was_changed_since_is_a_reason_not_to_start(layout: Layout, stored: Stored) -> None:
    _change(layout, at=time.time() + 60)
    with pytest.raises(FatalError, match=rf"{FILE} newer than datastore"):
        bootstrap.restore(layout, stored)


def _change(layout: Layout, *, at: float) -> None:
    (layout.tls / FILE).write_text("changed")
    os.utime(layout.tls / FILE, (at, at))
