"""The query of an exec, attach or port-forward request, as the host's API server wants it: pure functions.

A kubelet and an API server have different names for the same things. A kubelet's switches are on when they are "1".
"""

from collections.abc import Sequence

Query = Sequence[tuple[str, str]]

_STREAMS = {"input": "stdin", "output": "stdout", "error": "stderr"}


class NoStreams(ValueError):  # noqa: N818 - reads as what it is
    """Neither input nor output nor errors are asked for."""


def exec_query(query: Query, container: str) -> list[tuple[str, str]]:
    """Raises NoStreams."""
    return [*attach_query(query, container), *((name, value) for name, value in query if name == "command")]


def attach_query(query: Query, container: str) -> list[tuple[str, str]]:
    """Raises NoStreams."""
    switched_on = {name for name, value in query if value == "1"}
    if "tty" in switched_on:
        switched_on.discard("error")  # a terminal has one output; kubelets drop the other one without a word
    if switched_on.isdisjoint(_STREAMS):
        raise NoStreams("you must specify at least 1 of input, output, error")
    names = {**_STREAMS, "tty": "tty"}
    # All of them are said, since an API server takes output for wanted when nothing is said about it.
    asked = [(host_name, "true" if name in switched_on else "false") for name, host_name in names.items()]
    return [*asked, ("container", container)]


def port_forward_query(query: Query) -> list[tuple[str, str]]:
    """The ports that WebSocket clients name in advance; SPDY clients name them later, inside the stream."""
    return [("ports", value) for name, value in query if name == "port"]
