"""The examples are what somebody may start from."""

from pathlib import Path

import pytest
import yaml

from vk_provider.controller.cluster import Cluster
from vk_provider.controller.references import secrets_in
from vk_provider.controller.validation import mistakes
from vk_provider.install.write import MANIFESTS

EXAMPLES = sorted((MANIFESTS / "examples").glob("*.yaml"))
WHOSE_SECRETS_ARE_YOURS = {"own-authorities.yaml"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_an_example(path: Path) -> None:
    bodies = list(yaml.safe_load_all(path.read_text()))
    clusters = [Cluster.read(body) for body in bodies if body["kind"] == "Cluster"]
    assert [str(mistake) for cluster in clusters for mistake in mistakes(cluster)] == []
    secrets = {body["metadata"]["name"] for body in bodies if body["kind"] == "Secret"}
    if path.name not in WHOSE_SECRETS_ARE_YOURS:
        assert {name for cluster in clusters for name in secrets_in(cluster.spec)} <= secrets


def test_each_example_says_what_it_is_for() -> None:
    assert [path.name for path in EXAMPLES if not path.read_text().startswith("# ")] == []
