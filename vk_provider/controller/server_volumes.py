"""What a server's pod has on disk: its data, its configuration, and what the spec puts there besides."""

from collections.abc import Iterator

from reflectors.translation.json_values import Draft
from vk_provider.controller.cluster import Cluster, SecretMount
from vk_provider.controller.k3s_config import DATA_DIR
from vk_provider.controller.names import Names, labels
from vk_provider.controller.objects import owner, without_nothing
from vk_provider.controller.pki import AUTHORITIES, SERVICE_KEY

AUTHORITIES_DIR, CONFIG_SOURCE_DIR = "/authorities", "/config"
MANIFESTS_DIR = f"{DATA_DIR}/server/manifests"
DATA_VOLUME = "varlibrancherk3s"
_SCRATCH = {"rancher": "/etc/rancher", "run": "/run", "log": "/var/log", "tmp": "/tmp"}  # noqa: S108 - the pod's own
OURS = (DATA_DIR, *_SCRATCH.values())  # where something of our own is mounted


def volumes(cluster: Cluster, names: Names) -> list[Draft]:
    found: list[Draft] = [
        {"name": "authorities", "secret": {"secretName": names.authorities, "items": _authority_files()}},
        {"name": "config", "secret": {"secretName": names.server_config}},
        *({"name": name, "emptyDir": {}} for name in _SCRATCH),
        *({"name": name, "secret": {"secretName": secret}} for name, secret in _addons(cluster)),
        *(_given(name, mount) for name, mount in _mounts(cluster)),
    ]
    is_kept = cluster.spec.persistence.type == "dynamic"
    return found if is_kept else [*found, {"name": DATA_VOLUME, "emptyDir": {}}]


def preparing_mounts() -> list[Draft]:
    """Return what the init container sees: what it copies from, and where to."""
    sources = {"authorities": AUTHORITIES_DIR, "config": CONFIG_SOURCE_DIR}
    return [*({"name": name, "mountPath": path, "readOnly": True} for name, path in sources.items()), *_writable()]


def server_mounts(cluster: Cluster) -> list[Draft]:
    """Return what K3s sees. It follows changes of addons by itself."""
    addons = [
        {"name": name, "mountPath": f"{MANIFESTS_DIR}/{secret}", "readOnly": True} for name, secret in _addons(cluster)
    ]
    given = [
        without_nothing({"name": name, "mountPath": mount.mount_path, "subPath": mount.sub_path, "readOnly": True})
        for name, mount in _mounts(cluster)
    ]
    return [*_writable(), *addons, *given]


def addon_secrets(cluster: Cluster) -> list[str]:
    """Return the names of the addons' Secrets, each once."""
    return list(dict.fromkeys(addon.secret_ref for addon in cluster.spec.addons))


def claim(cluster: Cluster) -> Draft:
    """Return the template of a server's claim; it goes with the Cluster, whatever version the host has."""
    persistence = cluster.spec.persistence
    spec: Draft = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": persistence.storage_request_size}},
    }
    if persistence.storage_class_name is not None:
        spec["storageClassName"] = persistence.storage_class_name
    metadata = {"name": DATA_VOLUME, "labels": labels(cluster.name), "ownerReferences": [owner(cluster)]}
    return {"metadata": metadata, "spec": spec}


def _writable() -> list[Draft]:
    return [{"name": name, "mountPath": path} for name, path in {DATA_VOLUME: DATA_DIR, **_SCRATCH}.items()]


def _authority_files() -> list[Draft]:
    """Return which file of the authorities' Secret lies where in K3s' folder."""
    keys = [f"{name}.{end}" for name in AUTHORITIES for end in ("crt", "key")]
    return [{"key": key, "path": key.replace("etcd-", "etcd/", 1)} for key in [*keys, SERVICE_KEY]]


def _addons(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Yield volume and Secret."""
    return ((f"addon-{number}", secret) for number, secret in enumerate(addon_secrets(cluster)))


def _mounts(cluster: Cluster) -> Iterator[tuple[str, SecretMount]]:
    """Yield volume and mount of those that are for servers; here there are no other machines."""
    mounts = (mount for mount in cluster.spec.secret_mounts if mount.role in ("", "all", "server"))
    return ((f"given-{number}", mount) for number, mount in enumerate(mounts))


def _given(name: str, mount: SecretMount) -> Draft:
    fields = {"secretName": mount.secret_name, "items": mount.items}
    modes = {"defaultMode": mount.default_mode, "optional": mount.optional}
    return {"name": name, "secret": without_nothing(fields) | {k: v for k, v in modes.items() if v is not None}}
