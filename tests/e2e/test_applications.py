"""Applications as their charts write them, in a virtual cluster: nothing in them knows where it runs."""

from typing import Any

import pytest

from tests.e2e.applications import CURL, apply, rolled_out, run_in
from tests.e2e.tenants import Tenant

ORDERS = "psql -U shop orders -Atc 'SELECT item FROM orders ORDER BY id'"
BOTH = "bread\nbutter\n"

pytestmark = pytest.mark.usefixtures("started", "converged")


@pytest.fixture(scope="module")
def started(application_images: None, tenant: Tenant) -> None:  # noqa: ARG001 - what they need
    """All of them at once: while one is looked at, another starts."""
    apply(tenant, "shop", "database", "jobs", "controller")


def test_a_web_application_and_its_worker_work_through_redis(tenant: Tenant) -> None:
    rolled_out(tenant, "deployment/shop-redis", "deployment/shop-web", "deployment/shop-worker")
    assert run_in(tenant, "deployment/shop-web", f"{CURL} -d bread http://shop-web") == "hello bread"
    tenant.virtual.wait_for_log("deployment/shop-worker", "done bread 1")
    elsewhere = f"http://shop-web.{tenant.namespace}.svc.cluster.local"
    assert run_in(tenant, "deployment/shop-worker", f"{CURL} {elsewhere}") == "1 done"


def test_a_database_keeps_what_a_hook_wrote_when_its_pod_is_replaced(tenant: Tenant) -> None:
    apply(tenant, "migration")
    rolled_out(tenant, "statefulset/db")
    tenant.virtual.wait_for("condition=complete", "job/db-migration")
    before = tenant.pod("db-0")
    assert run_in(tenant, "db-0", ORDERS) == BOTH
    tenant.virtual("delete", "job", "db-migration")  # its policy is hook-succeeded
    tenant.virtual("delete", "pod", "db-0")
    rolled_out(tenant, "statefulset/db")
    assert tenant.pod("db-0")["metadata"]["uid"] != before["metadata"]["uid"]
    tenant.eventually("the same by its name", lambda: _orders_by_name(tenant) == BOTH)
    claim = tenant.virtual.get("pvc", "data-db-0")
    assert claim["status"]["phase"] == "Bound"
    assert claim["spec"]["volumeName"] in tenant.events("data-db-0")["ProvisioningSucceeded"]
    assert not _of_job(tenant, "db-migration")


def test_a_controller_lists_and_watches_the_cluster_that_it_is_in(tenant: Tenant) -> None:
    for name in ("first", "second"):
        tenant.virtual.apply(_to_be_copied(name))
        tenant.virtual.wait_for_log("deployment/copier", f"copied {name}")
    assert tenant.virtual.get("configmap", "copy-of-second")["data"] == {"named": "second"}


def test_a_job_completes_with_its_configuration_and_a_cron_job_begins_one_every_minute(tenant: Tenant) -> None:
    tenant.virtual.wait_for("condition=complete", "job/batch")
    said = tenant.virtual("logs", "--selector=job-name=batch")
    assert said == f"nightly in {tenant.namespace}\n" * 3
    tenant.eventually("a report", lambda: _over(tenant, "report"))
    assert "nightly by report\n" in tenant.virtual("logs", _over(tenant, "report")[0])


def _orders_by_name(tenant: Tenant) -> str:
    by_name = f'PGHOST=db-0.db-hl PGCONNECT_TIMEOUT=5 PGPASSWORD="$POSTGRES_PASSWORD" {ORDERS}'
    return tenant.virtual.run("exec", "db-0", "--", "sh", "-ec", by_name).stdout.decode()


def _to_be_copied(name: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"copy": "please"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"named": name}}


def _of_job(tenant: Tenant, name: str) -> list[Any]:
    return [each for each in tenant.pods() if each["metadata"].get("labels", {}).get("job-name") == name]


def _over(tenant: Tenant, app: str) -> list[str]:
    """The names of the app's pods that have done their work."""
    succeeded = [each["metadata"] for each in tenant.pods() if each["status"].get("phase") == "Succeeded"]
    return [each["name"] for each in succeeded if each["labels"].get("app") == app]
