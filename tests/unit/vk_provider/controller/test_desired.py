"""One Cluster, and all that is made of it."""

from tests.first_answers import demo, settled
from vk_provider.controller.addresses import dns_service

SHARED = {
    ("Secret", "k3k-demo-token"),
    ("Secret", "k3k-demo-authorities"),
    ("Secret", "k3k-demo-server-config"),
    ("Secret", "k3k-demo-provider"),
    ("Secret", "k3k-demo-kubeconfig"),
    ("ConfigMap", "k3k-demo-sync"),
    ("Service", "k3k-demo-service"),
    ("Service", "k3k-demo-service-headless"),
    ("Service", "k3k-demo-provider"),
    ("NetworkPolicy", "k3k-demo"),
    ("Service", dns_service(demo())),
    ("ServiceAccount", "k3k-demo-provider"),
    ("RoleBinding", "k3k-demo-provider"),
    ("Deployment", "k3k-demo-provider"),
    ("StatefulSet", "k3k-demo-server"),
}


def test_a_shared_cluster_is_these_objects() -> None:
    known, _ = settled(demo())
    assert set(known.objects) == SHARED


def test_nothing_changes_when_asked_again() -> None:
    known, answer = settled(demo())
    _, again = settled(demo(), before=known)
    assert again == answer
