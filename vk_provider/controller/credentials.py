"""The Secrets of a virtual cluster: token, authorities, and the kubeconfigs and certificates signed with them.

Promises: what exists is kept byte for byte as long as it does; nothing is read but from the Cluster's own namespace.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from kube.certificates import KeyPair, Subject
from reflectors.translation.json_values import Draft
from vk_provider.controller import pki
from vk_provider.controller.addresses import API_PORT, api_address, server_url
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.known import Known
from vk_provider.controller.kubeconfig import FILE, client_of, kubeconfig
from vk_provider.controller.names import Names
from vk_provider.controller.objects import secret
from vk_provider.controller.provider_objects import CERTIFICATE, CLIENT_CA, KEY

TOKEN = "token"  # noqa: S105 - the key in its Secret
ADMIN = Subject("system:admin", ("system:masters",))
PROVIDER = Subject("k3k.io:provider")
Files = Mapping[str, bytes]


def token_secret(cluster: Cluster, names: Names, known: Known) -> Draft:
    """Return the Secret that servers join by, and that encrypts what they share: it never changes."""
    token = known.files(names.token).get(TOKEN) or secrets.token_hex(16).encode()
    return secret(cluster, names.token, {TOKEN: token})


def authorities_secret(cluster: Cluster, names: Names, known: Known, now: datetime) -> Draft:
    files = known.files(names.authorities) or pki.new_authorities(names.servers, now)
    return secret(cluster, names.authorities, files)


def admin_secret(cluster: Cluster, names: Names, known: Known, files: Files, now: datetime) -> Draft:
    """Return the tenant's kubeconfig; `files` are the authorities."""
    current = client_of(known.files(names.kubeconfig).get(FILE))
    url = server_url(api_address(cluster, known), API_PORT)
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


def _kubeconfig(current: KeyPair | None, url: str, who: Subject, files: Files, now: datetime) -> bytes:
    wanted = pki.Wanted(subject=who, usages=("client",))
    client = pki.keep_or_issue(current, pki.authority(files, pki.CLIENT_CA), wanted, now)
    return kubeconfig(url, files[f"{pki.SERVER_CA}.crt"], client)


def _pair(files: Files) -> KeyPair | None:
    return KeyPair(files[CERTIFICATE], files[KEY]) if files.keys() >= {CERTIFICATE, KEY} else None
