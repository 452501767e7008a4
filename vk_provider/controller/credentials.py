"""The Secrets of a virtual cluster: token, authorities, and the kubeconfigs and certificates signed with them.

Promises: what exists is kept byte for byte as long as it does; nothing is read but from the Cluster's own namespace.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from kube.certificates import KeyPair, Subject
from reflectors.translation.json_values import Draft
from vk_provider.controller import pki
from vk_provider.controller.addresses import API_PORT, api_address, server_url
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.exposure import endpoint
from vk_provider.controller.given_secrets import TOKEN, given_authorities
from vk_provider.controller.known import Known, contents
from vk_provider.controller.kubeconfig import FILE, client_of, kubeconfig
from vk_provider.controller.names import Names
from vk_provider.controller.objects import secret
from vk_provider.controller.provider_objects import CERTIFICATE, CLIENT_CA, KEY
from vk_provider.controller.virtual_objects import PROVIDER_USER

ADMIN = Subject("system:admin", ("system:masters",))
PROVIDER = Subject(PROVIDER_USER)
Files = Mapping[str, bytes]


def token(known: Known, names: Names) -> bytes:
    """Return what servers join by, and what encrypts that which they share: it never changes."""
    return known.files(names.token).get(TOKEN) or secrets.token_hex(16).encode()


def authorities_secret(cluster: Cluster, names: Names, known: Known, now: datetime) -> Draft:
    """Return the authorities: those that are there, or those that the spec names, or new ones."""
    files = (
        known.files(names.authorities) or given_authorities(cluster, known) or pki.new_authorities(names.servers, now)
    )
    return secret(cluster, names.authorities, files)


def admin_secret(cluster: Cluster, names: Names, known: Known, files: Files, now: datetime) -> Draft:
    """Return the tenant's kubeconfig; `files` are the authorities."""
    current = client_of(known.files(names.kubeconfig).get(FILE))
    url = endpoint(cluster, known, names)
    return secret(cluster, names.kubeconfig, {FILE: _kubeconfig(current, url, ADMIN, files, now)})


def provider_secret(cluster: Cluster, names: Names, known: Known, files: Files, now: datetime) -> Draft:
    """Return what the provider proves itself with, to both who asks it and whom it asks."""
    current = known.files(names.provider)
    address = known.cluster_ip(names.provider)
    wanted = pki.Wanted(
        subject=Subject(f"system:node:{cluster.name}", ("system:nodes",)),
        usages=("server",),
        names=(cluster.name, address),
    )
    serving = pki.keep_or_issue(_pair(current), pki.authority(files, pki.SERVER_CA), wanted, now)
    url = server_url(api_address(cluster, known), API_PORT)
    return secret(
        cluster,
        names.provider,
        {
            FILE: _kubeconfig(client_of(current.get(FILE)), url, PROVIDER, files, now),
            CERTIFICATE: serving.certificate,
            KEY: serving.key,
            CLIENT_CA: files[f"{pki.CLIENT_CA}.crt"],
        },
    )


def renewals(objects: Iterable[Draft]) -> Iterator[datetime]:
    """Yield when each of the certificates in these Secrets is to be renewed."""
    for body in objects:
        files = contents(body) if body["kind"] == "Secret" else {}
        client = client_of(files.get(FILE))
        if client is not None:
            yield pki.renewal(client.certificate)
        if CERTIFICATE in files:
            yield pki.renewal(files[CERTIFICATE])


def _kubeconfig(current: KeyPair | None, url: str, who: Subject, files: Files, now: datetime) -> bytes:
    wanted = pki.Wanted(subject=who, usages=("client",))
    client = pki.keep_or_issue(current, pki.authority(files, pki.CLIENT_CA), wanted, now)
    return kubeconfig(url, files[f"{pki.SERVER_CA}.crt"], client)


def _pair(files: Files) -> KeyPair | None:
    return KeyPair(files[CERTIFICATE], files[KEY]) if files.keys() >= {CERTIFICATE, KEY} else None
