"""What containers find of their ConfigMaps, Secrets and service account tokens, in a real kubelet's hands."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from reflectors.translation.host_names import Origin, host_name
from reflectors.translation.tokens import KIND, LIVES
from tests.e2e.tenants import Tenant, condition, container

API_ACCESS = "/var/run/secrets/kubernetes.io/serviceaccount"
READS_ITSELF = """
for access in /var/run/secrets/kubernetes.io/serviceaccount /own; do
  curl -sSf --cacert $access/ca.crt -H "Authorization: Bearer $(cat $access/token)" \\
    https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/$(cat $access/namespace)/pods/reader |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["metadata"]["uid"])'
done
"""
IS_RENEWED = """
before=$(cat /own/token)
while [ "$before" = "$(cat /own/token)" ]; do sleep 0.2; done
curl -sSf --cacert /own/ca.crt -H "Authorization: Bearer $(cat /own/token)" -o /dev/null -w '%{http_code}' \\
  https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/$(cat /own/namespace)/pods
"""
OWN_ACCESS = {  # as newer API servers add it to every pod
    "sources": [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
}

pytestmark = pytest.mark.usefixtures("converged")


def test_variables_and_files_are_those_of_the_virtual_cluster(tenant: Tenant) -> None:
    tenant.virtual("create", "configmap", "settings", "--from-literal=color=blue", "--from-literal=app.ini=size=7")
    tenant.virtual("create", "secret", "generic", "keys", "--from-literal=key=s3cret")
    tenant.create(
        "configured",
        container(
            "echo $COLOR $key $(cat /settings/app.ini) $(cat /all/key) $(cat /all/name)",
            env=[_from("configMapKeyRef", "COLOR", "settings", "color")],
            envFrom=[{"secretRef": {"name": "keys"}}],
            volumeMounts=[{"name": name, "mountPath": f"/{name}"} for name in ("settings", "all")],
        ),
        restartPolicy="Never",
        volumes=[
            {"name": "settings", "configMap": {"name": "settings"}},
            {
                "name": "all",
                "projected": {
                    "sources": [
                        {"secret": {"name": "keys"}},
                        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                    ]
                },
            },
        ],
    )
    tenant.virtual.wait_for("jsonpath={.status.phase}=Succeeded", "pod/configured")
    assert tenant.virtual("logs", "configured") == "blue s3cret size=7 s3cret configured\n"


def test_a_pod_reads_itself_from_its_api_server_with_its_tokens_and_certificates(tenant: Tenant) -> None:
    _let_pods_read(tenant)
    tenant.create(
        "reader",
        container(READS_ITSELF, volumeMounts=[{"name": "own", "mountPath": "/own"}]),
        restartPolicy="Never",
        volumes=[{"name": "own", "projected": OWN_ACCESS}],
    )
    tenant.virtual.wait_for("jsonpath={.status.phase}=Succeeded", "pod/reader")
    uid = tenant.pod("reader")["metadata"]["uid"]
    assert tenant.virtual("logs", "reader") == f"{uid}\n{uid}\n"
    mounts = tenant.host_pod("reader")["spec"]["containers"][0]["volumeMounts"]
    assert sorted(each["mountPath"] for each in mounts) == ["/own", API_ACCESS]


def test_a_container_finds_a_new_token_in_the_file_when_the_old_one_is_due(tenant: Tenant) -> None:
    _let_pods_read(tenant)
    own = {"name": "own", "mountPath": "/own"}
    tenant.run(
        "renewed",
        container(IS_RENEWED, volumeMounts=[own]),
        restartPolicy="Never",
        volumes=[{"name": "own", "projected": OWN_ACCESS}],
    )
    origin = Origin(KIND, tenant.cluster.namespace, tenant.cluster.name, tenant.namespace, "renewed")
    before = tenant.host.get("secret", host_name(origin))["data"]
    lives = json.dumps({key: [0, 3600] for key in before})  # as if they had been given long ago
    tenant.host("annotate", "--overwrite", "secret", host_name(origin), f"{LIVES}={lives}")
    tenant.eventually("new tokens", lambda: tenant.host.get("secret", host_name(origin))["data"] != before)
    tenant.virtual("annotate", "pod", "renewed", "look=again")  # a kubelet does so each minute
    tenant.virtual.wait_for("jsonpath={.status.phase}=Succeeded", "pod/renewed")
    assert tenant.virtual("logs", "renewed") == "200"


def test_what_is_missing_is_told_in_the_tenants_words_and_found_when_it_appears(tenant: Tenant) -> None:
    tenant.create(
        "early", container("echo $COLOR; sleep 3600", env=[_from("configMapKeyRef", "COLOR", "late", "color")])
    )
    missing = {"reason": "CreateContainerConfigError", "message": 'configmap "late" not found'}
    tenant.eventually("the reason", lambda: _waiting(tenant, "early") == missing)
    tenant.eventually("the event", lambda: 'configmap "late" not found' in tenant.events("early").get("Failed", ""))
    assert condition(tenant.pod("early"), "Ready")["status"] == "False"
    tenant.virtual("create", "configmap", "late", "--from-literal=color=green")
    tenant.wait_ready("early")
    assert tenant.virtual("logs", "early") == "green\n"


def test_an_optional_secret_that_appears_later_is_there_at_the_next_start(tenant: Tenant) -> None:
    optional = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "maybe", "key": "key", "optional": True}}}
    tenant.create("patient", container('echo "key: $KEY"; [ -n "$KEY" ] && exec sleep 3600; sleep 2', env=[optional]))
    tenant.eventually("its first words", lambda: b"key: \n" in tenant.virtual.run("logs", "patient").stdout)
    tenant.virtual("create", "secret", "generic", "maybe", "--from-literal=key=s3cret")
    tenant.eventually("the key", lambda: b"key: s3cret" in tenant.virtual.run("logs", "patient").stdout)


def _let_pods_read(tenant: Tenant) -> None:
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": tenant.namespace}],
    }
    tenant.virtual.apply(binding)


def _from(kind: str, variable: str, name: str, key: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {kind: {"name": name, "key": key}}}


def _waiting(tenant: Tenant, name: str) -> Mapping[str, str]:
    statuses = tenant.pod(name)["status"].get("containerStatuses", [{"state": {}}])
    waiting: Mapping[str, str] = statuses[0]["state"].get("waiting", {})
    return waiting
