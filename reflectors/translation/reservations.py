"""Host objects that are made before the virtual objects that they are for, so that both sides know what they got.

The virtual cluster's DNS needs its address before there is an API server to ask for one: the host allocates it with
this Service. The reflector takes it over when the virtual Service appears, and never deletes it.
"""

from reflectors.translation.host_names import Origin, host_name, label_value
from reflectors.translation.json_values import Draft
from reflectors.translation.metadata import CLUSTER_LABEL, NAME, NAMESPACE, NAMESPACE_LABEL, RESERVED, UID

DNS_NAMESPACE, DNS_NAME = "kube-system", "kube-dns"
_NOBODY_YET = "reserved"
_PORTS = (("dns", "UDP"), ("dns-tcp", "TCP"))


def reserved_dns_service(cluster: str, host_namespace: str) -> Draft:
    """Return the host Service of a virtual cluster's `kube-system/kube-dns`, for the host to give it an address."""
    labels = {CLUSTER_LABEL: label_value(cluster), NAMESPACE_LABEL: DNS_NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": host_name(Origin("Service", host_namespace, cluster, DNS_NAMESPACE, DNS_NAME)),
            "namespace": host_namespace,
            "labels": labels,
            "annotations": {NAMESPACE: DNS_NAMESPACE, NAME: DNS_NAME, UID: _NOBODY_YET, RESERVED: "true"},
        },
        "spec": {
            "selector": {"k8s-app": DNS_NAME, **labels},
            "ports": [{"name": name, "port": 53, "protocol": protocol} for name, protocol in _PORTS],
        },
    }
