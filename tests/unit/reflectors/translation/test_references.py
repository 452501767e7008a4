import pytest
from hypothesis import given

from reflectors.translation.json_values import Json, fresh
from reflectors.translation.references import PLACES, Place, Reference, references, rename
from tests.unit.reflectors.translation.api_models import fields, inner, is_model, pod_specs
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


# Fields of a PodSpec that name another object, by the API's description of it, and are not translated by name.
HANDLED_OTHERWISE = {
    "V1PodSpec.nodeName",
    "V1PodSpec.priorityClassName",  # pod_spec.py
    "V1PodSpec.runtimeClassName",  # of the host, as it is
    "V1PodSpec.schedulerName",
    "V1PodSpec.serviceAccountName",
    "V1PodResourceClaim.resourceClaimName",  # waiting.py
    "V1PodResourceClaim.resourceClaimTemplateName",
    "V1PodSchedulingGroup.podGroupName",
    "V1ClusterTrustBundleProjection.name",  # waiting.py
    "V1ClusterTrustBundleProjection.signerName",
    "V1PodCertificateProjection.signerName",
}
# Names of things that are no objects of the API, or are within the pod itself.
NO_REFERENCES = {
    "V1AzureDiskVolumeSource.diskName",
    "V1AzureFileVolumeSource.shareName",
    "V1ContainerPort.name",
    "V1ContainerResizePolicy.resourceName",
    "V1EphemeralContainer.targetContainerName",
    "V1FileKeySelector.volumeName",
    "V1FlockerVolumeSource.datasetName",
    "V1GCEPersistentDiskVolumeSource.pdName",
    "V1HTTPHeader.name",
    "V1ISCSIVolumeSource.initiatorName",
    "V1PodDNSConfigOption.name",
    "V1PodOS.name",
    "V1PodResourceClaim.name",
    "V1PodSchedulingGate.name",
    "V1ResourceFieldSelector.containerName",
    "V1ScaleIOVolumeSource.volumeName",
    "V1StorageOSVolumeSource.volumeName",
    "V1Sysctl.name",
    "V1VsphereVirtualDiskVolumeSource.storagePolicyName",
    "V1WindowsSecurityContextOptions.gmsaCredentialSpecName",
    "V1WindowsSecurityContextOptions.runAsUserName",
    "V1PodSpec.hostname",
    "CoreV1ResourceClaim.name",
    "V1Container.name",
    "V1EphemeralContainer.name",
    "V1EnvVar.name",
    "V1Volume.name",
    "V1VolumeDevice.name",
    "V1VolumeMount.name",
}


def names_in(model: str, seen: set[str]) -> set[str]:
    """Every field below a type whose name says that it names something: `name`, `claimName`, `endpoints`."""
    if model in seen or model == "V1PersistentVolumeClaimTemplate":
        return set()
    seen.add(model)
    found = {f"{model}.{name}" for name in fields(model) if name.endswith(("ame", "endpoints"))}
    return found.union(*(names_in(inner(kind), seen) for kind in fields(model).values() if is_model(kind)))


def named_by(place: Place) -> str:
    model = "V1PodSpec"
    for field in place.holder:
        model = inner(fields(model)[field.removesuffix("[]")])
    return f"{model}.{place.name}"


def test_no_reference_that_the_api_has_is_forgotten() -> None:
    known = {named_by(place) for place in PLACES} | HANDLED_OTHERWISE | NO_REFERENCES
    assert names_in("V1PodSpec", set()) == known
