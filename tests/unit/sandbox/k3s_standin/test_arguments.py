"""Command lines: what a user says goes before, beside or behind what K3s says by itself."""

import pytest

from sandbox.k3s_standin.arguments import Flags, command_line, with_user

OWN: Flags = {"authorization-mode": ["Node,RBAC"], "profiling": ["false"]}


@pytest.mark.parametrize(
    ("said", "line"),
    [
        pytest.param([], ["--authorization-mode=Node,RBAC", "--profiling=false"], id="nothing"),
        pytest.param(["profiling=true"], ["--authorization-mode=Node,RBAC", "--profiling=true"], id="instead"),
        pytest.param(["--profiling=true"], ["--authorization-mode=Node,RBAC", "--profiling=true"], id="with-dashes"),
        pytest.param(
            ["authorization-mode+=Webhook"],
            ["--authorization-mode=Node,RBAC,Webhook", "--profiling=false"],
            id="behind",
        ),
        pytest.param(
            ["authorization-mode-=Webhook"],
            ["--authorization-mode=Webhook,Node,RBAC", "--profiling=false"],
            id="before",
        ),
        pytest.param(
            ["v=1", "v=2"], ["--authorization-mode=Node,RBAC", "--profiling=false", "--v=1", "--v=2"], id="twice"
        ),
        pytest.param(
            ["feature-gates=A=true,B=false"],
            ["--authorization-mode=Node,RBAC", "--feature-gates=A=true,B=false", "--profiling=false"],
            id="equals-signs-and-commas",
        ),
    ],
)
def test_a_users_arguments_find_their_place(said: list[str], line: list[str]) -> None:
    assert command_line(with_user(OWN, said)) == line
