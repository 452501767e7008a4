import pytest
from hypothesis import given
from hypothesis import strategies as st

from vk_provider.controller.versions import K3sVersion, VersionError, check_step, k3s_version, wanted_version

NUMBERS = st.integers(0, 99)
VERSIONS = st.builds(K3sVersion, st.just(1), NUMBERS, NUMBERS, st.sampled_from([1, 2, 10**9]), st.integers(1, 9))


@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: K3sVersion) -> None:
    assert k3s_version(version.tag) == version
    assert k3s_version(version.release) == version


def test_releases_follow_each_other() -> None:
    texts = ["v1.9.1-k3s1", "v1.10.0-rc1+k3s1", "v1.10.0-rc2-k3s1", "v1.10.0-k3s1", "v1.10.0+k3s2", "v1.10.1-k3s1"]
    assert sorted(set(texts), key=k3s_version) == texts


@pytest.mark.parametrize(
    "text", ["", "1", "latest", "v1.31.4", "v1.31.4-k3s", "v1.31-k3s1", "v1.31.4+rke2r1", "v1.31.4-k3s1\n"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionError, match=r"write it like v1\.31\.4-k3s1"):
        k3s_version(text)


@pytest.mark.parametrize(
    ("asked_for", "host", "running", "tag"),
    [
        pytest.param("", "v1.31.4", "", "v1.31.4-k3s1", id="host's"),
        pytest.param("", "v1.31.4+k3s2", "", "v1.31.4-k3s2", id="host is K3s"),
        pytest.param("", "v1.30.5-gke.1014", "", "v1.30.5-k3s1", id="host of a cloud"),
        pytest.param("v1.29.1+k3s1", "v1.31.4", "", "v1.29.1-k3s1", id="asked for"),
        pytest.param("", "v1.32.0", "v1.31.4-k3s1", "v1.31.4-k3s1", id="a newer host upgrades nobody"),
        pytest.param("v1.32.0-k3s1", "v1.31.4", "v1.31.4-k3s1", "v1.32.0-k3s1", id="upgrade"),
    ],
)
def test_the_version_is_the_one_asked_for_or_the_one_that_runs_or_the_hosts(
    asked_for: str, host: str, running: str, tag: str
) -> None:
    assert wanted_version(asked_for, host, running).tag == tag


def test_a_host_without_a_version_needs_one_to_be_said() -> None:
    with pytest.raises(VersionError, match=r"'unknown'; give spec\.version"):
        wanted_version("", "unknown")


@pytest.mark.parametrize(
    ("running", "wanted", "why"),
    [
        pytest.param("v1.31.4-k3s1", "v1.31.3-k3s1", "is older", id="patch down"),
        pytest.param("v1.31.4-k3s2", "v1.31.4-k3s1", "is older", id="build down"),
        pytest.param("v1.31.4-k3s1", "v1.31.4-rc1-k3s1", "is older", id="back to a candidate"),
        pytest.param("v1.31.4-k3s1", "v1.33.0-k3s1", r"go to v1\.32 first", id="a minor skipped"),
        pytest.param("v1.31.4-k3s1", "v2.0.0-k3s1", "skips", id="major"),
    ],
)
def test_unsafe_steps_are_refused(running: str, wanted: str, why: str) -> None:
    with pytest.raises(VersionError, match=why):
        check_step(running, k3s_version(wanted))


@pytest.mark.parametrize("running", ["", "v1.31.4-k3s1", "v1.31.4-rc1+k3s1", "v1.30.9-k3s3", "v1.31.4-k3s2"])
def test_other_steps_are_taken(running: str) -> None:
    check_step(running, k3s_version("v1.31.4-k3s2"))
