"""What a pod has to wait for: objects and identities that are not reflected to the host yet."""

from collections.abc import Iterator

from reflectors.translation.json_values import Json, listed
from reflectors.translation.paths import found, path
from reflectors.translation.references import references
from reflectors.translation.refusal import Refusal
from reflectors.translation.volumes import plain_spec

_REFLECTED_KINDS = frozenset({"ConfigMap", "PersistentVolumeClaim", "Secret"})
_PROJECTIONS = {
    "clusterTrustBundle": "cluster trust bundles",
    "podCertificate": "pod certificates",
}


def missing_support(virtual: Json) -> list[Refusal]:
    """Return why this pod, or an ephemeral container of it, is not created on the host yet; empty if all of it is."""
    spec = plain_spec(virtual)
    return [*_missing_objects(spec), *_missing_projections(spec), *_missing_claims(spec)]


def _missing_objects(spec: Json) -> Iterator[Refusal]:
    for reference in references(spec):
        if not reference.optional and reference.kind not in _REFLECTED_KINDS:
            yield Refusal(
                reference.field,
                f'needs {reference.kind} "{reference.name}", and {reference.kind} objects are not reflected yet',
                "do without it, or make it optional where that is possible",
            )


def _missing_projections(spec: Json) -> Iterator[Refusal]:
    for field, source in found(spec, path("volumes[].projected.sources[]"), "spec"):
        for kind, what in _PROJECTIONS.items():
            if source.get(kind):
                yield Refusal(f"{field}.{kind}", f"{what} are not reflected yet", "do without it")


def _missing_claims(spec: Json) -> Iterator[Refusal]:
    if listed(spec, "resourceClaims"):
        yield Refusal("spec.resourceClaims", "resource claims are not reflected yet", "do without them")
