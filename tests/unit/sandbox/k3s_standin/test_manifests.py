"""Which files below `server/manifests` count, and what is packaged."""

from pathlib import Path

import yaml

from sandbox.k3s_standin import manifests
from sandbox.k3s_standin.layout import Layout

VALUES = {"CLUSTER_DOMAIN": "cluster.local", "CLUSTER_DNS": "10.43.0.10"}


def test_manifests_count_in_folders_too_but_for_hidden_and_skipped_ones(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "folder/c.yml", ".hidden.yaml", "..data/d.yaml", "e.yaml", "e.yaml.skip", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert [str(file.relative_to(tmp_path)) for file in manifests.files(tmp_path)] == [
        "a.json",
        "b.yaml",
        "folder/c.yml",
    ]


def test_the_packaged_dns_has_the_address_that_was_asked_for(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    manifests.write_packaged(layout, VALUES, [])
    objects = {each["kind"]: each for each in yaml.safe_load_all((layout.manifests / "coredns.yaml").read_text())}
    assert objects["Service"]["spec"]["clusterIP"] == "10.43.0.10"
    assert "%{" not in (layout.manifests / "coredns.yaml").read_text()


def test_what_is_disabled_is_removed(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    manifests.write_packaged(layout, VALUES, [])
    manifests.write_packaged(layout, VALUES, ["coredns"])
    assert manifests.files(layout.manifests) == []
