import pytest
from hypothesis import given

from reflectors.translation.json_values import Json, fresh
from reflectors.translation.references import Reference, references, rename
from tests.unit.reflectors.translation.api_models import pod_specs
from tests.unit.reflectors.translation.pods import container


def volume(**source: Json) -> Json:
    return {"volumes": [{"name": "data", **source}]}


@pytest.mark.parametrize(
    ("spec", "reference"),
    [
        pytest.param(
            {
                "containers": [
                    container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "k"}}}])
                ]
            },
            Reference("ConfigMap", "x", "spec.containers[0].env[0].valueFrom.configMapKeyRef"),
            id="a variable's value",
        ),
        pytest.param(
            {"initContainers": [container(envFrom=[{"secretRef": {"name": "x", "optional": True}}])]},
            Reference("Secret", "x", "spec.initContainers[0].envFrom[0].secretRef", optional=True),
            id="variables, optional",
        ),
        pytest.param(
            volume(configMap={"name": "x"}), Reference("ConfigMap", "x", "spec.volumes[0].configMap"), id="files"
        ),
        pytest.param(
            volume(secret={"secretName": "x", "optional": True}),
            Reference("Secret", "x", "spec.volumes[0].secret", optional=True),
            id="files, optional",
        ),
        pytest.param(
            volume(projected={"sources": [{"secret": {"name": "x"}}]}),
            Reference("Secret", "x", "spec.volumes[0].projected.sources[0].secret"),
            id="files of several",
        ),
        pytest.param(
            volume(persistentVolumeClaim={"claimName": "x"}),
            Reference("PersistentVolumeClaim", "x", "spec.volumes[0].persistentVolumeClaim"),
            id="a claim",
        ),
        pytest.param(
            {"imagePullSecrets": [{"name": "x"}]},
            Reference("Secret", "x", "spec.imagePullSecrets[0]"),
            id="to pull images with",
        ),
    ],
)
def test_every_reference_is_found_and_renamed_in_its_place(spec: Json, reference: Reference) -> None:
    assert references(spec) == [reference]
    renamed = fresh(spec)
    rename(renamed, lambda kind, name: f"{kind}-{name}-on-the-host")
    assert [each.name for each in references(renamed)] == [f"{reference.kind}-x-on-the-host"]
    assert references(renamed)[0].optional is reference.optional


@given(pod_specs())
def test_renaming_changes_names_of_other_objects_and_nothing_else(spec: Json) -> None:
    renamed = fresh(spec)
    rename(renamed, lambda kind, name: f"<{kind}/{name}>")
    assert [each.name for each in references(renamed)] == [f"<{each.kind}/{each.name}>" for each in references(spec)]
    rename(renamed, lambda kind, name: name.removeprefix(f"<{kind}/").removesuffix(">"))
    assert renamed == spec
