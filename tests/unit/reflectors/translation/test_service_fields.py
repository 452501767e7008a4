from reflectors.translation.allow_list import Copied, Fields
from reflectors.translation.endpoints import ENDPOINTS_FIELDS, SLICE_FIELDS
from reflectors.translation.service_fields import SERVICE_SPEC, known_fields
from tests.unit.reflectors.translation.api_models import fields, inner, is_model
from tests.unit.reflectors.translation.pods import V1_36

GONE = {"topologyKeys", "topology"}  # older API servers have them
ELSEWHERE = {"apiVersion", "kind", "metadata"}


def forgotten(model: str, listed: Fields, path: str = "") -> list[str]:
    described = fields(model)
    found = [f"{path}.{name}" for name in (described.keys() ^ listed.keys()) - GONE - ELSEWHERE]
    for name, treatment in listed.items():
        if isinstance(treatment, Copied) and treatment.inside is not None:
            assert is_model(described[name])
            found += forgotten(inner(described[name]), treatment.inside, f"{path}.{name}")
    return found


def test_every_field_that_a_service_can_have_is_listed() -> None:
    assert forgotten("V1ServiceSpec", SERVICE_SPEC) == []


def test_every_field_of_endpoints_and_slices_is_listed() -> None:
    assert forgotten("V1Endpoints", ENDPOINTS_FIELDS) == []
    assert forgotten("V1EndpointSlice", SLICE_FIELDS) == []


def test_a_field_that_nobody_knows_is_left_out_and_told() -> None:
    kept, lost = known_fields({"type": "ClusterIP", "novelty": 1}, V1_36)
    assert kept == {"type": "ClusterIP"}
    assert [each.field for each in lost] == ["spec.novelty"]
