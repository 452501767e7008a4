"""How the controller gets into a virtual cluster: by authorities that it made or was given, at a server's address."""

from kube.certificates import KeyPair
from vk_provider.controller import pki
from vk_provider.controller.addresses import api_address
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.known import Known
from vk_provider.controller.names import Names
from vk_provider.controller.server_args import cluster_domain
from vk_provider.controller.virtual_objects import furniture
from vk_provider.controller.virtual_side import Target


def target(cluster: Cluster, known: Known, server: str) -> Target | None:
    """Return where to look; None while there is no server, or no authority yet."""
    files = known.files(Names(cluster.name, cluster.namespace).authorities)
    api = api_address(cluster, known)
    if not server or not files or not api:
        return None
    client_ca: KeyPair = pki.authority(files, pki.CLIENT_CA)
    return Target(
        name=f"{cluster.namespace}/{cluster.name}",
        server=server,
        server_ca=files[f"{pki.SERVER_CA}.crt"],
        client_ca=client_ca,
        node=cluster.name,
        furniture=furniture(api, cluster_domain(cluster.spec)),
    )
