"""Every field of a PodSpec, by the newest description of the API, that names something is translated or explained.

A field that a later API adds fails here until somebody has decided what becomes of it on the host. Reference types
that serve in many places (`V1LocalObjectReference`) count by place, so that a new place is noticed too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Json, fresh
from reflectors.translation.paths import CONTAINER_LISTS, found, path
from reflectors.translation.references import PLACES, rename
from tests.unit.reflectors.translation.api_models import fields, inner, is_model

ENDINGS = ("name", "endpoints", "driver", "namespace", "namespaces")  # of fields that name something, in lower case
REFERENCE_TYPES = ("Reference", "KeySelector", "EnvSource")  # that name another object wherever they stand

# What names an object of the API and is not renamed in its place.
HANDLED_OTHERWISE = {
    "V1CSIVolumeSource.driver": "the host's driver, where the tenant may use it at all: volume_fields.py",
    "V1ClusterTrustBundleProjection.name": "not possible yet, the pod waits: waiting.py",
    "V1ClusterTrustBundleProjection.signerName": "the same",
    "V1FlexVolumeSource.driver": "the host's driver, where the tenant may use it at all: volume_fields.py",
    "V1PodAffinityTerm.namespaces": "they become labels of host pods: selectors.py",
    "V1PodCertificateProjection.signerName": "not possible yet, the pod waits: waiting.py",
    "V1PodResourceClaim.resourceClaimName": "not possible yet, the pod waits: waiting.py",
    "V1PodResourceClaim.resourceClaimTemplateName": "the same",
    "V1PodSchedulingGroup.podGroupName": "the virtual scheduler has acted on it",
    "V1PodSpec.nodeName": "cleared: the host's scheduler chooses its own node",
    "V1PodSpec.priorityClassName": "pod_spec.py",
    "V1PodSpec.runtimeClassName": "the host's class, by its name there",
    "V1PodSpec.schedulerName": "the virtual scheduler has acted on it",
    "V1PodSpec.serviceAccountName": "the tenant has no identity on the host",
}

_HOSTNAME = "what the pod calls itself"
_OWN = "its own name, within the pod"
_WITHIN = "names something within the same pod"
_PROVIDER = "a name that the storage provider knows"
_WORDS = "a name, and of no object"
NO_OBJECTS = {
    "CoreV1ResourceClaim.name": _WITHIN,
    "V1AzureDiskVolumeSource.diskName": _PROVIDER,
    "V1AzureFileVolumeSource.shareName": _PROVIDER,
    "V1Container.name": _OWN,
    "V1ContainerPort.name": _OWN,
    "V1ContainerResizePolicy.resourceName": _WORDS,
    "V1EnvVar.name": _OWN,
    "V1EphemeralContainer.name": _OWN,
    "V1EphemeralContainer.targetContainerName": _WITHIN,
    "V1FileKeySelector.volumeName": _WITHIN,
    "V1FlockerVolumeSource.datasetName": _PROVIDER,
    "V1GCEPersistentDiskVolumeSource.pdName": _PROVIDER,
    "V1HTTPHeader.name": _WORDS,
    "V1ISCSIVolumeSource.initiatorName": _PROVIDER,
    "V1PodDNSConfigOption.name": _WORDS,
    "V1PodOS.name": _WORDS,
    "V1PodResourceClaim.name": _OWN,
    "V1PodSchedulingGate.name": _WORDS,
    "V1PodSpec.hostname": _HOSTNAME,
    "V1ResourceFieldSelector.containerName": _WITHIN,
    "V1ScaleIOVolumeSource.volumeName": _PROVIDER,
    "V1StorageOSVolumeSource.volumeName": _PROVIDER,
    "V1StorageOSVolumeSource.volumeNamespace": _PROVIDER,
    "V1Sysctl.name": _WORDS,
    "V1Volume.name": _OWN,
    "V1VolumeDevice.name": _WITHIN,
    "V1VolumeMount.name": _WITHIN,
    "V1VsphereVirtualDiskVolumeSource.storagePolicyName": _PROVIDER,
    "V1WindowsSecurityContextOptions.gmsaCredentialSpecName": _WORDS,
    "V1WindowsSecurityContextOptions.runAsUserName": _WORDS,
}
# Whatever these name is of a claim that the virtual cluster makes of them, and the claim is reflected.
TEMPLATES = {"V1PersistentVolumeClaimTemplate"}


@dataclass(frozen=True, slots=True)
class Naming:
    """A field that names something."""

    model: str
    field: str
    path: str  # as in `volumes[].secret.secretName`

    def __str__(self) -> str:
        return f"{self.model}.{self.field}"

    @property
    def is_reference(self) -> bool:
        return self.model.endswith(REFERENCE_TYPES) and self.model != "V1FileKeySelector"


def namings(model: str, below: str = "", parents: tuple[str, ...] = ()) -> Iterator[Naming]:
    for field, kind in fields(model).items():
        here = f"{below}{field}{'[]' if kind.startswith('list[') else ''}"
        if is_model(kind) and inner(kind) not in {*parents, *TEMPLATES}:
            yield from namings(inner(kind), f"{here}.", (*parents, model))
        elif inner(kind) == "str" and field.lower().endswith(ENDINGS):
            yield Naming(model, field, here)


def renamed_paths() -> set[str]:
    return {".".join([*place.holder, place.name]) for place in PLACES}


NAMINGS = list(namings("V1PodSpec"))


def test_every_name_in_a_pods_spec_is_renamed_or_has_its_reason() -> None:
    explained = HANDLED_OTHERWISE.keys() | NO_OBJECTS.keys()
    open_questions = {each for each in NAMINGS if each.path not in renamed_paths()}
    assert {f"{each} at {each.path}" for each in open_questions if str(each) not in explained} == set()


def test_every_reference_type_is_renamed_wherever_it_stands() -> None:
    assert {each.path for each in NAMINGS if each.is_reference} <= renamed_paths()
    assert not {str(each) for each in NAMINGS if each.is_reference} & (HANDLED_OTHERWISE.keys() | NO_OBJECTS.keys())


def test_no_reason_and_no_place_outlives_its_field() -> None:
    assert (HANDLED_OTHERWISE.keys() | NO_OBJECTS.keys()) <= {str(each) for each in NAMINGS}
    assert renamed_paths() <= {each.path for each in NAMINGS}


def test_all_kinds_of_containers_have_the_same_places() -> None:
    places = {
        containers: {each.removeprefix(containers) for each in renamed_paths() if each.startswith(containers)}
        for containers in CONTAINER_LISTS
    }
    assert places["containers"] == places["initContainers"] == places["ephemeralContainers"]


@given(st.sampled_from([each for each in NAMINGS if each.is_reference]))
def test_a_reference_in_any_place_is_really_renamed(naming: Naming) -> None:
    spec = fresh(spec_with("mine", naming.path))
    rename(spec, lambda kind, name: f"{kind}/{name}")
    [(_, name)] = found(spec, path(naming.path), "spec")
    assert name.endswith("/mine")


def spec_with(value: str, at: str) -> Json:
    """A spec that has nothing but this value at this path."""
    first, _, rest = at.partition(".")
    content = spec_with(value, rest) if rest else value
    return {first.removesuffix("[]"): [content]} if first.endswith("[]") else {first: content}
