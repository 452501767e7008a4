from collections.abc import Iterator

from reflectors.translation.allow_list import Copied, Fields, LeftOut, Replaced
from reflectors.translation.container_fields import CONTAINER, EPHEMERAL_CONTAINER
from reflectors.translation.pod_fields import POD_SPEC
from tests.unit.reflectors.translation.api_models import fields, inner, is_model


def differences(model: str, listed: Fields, path: str) -> Iterator[str]:
    """Where a list and Kubernetes' own description of the type differ."""
    described = fields(model)
    for name in sorted(described.keys() | listed.keys()):
        where, treatment = f"{path}.{name}", listed.get(name)
        if name not in described:
            yield f"{where} is listed, and not in the API"
        elif treatment is None:
            yield f"{where} is in the API, and not listed"
        elif isinstance(treatment, Copied) and is_model(described[name]):
            if treatment.inside is None:
                yield f"{where} is copied with whatever it has inside"
            else:
                yield from differences(inner(described[name]), treatment.inside, where)


def test_every_field_that_a_pods_spec_can_have_is_listed() -> None:
    assert list(differences("V1PodSpec", POD_SPEC, "spec")) == []


def test_every_field_that_a_container_can_have_is_listed() -> None:
    assert list(differences("V1Container", CONTAINER, "container")) == []
    assert list(differences("V1EphemeralContainer", EPHEMERAL_CONTAINER, "container")) == []


def test_every_field_that_is_not_copied_has_its_reason() -> None:
    treatments = [treatment for treatment in POD_SPEC.values() if not isinstance(treatment, Copied)]
    assert all(treatment.why if isinstance(treatment, LeftOut) else treatment.by for treatment in treatments)
    assert {type(treatment) for treatment in treatments} == {LeftOut, Replaced}
