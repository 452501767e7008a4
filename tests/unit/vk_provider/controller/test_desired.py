"""One Cluster, and all that is made of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import yaml
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import first_answers
from tests.first_answers import HOST, NOW, Objects, demo, everything, settled, with_status
from vk_provider.controller.addresses import dns_service
from vk_provider.controller.cluster import Expose, IngressExposure, Persistence, Ports, Status
from vk_provider.controller.desired import Desired, desired
from vk_provider.controller.known import Known
from vk_provider.controller.kubeconfig import client_of
from vk_provider.provider.settings import ProviderSettings

GIVEN = Known({}, first_answers.given())
# With authorities, which take long to make.
KEYS = ("Secret", "k3k-demo-authorities")
BEGUN = Known({KEYS: settled(demo())[0].objects[KEYS]}, GIVEN.secrets)
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
    ("Service", dns_service(demo())),
    ("NetworkPolicy", "k3k-demo"),
    ("NetworkPolicy", "k3k-demo-closed"),
    ("ServiceAccount", "k3k-demo-provider"),
    ("RoleBinding", "k3k-demo-provider"),
    ("Deployment", "k3k-demo-provider"),
    ("StatefulSet", "k3k-demo-server"),
}
EXPOSURES = [
    Expose(),
    Expose(node_port=Ports()),
    Expose(load_balancer=Ports()),
    Expose(load_balancer=Ports(server_port=8443)),
    Expose(ingress=IngressExposure()),
]
FIELDS = {**everything(), "cluster_dns": "10.43.0.99"}
SPECS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.just(value) for name, value in FIELDS.items() if value},
        "servers": st.integers(1, 5),
        "expose": st.sampled_from(EXPOSURES),
        "persistence": st.sampled_from([Persistence(), Persistence(type="ephemeral")]),
    },
)
# Certificates are made for each example, which takes its time on a busy machine.
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_a_shared_cluster_is_these_objects() -> None:
    known, _ = settled(demo())
    assert set(known.objects) == SHARED


@few
@given(SPECS)
def test_nothing_changes_when_asked_again(spec: dict[str, Any]) -> None:
    known, answer = settled(demo(**spec), before=BEGUN)
    assert desired(demo(**spec), known, HOST, NOW) == answer
    assert answer.obsolete == []


@few
@given(SPECS, SPECS)
def test_it_comes_to_the_same_whatever_it_was_before(before: dict[str, Any], after: dict[str, Any]) -> None:
    known, _ = settled(demo(**before), before=BEGUN)
    changed, _ = settled(demo(**after), before=known)
    fresh, _ = settled(demo(**after), before=BEGUN)
    kept = {("Secret", "k3k-demo-token"), *(("Service", f"k3k-demo-server-{number}") for number in range(5))}
    assert changed.objects.keys() - kept == fresh.objects.keys() - kept


@few
@given(SPECS)
def test_everything_goes_with_its_cluster_and_is_told_by_its_label(spec: dict[str, Any]) -> None:
    known, _ = settled(demo(**spec), before=BEGUN)
    for (kind, _), body in known.objects.items():
        assert body["metadata"]["labels"].items() >= {"k3k.io/control-plane": "demo"}.items()
        if kind == "ClusterRoleBinding":
            continue
        assert body["metadata"]["namespace"] == "team"
        assert [owner["uid"] for owner in body["metadata"]["ownerReferences"]] == ["u1"]


@few
@given(SPECS)
def test_what_is_known_is_not_changed(spec: dict[str, Any]) -> None:
    known, _ = settled(demo(**spec), before=BEGUN)
    before = msgspec.json.encode([*known.objects.values(), *known.secrets.values()])
    desired(demo(**spec), known, HOST, NOW + timedelta(days=500))
    assert msgspec.json.encode([*known.objects.values(), *known.secrets.values()]) == before


def test_a_cluster_has_no_right_beyond_its_namespace_unless_it_asks_for_it() -> None:
    assert cluster_wide(settled(demo())[0]) == set()
    known, _ = settled(demo(sync={"storageClasses": {"enabled": True}}))
    assert cluster_wide(known) == {"k3k:team:demo:storage-classes"}
    known, _ = settled(demo(sync={"priorityClasses": {"enabled": True}}), before=known)
    assert cluster_wide(known) == {"k3k:team:demo:priority-classes"}


def test_others_objects_are_never_obsolete() -> None:
    known, _ = settled(demo())
    ingress = {"metadata": {"name": "k3k-demo-ingress", "namespace": "team", "ownerReferences": [{"uid": "other"}]}}
    bare = {"metadata": {"name": "k3k-demo-service-lb", "namespace": "team"}}
    objects: Objects = {**known.objects, ("Ingress", "k3k-demo-ingress"): ingress, ("Service", "bare"): bare}
    assert desired(demo(), Known(objects, {}), HOST, NOW).obsolete == []


@pytest.mark.parametrize("service", ["k3k-demo-service", dns_service(demo()), "k3k-demo-server-1"])
def test_a_service_that_somebody_deleted_gets_its_address_again(service: str) -> None:
    known, answer = settled(demo(servers=3))
    lost = Known({key: body for key, body in known.objects.items() if key != ("Service", service)}, {})
    healed, again = settled(demo(servers=3), before=lost)
    assert healed.cluster_ip(service) == known.cluster_ip(service)
    assert again == answer


def test_a_server_that_is_left_alone_keeps_its_etcd_whatever_is_deleted() -> None:
    three, _ = settled(demo(servers=3))
    one, answer = settled(demo(), before=three)
    lost = Known({key: body for key, body in one.objects.items() if key != ("Service", "k3k-demo-server-0")}, {})
    healed, again = settled(demo(), before=lost)
    assert healed.cluster_ip("k3k-demo-server-0") == three.cluster_ip("k3k-demo-server-0")
    assert again == answer


def test_without_an_address_nothing_is_made_that_needs_it() -> None:
    answer = desired(demo(), Known(), HOST, NOW)
    kinds = {body["kind"] for body in answer.objects}
    assert kinds == {"Service", "NetworkPolicy", "ServiceAccount", "RoleBinding", "ConfigMap", "Secret"}
    secrets = {body["metadata"]["name"] for body in answer.objects if body["kind"] == "Secret"}
    assert secrets == {"k3k-demo-token", "k3k-demo-authorities"}


def test_keys_are_made_once() -> None:
    known, _ = settled(demo())
    later, _ = settled(demo(servers=3, tls_sans=["a.example.com"]), before=known)
    for secret in ("k3k-demo-token", "k3k-demo-authorities", "k3k-demo-kubeconfig", "k3k-demo-provider"):
        assert later.files(secret) == known.files(secret)


def test_certificates_are_renewed_when_it_says_so_and_not_before() -> None:
    known, answer = settled(demo())
    assert answer.renew_at is not None
    early, _ = settled(demo(), before=known, now=answer.renew_at - timedelta(seconds=1))
    assert early == known
    renewed, again = settled(demo(), before=known, now=answer.renew_at)
    assert changed(known, renewed) == {("Secret", "k3k-demo-kubeconfig"), ("Secret", "k3k-demo-provider")}
    assert again.renew_at is not None
    assert again.renew_at > answer.renew_at
    assert expiry(known) > answer.renew_at + timedelta(days=100)


def test_servers_start_anew_before_the_certificates_of_k3s_are_over() -> None:
    known, _ = settled(demo())
    for days, renewal in ((0, "0"), (269, "0"), (270, "1"), (539, "1"), (540, "2")):
        answer = desired(demo(), known, HOST, NOW + timedelta(days=days))
        assert template(answer)["metadata"]["annotations"]["k3k.io/renewal"] == renewal
        assert answer.renew_at is not None
        assert NOW + timedelta(days=days) < answer.renew_at <= NOW + timedelta(days=270 * (int(renewal) + 1))


def test_a_load_balancers_address_is_in_the_certificate_and_starts_servers_anew() -> None:
    cluster = demo(expose=Expose(load_balancer=Ports()))
    known, before = settled(cluster)
    balanced = with_status(known, "Service", "k3k-demo-service", {"loadBalancer": {"ingress": [{"hostname": "lb.x"}]}})
    after_known, after = settled(cluster, before=balanced)
    config = yaml.safe_load(after_known.files("k3k-demo-server-config")["config.yaml"])
    assert "lb.x" in config["tls-san"]
    assert template(before) != template(after)


@pytest.mark.parametrize(
    ("asked_for", "running", "image"),
    [
        ("", "", "rancher/k3s:v1.31.4-k3s1"),
        ("v1.30.1+k3s2", "", "rancher/k3s:v1.30.1-k3s2"),
        ("", "v1.30.1-k3s2", "rancher/k3s:v1.30.1-k3s2"),
    ],
)
def test_servers_have_the_version(asked_for: str, running: str, image: str) -> None:
    cluster = msgspec.structs.replace(demo(version=asked_for), status=Status(version=running))
    spec = template(settled(cluster)[1])["spec"]
    assert {each["image"] for each in [*spec["containers"], *spec["initContainers"]]} == {image}


def test_the_provider_is_told_what_its_settings_are_called() -> None:
    settings = {field.replace("_", "-") for field in ProviderSettings.__struct_fields__}
    known, _ = settled(demo())
    container = known.spec("Deployment", "k3k-demo-provider")["template"]["spec"]["containers"][0]
    said = dict(argument.removeprefix("--").split("=", 1) for argument in container["args"])
    assert container["command"] == ["vkp", "provider"]
    assert said.keys() <= settings
    assert said["api-server"] == f"{known.cluster_ip('k3k-demo-service')}:443"
    assert said["kubelet-address"] == known.cluster_ip("k3k-demo-provider")


def test_a_new_provider_stands_by_before_the_old_one_ends() -> None:
    provider = settled(demo())[0].spec("Deployment", "k3k-demo-provider")
    assert provider["replicas"] == 1
    assert provider["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert "affinity" not in provider["template"]["spec"]
    assert "--lease-identity=$(POD_NAME)" in provider["template"]["spec"]["containers"][0]["args"]


def test_two_providers_are_kept_apart_unless_the_spec_says_where_they_go() -> None:
    two = replace(HOST, provider_replicas=2)
    provider = settled(demo(), host=two)[0].spec("Deployment", "k3k-demo-provider")
    [preferred] = provider["template"]["spec"]["affinity"]["podAntiAffinity"].values()
    assert provider["replicas"] == 2
    assert preferred[0]["podAffinityTerm"]["labelSelector"] == provider["selector"]
    known, _ = settled(demo(**everything()), host=two, before=GIVEN)
    assert list(known.spec("Deployment", "k3k-demo-provider")["template"]["spec"]["affinity"]) == ["podAffinity"]


def test_what_confines_the_control_plane_confines_the_tenants_pods_too() -> None:
    known, _ = settled(demo(node_selector={"pool": "tenants", "disk": "fast"}, priority_class="high"))
    arguments = known.spec("Deployment", "k3k-demo-provider")["template"]["spec"]["containers"][0]["args"]
    assert {"--host-node-selector=disk=fast,pool=tenants", "--host-priority-class=high"} <= set(arguments)


def test_both_kinds_of_pods_satisfy_the_strictest_standard() -> None:
    known, _ = settled(demo())
    for kind, name in (("Deployment", "k3k-demo-provider"), ("StatefulSet", "k3k-demo-server")):
        spec = known.spec(kind, name)["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_what_the_spec_says_of_pods_is_there() -> None:
    known, _ = settled(demo(**everything()), before=GIVEN)
    server = known.spec("StatefulSet", "k3k-demo-server")["template"]["spec"]
    provider = known.spec("Deployment", "k3k-demo-provider")["template"]["spec"]
    for pod in (server, provider):
        assert pod["nodeSelector"] == {"pool": "tenants"}
        assert pod["priorityClassName"] == "high"
        assert pod["runtimeClassName"] == "gvisor"
        assert pod["securityContext"]["supplementalGroups"] == [7]
        assert pod["containers"][0]["securityContext"]["runAsUser"] == 1234
    assert list(server["affinity"]) == ["nodeAffinity"]
    assert list(provider["affinity"]) == ["podAffinity"]
    assert {each["name"] for each in server["containers"][0]["env"]} >= {"A"}
    assert {each["name"] for each in provider["containers"][0]["env"]} >= {"C"}


def test_secrets_of_the_spec_are_mounted_where_it_says() -> None:
    known, _ = settled(demo(**everything()), before=GIVEN)
    spec = known.spec("StatefulSet", "k3k-demo-server")["template"]["spec"]
    secrets = {volume["name"]: volume.get("secret", {}).get("secretName") for volume in spec["volumes"]}
    places = {mount["mountPath"]: secrets.get(mount["name"]) for mount in spec["containers"][0]["volumeMounts"]}
    assert (
        places.items()
        >= {
            "/var/lib/rancher/k3s/server/manifests/addon": "addon",
            "/files": "files",
            "/other/x": "files",
        }.items()
    )
    assert "/agents" not in places


@pytest.mark.parametrize("kind", ["dynamic", "ephemeral"])
def test_data_is_on_a_claim_or_goes_with_the_pod(kind: str) -> None:
    known, _ = settled(demo(persistence=Persistence(type=kind, storage_request_size="3Gi")))
    spec = known.spec("StatefulSet", "k3k-demo-server")
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())]
    volumes = [volume["name"] for volume in spec["template"]["spec"]["volumes"]]
    assert claims == (["varlibrancherk3s"] if kind == "dynamic" else [])
    assert ("varlibrancherk3s" in volumes) is (kind == "ephemeral")


def test_own_authorities_sign_everything() -> None:
    known, _ = settled(demo(**everything()), before=GIVEN)
    assert known.files("k3k-demo-authorities") == first_answers.own_authorities()
    client = client_of(known.files("k3k-demo-kubeconfig")["kubeconfig.yaml"])
    assert client is not None
    issuer = x509.load_pem_x509_certificate(first_answers.own_authorities()["client-ca.crt"])
    x509.load_pem_x509_certificate(client.certificate).verify_directly_issued_by(issuer)


def test_the_providers_user_is_no_administrator() -> None:
    known, _ = settled(demo())
    client = client_of(known.files("k3k-demo-provider")["kubeconfig.yaml"])
    assert client is not None
    assert x509.load_pem_x509_certificate(client.certificate).subject.rfc4514_string() == "CN=k3k.io:provider"


def test_a_token_of_the_spec_is_nobody_elses_to_keep() -> None:
    known, _ = settled(demo(token_secret_ref=everything()["token_secret_ref"]), before=GIVEN)
    assert ("Secret", "k3k-demo-token") not in known.objects
    config = yaml.safe_load(known.files("k3k-demo-server-config")["config.yaml"])
    assert config.items() >= {"token": "abc"}.items()


def cluster_wide(known: Known) -> set[str]:
    return {name for kind, name in known.objects if kind == "ClusterRoleBinding"}


def changed(before: Known, after: Known) -> set[tuple[str, str]]:
    return {key for key in before.objects if before.objects[key] != after.objects[key]}


def expiry(known: Known) -> datetime:
    client = client_of(known.files("k3k-demo-kubeconfig")["kubeconfig.yaml"])
    assert client is not None
    return x509.load_pem_x509_certificate(client.certificate).not_valid_after_utc


def template(answer: Desired) -> Any:
    return next(body["spec"]["template"] for body in answer.objects if body["kind"] == "StatefulSet")
