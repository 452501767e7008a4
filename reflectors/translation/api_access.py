"""The volume through which a pod reaches its API server, as the virtual cluster's admission adds it to every pod.

What is in it (token, CA, namespace) is for the tokens' reflector to provide; until then a pod does without it, for it
did not ask for it.
"""

import re

from reflectors.translation.json_values import Draft, Json, listed, mapped
from reflectors.translation.paths import CONTAINER_LISTS

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"

_PROJECTED_NAME = "kube-api-access-"
_LEGACY_NAME = re.compile(r".+-token-[a-z0-9]{5}")  # before 1.21: a Secret volume named after the Secret


def without_api_access(spec: Json) -> Draft:
    """Return the pod's spec without the automatic volume and its mounts; the rest is shared with the original."""
    automatic = {volume["name"] for volume in listed(spec, "volumes") if _is_automatic(volume, spec)}
    if not automatic:
        return dict(spec)
    kept = [volume for volume in spec["volumes"] if volume["name"] not in automatic]
    containers = {
        field: [_without_mounts(container, automatic) for container in spec[field]]
        for field in CONTAINER_LISTS
        if spec.get(field)
    }
    return {**spec, "volumes": kept, **containers}


def _is_automatic(volume: Json, spec: Json) -> bool:
    looks_so = _is_projected_token(volume) or _is_legacy_token(volume)
    return looks_so and all(mount["mountPath"] == MOUNT_PATH for mount in _mounts(volume["name"], spec))


def _is_projected_token(volume: Json) -> bool:
    sources = listed(mapped(volume, "projected"), "sources")
    return volume["name"].startswith(_PROJECTED_NAME) and any(source.get("serviceAccountToken") for source in sources)


def _is_legacy_token(volume: Json) -> bool:
    secret = mapped(volume, "secret").get("secretName")
    return secret == volume["name"] and _LEGACY_NAME.fullmatch(secret) is not None


def _mounts(volume_name: str, spec: Json) -> list[Json]:
    return [
        mount
        for field in CONTAINER_LISTS
        for container in listed(spec, field)
        for mount in listed(container, "volumeMounts")
        if mount["name"] == volume_name
    ]


def _without_mounts(container: Json, volume_names: set[str]) -> Draft:
    mounts = [mount for mount in listed(container, "volumeMounts") if mount["name"] not in volume_names]
    return {**container, "volumeMounts": mounts}
