import pytest

from node.kubelet.stream_query import NoStreams, Query, attach_query, exec_query, port_forward_query


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param([("input", "1")], {"stdin": "true", "stdout": "false"}, id="what is not asked for is refused"),
        pytest.param([("output", "1"), ("error", "1")], {"stdout": "true", "stderr": "true"}, id="both outputs"),
        pytest.param(
            [("output", "1"), ("error", "1"), ("tty", "1")], {"stderr": "false"}, id="a terminal has one output"
        ),
        pytest.param([("output", "1"), ("error", "true")], {"stderr": "false"}, id="only 1 is on"),
        pytest.param([("output", "1"), ("stdin", "true")], {"stdin": "false"}, id="an API server's name means nothing"),
        pytest.param([("output", "1"), ("container", "other")], {"container": "app"}, id="the path has the container"),
    ],
)
def test_streams_are_asked_for_in_the_hosts_words(asked: Query, wanted: dict[str, str]) -> None:
    query = attach_query(asked, "app")
    assert wanted.items() <= dict(query).items()
    assert [name for name, _ in query] == ["stdin", "stdout", "stderr", "tty", "container"]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([], id="nothing"),
        pytest.param([("tty", "1")], id="a terminal without streams"),
        pytest.param([("tty", "1"), ("error", "1")], id="a terminal has no errors of its own"),
        pytest.param([("input", "0")], id="off"),
    ],
)
def test_no_stream_at_all_makes_no_sense(asked: Query) -> None:
    with pytest.raises(NoStreams):
        attach_query(asked, "app")


def test_a_command_keeps_its_words_in_order() -> None:
    words = ["sh", "-c", "echo a&b", "", "sh"]
    query = exec_query([("output", "1"), *(("command", word) for word in words)], "app")
    assert [value for name, value in query if name == "command"] == words


def test_ports_are_passed_on() -> None:
    assert port_forward_query([("port", "80"), ("other", "1"), ("port", "443")]) == [("ports", "80"), ("ports", "443")]
