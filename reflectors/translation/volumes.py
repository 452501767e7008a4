"""A pod's volumes as they are meant: what the virtual cluster makes of one is named."""

from reflectors.translation.json_values import Draft, Json, listed


def plain_spec(virtual: Json) -> Draft:
    """Return the pod's spec in plain volumes; what is not changed is shared with the pod."""
    spec = dict(virtual["spec"])
    volumes = [_claimed(volume, virtual["metadata"]["name"]) for volume in listed(spec, "volumes")]
    return spec | {"volumes": volumes} if volumes else spec


def _claimed(volume: Json, pod_name: str) -> Json:
    """Turn a generic ephemeral volume into the claim that the virtual cluster makes of it, called after pod and volume.

    Left as it is, the host would make another claim, which the tenant does not see.
    """
    if not volume.get("ephemeral"):
        return volume
    name = volume["name"]
    return {"name": name, "persistentVolumeClaim": {"claimName": f"{pod_name}-{name}"}}
