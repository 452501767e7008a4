import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.image_names import parse_image_name


@pytest.mark.parametrize(
    ("text", "full"),
    [
        pytest.param("busybox", "docker.io/library/busybox:latest", id="bare"),
        pytest.param("busybox:1.35", "docker.io/library/busybox:1.35", id="tag"),
        pytest.param("curlimages/curl", "docker.io/curlimages/curl:latest", id="user"),
        pytest.param("docker.io/busybox", "docker.io/library/busybox:latest", id="official with domain"),
        pytest.param("index.docker.io/library/busybox", "docker.io/library/busybox:latest", id="old domain"),
        pytest.param("sandbox.local/test:1", "sandbox.local/test:1", id="domain with a dot"),
        pytest.param("localhost/vkp", "localhost/vkp:latest", id="localhost"),
        pytest.param("10.0.0.1:5000/a/b:v1", "10.0.0.1:5000/a/b:v1", id="address and port"),
        pytest.param("Host/app", "Host/app:latest", id="upper case can only be a domain"),
        pytest.param("[::1]:5000/app", "[::1]:5000/app:latest", id="IPv6"),
        pytest.param("rancher/k3s:v1.36.2-k3s1", "docker.io/rancher/k3s:v1.36.2-k3s1", id="K3s"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(text: str, full: str) -> None:
    assert str(parse_image_name(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPPER",
        "a b",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a:b:c",
        "a@sha256:" + "0" * 64,
        "-a",
        "a_-b",
        "x" * 300,
        "a:\n",
        "ä",
    ],
)
def test_what_is_no_name_is_refused_in_one_line_that_quotes_it(text: str) -> None:
    with pytest.raises(SandboxError, match=r"^.* is no image name; write it like .*$") as refusal:
        parse_image_name(text)
    assert repr(text) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(
    domain=st.sampled_from(["", "docker.io/", "index.docker.io/", "localhost/", "example.com:5000/"]),
    repository=st.sampled_from(["a", "a/b", "library/a", "a__b/c-d"]),
    tag=st.sampled_from(["", ":1", ":v1.0-x"]),
)
def test_a_full_name_names_itself(domain: str, repository: str, tag: str) -> None:
    name = parse_image_name(domain + repository + tag)
    assert parse_image_name(str(name)) == name
