from reflectors.translation.paths import found, path

SPEC = {
    "containers": [{"env": [{"name": "A"}, {"name": "B"}]}, {"env": None}, {}, {"env": [{"name": "C"}]}],
    "affinity": {"nodeAffinity": {"weight": 1}},
}


def test_everything_at_a_path_is_found_with_the_field_it_is() -> None:
    assert list(found(SPEC, path("containers[].env[].name"), "spec")) == [
        ("spec.containers[0].env[0].name", "A"),
        ("spec.containers[0].env[1].name", "B"),
        ("spec.containers[3].env[0].name", "C"),
    ]
    assert list(found(SPEC, path("affinity.nodeAffinity.weight"), "spec")) == [("spec.affinity.nodeAffinity.weight", 1)]


def test_where_there_is_nothing_nothing_is_found() -> None:
    assert list(found(SPEC, path("volumes[].name"), "spec")) == []
