"""The Secrets that a spec names: all of the Cluster's own namespace."""

from collections.abc import Container, Iterator

from vk_provider.controller.cluster import Cluster, CredentialSource, Spec

_SOURCES = {
    "serverCA": "server_ca",
    "clientCA": "client_ca",
    "requestHeaderCA": "request_header_ca",
    "etcdServerCA": "etcd_server_ca",
    "etcdPeerCA": "etcd_peer_ca",
    "serviceAccountToken": "service_account_token",
}


def secrets_in(spec: Spec) -> frozenset[str]:
    """Return the names of all Secrets that the spec names."""
    return frozenset(name for _, name, _ in _references(spec))


def missing_secrets(cluster: Cluster, present: Container[str]) -> list[str]:
    """Return what is to be said of Secrets that the Cluster cannot do without, and that are not there."""
    return [
        f"{field}: there is no Secret {name} in namespace {cluster.namespace}; create it"
        for field, name, optional in _references(cluster.spec)
        if not optional and name not in present
    ]


def _references(spec: Spec) -> Iterator[tuple[str, str, bool]]:
    """Yield field, name, and whether the Secret may be absent."""
    if spec.token_secret_ref is not None and spec.token_secret_ref.name:
        yield "spec.tokenSecretRef", spec.token_secret_ref.name, False
    for index, addon in enumerate(spec.addons):
        if addon.secret_ref:
            yield f"spec.addons[{index}].secretRef", addon.secret_ref, False
    for index, mount in enumerate(spec.secret_mounts):
        if mount.secret_name:
            yield f"spec.secretMounts[{index}].secretName", mount.secret_name, bool(mount.optional)
    if spec.custom_cas is not None and spec.custom_cas.enabled:
        for field, attribute in _SOURCES.items():
            source: CredentialSource = getattr(spec.custom_cas.sources, attribute)
            if source.secret_name:
                yield f"spec.customCAs.sources.{field}.secretName", source.secret_name, False
