"""The resources of our own API group, by the names that K3k's users know."""

from kube.resources import Resource

GROUP, VERSION = "k3k.io", "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"

CLUSTERS = Resource(GROUP, VERSION, "clusters", "Cluster")
POLICIES = Resource(GROUP, VERSION, "virtualclusterpolicies", "VirtualClusterPolicy", namespaced=False)
