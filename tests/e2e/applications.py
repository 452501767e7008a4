"""Manifests as charts write them (`manifests/`), and what their users do with them."""

from pathlib import Path
from typing import Any

import yaml

from tests.e2e.tenants import Tenant
from tests.made_cluster import Server

MANIFESTS = Path(__file__).parent / "manifests"
CURL = "curl -sS --retry 9 --retry-all-errors --retry-delay 1"  # a proxy may learn of a Ready pod a moment later
CRON_JOBS_SINCE = (1, 21)  # in batch/v1


def apply(tenant: Tenant, *names: str) -> None:
    tenant.virtual.apply(*(each for name in names for each in _objects(name, tenant.cluster.virtual)))


def delete(tenant: Tenant, name: str) -> None:
    objects = yaml.safe_dump_all(_objects(name, tenant.cluster.virtual)).encode()
    tenant.virtual("delete", "-f", "-", stdin=objects)


def rolled_out(tenant: Tenant, *names: str) -> None:
    for name in names:
        tenant.virtual("rollout", "status", name, "--timeout=90s")


def run_in(tenant: Tenant, target: str, script: str) -> str:
    return tenant.virtual("exec", target, "--", "sh", "-ec", script)


def _objects(name: str, server: Server) -> list[Any]:
    objects = list(yaml.safe_load_all((MANIFESTS / f"{name}.yaml").read_text()))
    if server.version < CRON_JOBS_SINCE:
        for each in objects:
            if each["kind"] == "CronJob":
                each["apiVersion"] = "batch/v1beta1"
    return objects
