"""The certificates of a server: where they lie, who signed them, and when they are made anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.k3s_standin import certificates, x509_files
from sandbox.k3s_standin.layout import Layout

NAMES = ("localhost", "127.0.0.1")
LEAVES = {
    "client-admin": ("system:admin", "system:masters", "client-ca"),
    "client-kube-apiserver": ("system:apiserver", "system:masters", "client-ca"),
    "client-controller": ("system:kube-controller-manager", "system:masters", "client-ca"),
    "client-auth-proxy": ("system:auth-proxy", None, "request-header-ca"),
    "serving-kube-apiserver": ("kube-apiserver", None, "server-ca"),
    "etcd/client": ("etcd-client", None, "etcd/server-ca"),
    "etcd/server-client": ("etcd-server", None, "etcd/server-ca"),
    "etcd/peer-server-client": ("etcd-peer", None, "etcd/peer-ca"),
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    certificates.make_authorities(made)
    certificates.make_leaves(made, NAMES)
    return made


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_speaks_for_whom_it_should(layout: Layout, name: str) -> None:
    common_name, organization, authority = LEAVES[name]
    leaf, *chain = x509.load_pem_x509_certificates(layout.certificate(name).read_bytes())
    subject = {part.rfc4514_attribute_name: part.value for part in leaf.subject}
    assert (subject["CN"], subject.get("O")) == (common_name, organization)
    assert chain == x509.load_pem_x509_certificates(layout.certificate(authority).read_bytes())
    leaf.verify_directly_issued_by(chain[0])
    assert layout.key(name).stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_left_alone(layout: Layout) -> None:
    before = _content(layout)
    certificates.make_authorities(layout)
    certificates.make_leaves(layout, NAMES)
    assert _content(layout) == before


@pytest.mark.parametrize(
    ("names", "is_new"),
    [
        pytest.param(NAMES[:1], False, id="fewer"),
        pytest.param((*NAMES, "api.example"), True, id="more"),
    ],
)
def test_a_leaf_is_made_anew_if_a_name_is_missing(layout: Layout, names: tuple[str, ...], is_new: bool) -> None:
    before = layout.certificate("serving-kube-apiserver").read_bytes()
    certificates.make_leaves(layout, names)
    assert (layout.certificate("serving-kube-apiserver").read_bytes() != before) is is_new


def test_a_leaf_is_made_anew_by_another_authority(layout: Layout) -> None:
    before = _content(layout)
    layout.key("client-ca").unlink()
    certificates.make_authorities(layout)
    certificates.make_leaves(layout, NAMES)
    changed = {name for name, content in _content(layout).items() if content != before[name]}
    assert {"client-ca.crt", "client-admin.crt", "client-ca.nochain.crt"} <= changed
    assert not any(name.startswith(("etcd", "serving", "server-ca")) for name in changed)


def test_a_leaf_is_made_anew_before_it_expires(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x509_files, "RENEWED", x509_files.LEAF_LIFETIME)
    before = layout.certificate("client-admin").read_bytes()
    certificates.make_leaves(layout, NAMES)
    assert layout.certificate("client-admin").read_bytes() != before


def test_a_leaf_lasts_a_year_and_its_authority_ten(layout: Layout) -> None:
    lasts = {
        name: x509_files.expiry(x509.load_pem_x509_certificate(layout.certificate(name).read_bytes()))
        - datetime.now(UTC)
        for name in ("client-admin", "client-ca")
    }
    assert timedelta(364) < lasts["client-admin"] < timedelta(366)
    assert timedelta(3649) < lasts["client-ca"] < timedelta(3651)


def test_of_several_keys_the_first_signs() -> None:
    one, two = (f"-----BEGIN KEY-----\n{name}\n-----END KEY-----\n".encode() for name in ("one", "two"))
    assert x509_files.first_key(one + two) == one
    assert x509_files.first_key(one) == one


def _content(layout: Layout) -> dict[str, bytes]:
    return {str(file.relative_to(layout.tls)): file.read_bytes() for file in layout.tls.rglob("*") if file.is_file()}
