"""The examples in docs/kube.md do what they say."""

import ast
import re
from collections.abc import Iterator
from inspect import CO_COROUTINE
from pathlib import Path
from typing import Any

import pytest

from kube.client import Client
from kube.credentials import load_kubeconfig
from tests.cluster_fixtures import Api
from tests.leaks import nothing_left

PAGE = Path(__file__).parents[3] / "docs" / "kube.md"


def examples() -> Iterator[Any]:
    """Each block of Python, at its line of the page, named after the heading it stands under."""
    text = PAGE.read_text()
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        before = text[: block.start(1)]
        heading = re.findall(r"^#+ (.*)", before, re.MULTILINE)[-1]
        yield pytest.param("\n" * before.count("\n") + block[1], id=heading)


@pytest.mark.parametrize("example", list(examples()))
async def test_the_example_runs_and_leaves_nothing_behind(example: str, host_api: Api) -> None:
    program = compile(example, PAGE, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    credentials = await load_kubeconfig(host_api.kubeconfig)
    async with nothing_left(), Client(credentials, user_agent="docs", field_manager="docs") as client:
        names = {"client": client, "credentials": credentials, "namespace": host_api.namespace}
        running = eval(program, names)  # noqa: S307 - our own page; this is what awaits at the top level of a module
        if program.co_flags & CO_COROUTINE:
            await running
