"""Secrets that people made and a spec names: what is taken from them, and what is wrong with them.

All are of the Cluster's own namespace: whoever may write a Cluster there need not be allowed to read others.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vk_provider.controller import pki
from vk_provider.controller.cluster import Cluster, CredentialSource
from vk_provider.controller.known import Known
from vk_provider.controller.membership import token_in_use
from vk_provider.controller.mistake import Mistake
from vk_provider.controller.names import Names

TOKEN = "token"  # noqa: S105 - the key in its Secret
_CERTIFICATE, _KEY = "tls.crt", "tls.key"
_MANIFEST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[-a-z0-9]+)*\.(yaml|yml|json)")
# What K3s itself has in that folder.
PACKAGED = ("ccm", "coredns", "local-storage", "metrics-server", "rolebindings", "runtimes", "traefik")
_SPACE = re.compile(r"\s")


def given_token(cluster: Cluster, known: Known) -> bytes | None:
    """Return the token that the spec names; None if it names none."""
    reference = cluster.spec.token_secret_ref
    if reference is None:
        return None
    return (known.given(reference.name) or {}).get(TOKEN, b"").strip()


def given_authorities(cluster: Cluster, known: Known) -> dict[str, bytes] | None:
    """Return the files that the spec names, as K3s calls them; None if it names none."""
    custom = cluster.spec.custom_cas
    if custom is None or not custom.enabled:
        return None
    files: dict[str, bytes] = {}
    for name, (_, source) in _authorities(cluster).items():
        given = known.given(source.secret_name) or {}
        files |= {f"{name}.crt": given.get(_CERTIFICATE, b""), f"{name}.key": given.get(_KEY, b"")}
    signer = known.given(custom.sources.service_account_token.secret_name) or {}
    return files | {pki.SERVICE_KEY: signer.get(_KEY, b"")}


def content_mistakes(cluster: Cluster, known: Known, now: datetime) -> list[Mistake]:
    """Return what is wrong with the Secrets that are there; whether they are, others look."""
    return [*_token(cluster, known), *_custom(cluster, known, now), *_addons(cluster, known)]


def _token(cluster: Cluster, known: Known) -> Iterator[Mistake]:
    reference = cluster.spec.token_secret_ref
    if reference is None or known.given(reference.name) is None:
        return
    in_use = token_in_use(known, Names(cluster.name, cluster.namespace))
    if in_use is not None and in_use != given_token(cluster, known):
        yield Mistake(
            "spec.tokenSecretRef",
            f"Secret {reference.name}: the token is not the one that the servers began with, which encrypts what they "
            "keep; put that one back",
        )
        return
    token = (given_token(cluster, known) or b"").decode(errors="replace")
    where, secret = "spec.tokenSecretRef", f"Secret {reference.name}"
    if not token:
        yield Mistake(where, f"{secret} has no key {TOKEN}; put the token there")
    elif not token.isprintable() or _SPACE.search(token):
        yield Mistake(where, f"{secret}: the token has white space or characters that cannot be printed; remove them")
    elif token.startswith("K10"):
        yield Mistake(where, f"{secret}: give the password alone, which stands behind the last colon of the token")


def _authorities(cluster: Cluster) -> Mapping[str, tuple[str, CredentialSource]]:
    """Return field and source of each authority, by the name of its file."""
    custom = cluster.spec.custom_cas
    if custom is None or not custom.enabled:
        return {}
    sources = custom.sources
    return {
        pki.SERVER_CA: ("serverCA", sources.server_ca),
        pki.CLIENT_CA: ("clientCA", sources.client_ca),
        pki.REQUEST_HEADER_CA: ("requestHeaderCA", sources.request_header_ca),
        pki.ETCD_SERVER_CA: ("etcdServerCA", sources.etcd_server_ca),
        pki.ETCD_PEER_CA: ("etcdPeerCA", sources.etcd_peer_ca),
    }


def _custom(cluster: Cluster, known: Known, now: datetime) -> Iterator[Mistake]:
    if known.files(Names(cluster.name, cluster.namespace).authorities):
        return  # they were taken, and what becomes of the Secrets has no effect any more
    for field, source in _authorities(cluster).values():
        given = known.given(source.secret_name)
        wrong = "" if given is None else pki.wrong_with_authority(given.get(_CERTIFICATE), given.get(_KEY), now)
        if wrong:
            yield Mistake(f"spec.customCAs.sources.{field}", f"Secret {source.secret_name}: {wrong}")
    custom = cluster.spec.custom_cas
    if custom is None or not custom.enabled:
        return
    name = custom.sources.service_account_token.secret_name
    signer = known.given(name)
    if signer is not None and not _is_key(signer.get(_KEY, b"")):
        yield Mistake(
            "spec.customCAs.sources.serviceAccountToken",
            f"Secret {name}: {_KEY} is no private key that can be read; put one there, PEM, without a passphrase",
        )


def _is_key(content: bytes) -> bool:
    try:
        load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _addons(cluster: Cluster, known: Known) -> Iterator[Mistake]:
    """Files of one name would take each other's place in the virtual cluster, whatever Secret they are from."""
    owners = dict.fromkeys(PACKAGED, "K3s")
    for number, addon in enumerate(cluster.spec.addons):
        where = f"spec.addons[{number}].secretRef"
        for file in sorted(known.given(addon.secret_ref) or {}):
            this, name = f"Secret {addon.secret_ref}, {file}", file.partition(".")[0]
            if not _MANIFEST.fullmatch(file):
                yield Mistake(
                    where, f"{this}: is no manifest's name; use a-z, 0-9 and '-', and end it with .yaml or .json"
                )
            elif owners.setdefault(name, this) != this:
                yield Mistake(where, f"{this}: {owners[name]} has a manifest {name} too; choose another name")
