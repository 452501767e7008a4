import pytest

from vk_provider.cli.addresses import Typed, typed
from vk_provider.cli.exits import Exit, Failure


@pytest.mark.parametrize(
    ("text", "namespace", "expected", "usual"),
    [
        pytest.param("demo", None, Typed("demo", None), "k3k-demo", id="name"),
        pytest.param("demo", "team", Typed("demo", "team"), "team", id="name and -n"),
        pytest.param("team/demo", None, Typed("demo", "team"), "team", id="both in one"),
        pytest.param("team/demo", "team", Typed("demo", "team"), "team", id="said twice"),
    ],
)
def test_a_cluster_is_named(text: str, namespace: str | None, expected: Typed, usual: str) -> None:
    assert typed(text, namespace) == expected
    assert typed(text, namespace).usual_namespace == usual


@pytest.mark.parametrize(
    ("text", "namespace"),
    [("", None), ("/demo", None), ("team/", None), ("a/b/c", None), ("team/demo", "blue"), ("..", None), ("a", "../b")],
)
def test_what_names_none_is_refused(text: str, namespace: str | None) -> None:
    with pytest.raises(Failure) as failure:
        typed(text, namespace)
    assert failure.value.exit_code == Exit.USAGE
