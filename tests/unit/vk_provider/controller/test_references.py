from vk_provider.controller.cluster import Cluster
from vk_provider.controller.references import missing_secrets, secrets_in

CLUSTER = Cluster.read(
    {
        "metadata": {"name": "demo", "namespace": "shop"},
        "spec": {
            "tokenSecretRef": {"name": "token"},
            "addons": [{"secretRef": "addon"}],
            "secretMounts": [
                {"secretName": "mounted", "mountPath": "/m"},
                {"secretName": "maybe", "mountPath": "/o", "optional": True},
            ],
            "customCAs": {"enabled": True, "sources": {"serverCA": {"secretName": "ca"}}},
        },
    }
)


def test_all_secrets_that_a_spec_names() -> None:
    assert secrets_in(CLUSTER.spec) == {"token", "addon", "mounted", "maybe", "ca"}


def test_what_is_missing_is_told_with_its_field() -> None:
    assert missing_secrets(CLUSTER, {"token", "mounted"}) == [
        "spec.addons[0].secretRef: there is no Secret addon in namespace shop; create it",
        "spec.customCAs.sources.serverCA.secretName: there is no Secret ca in namespace shop; create it",
    ]


def test_authorities_that_are_switched_off_are_not_looked_for() -> None:
    spec = {"customCAs": {"enabled": False, "sources": {"serverCA": {"secretName": "ca"}}}}
    assert secrets_in(Cluster.read({"metadata": {"name": "demo"}, "spec": spec}).spec) == frozenset()
