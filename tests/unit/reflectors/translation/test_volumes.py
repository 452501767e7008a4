from reflectors.translation.volumes import plain_spec
from tests.unit.reflectors.translation.pods import pod


def test_a_generic_ephemeral_volume_is_the_claim_that_the_virtual_cluster_makes_of_it() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    virtual = pod({"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]})
    assert plain_spec(virtual)["volumes"] == [
        {"name": "scratch", "persistentVolumeClaim": {"claimName": "web-scratch"}}
    ]


def test_other_volumes_stay_as_they_are() -> None:
    volumes = [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "b"}}]
    assert plain_spec(pod({"volumes": volumes}))["volumes"] == volumes
    assert "volumes" not in plain_spec(pod())
