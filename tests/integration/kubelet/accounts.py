"""Users of a virtual cluster, with the rights that a test gives them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.resources import SERVICE_ACCOUNTS, Resource
from node.kubelet.access_reviews import ACCESS_REVIEWS
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true

RBAC = "rbac.authorization.k8s.io"
CLUSTER_ROLES = Resource(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
REVIEWS = [
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
]


def rule(verbs: Sequence[str], *resources: str) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": resources, "verbs": verbs}


@dataclass
class Accounts:
    """ServiceAccounts in a namespace of a test's own; their ClusterRoles bear its name."""

    admin: Client
    api: Api
    _roles: list[str] = field(default_factory=list)

    async def token(self, name: str, *rules: dict[str, Any], audiences: Sequence[str] = ()) -> str:
        """A token of a new ServiceAccount that may do just that, everywhere; waits until it may."""
        await self.admin.create(SERVICE_ACCOUNTS, {"metadata": {"name": name}}, self.api.namespace)
        if rules:
            await self._allow(name, rules)
        return await self.another_token(name, audiences=audiences)

    async def another_token(self, name: str, *, audiences: Sequence[str] = ()) -> str:
        spec = {"audiences": audiences} if audiences else {}
        made = await self.admin.create(
            SERVICE_ACCOUNTS, {"spec": spec}, self.api.namespace, subresource="token", name=name
        )
        return str(made.decode("status")["token"])

    @asynccontextmanager
    async def client(self, name: str, *rules: dict[str, Any]) -> AsyncIterator[Client]:
        """A client that acts as such an account."""
        config = yaml.safe_load(self.api.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": await self.token(name, *rules)}
        kubeconfig = self.api.kubeconfig.with_name(f"{self.api.namespace}-{name}.yaml")
        kubeconfig.write_text(yaml.safe_dump(config))
        async with Client(await load_kubeconfig(kubeconfig), user_agent="test", field_manager="test") as client:
            kubeconfig.unlink()
            yield client

    async def revoke(self, name: str) -> None:
        await self.admin.delete(CLUSTER_ROLE_BINDINGS, f"{self.api.namespace}-{name}")

    async def remove(self) -> None:
        for role in self._roles:
            await self.admin.delete(CLUSTER_ROLES, role)

    async def _allow(self, name: str, rules: Sequence[dict[str, Any]]) -> None:
        role = f"{self.api.namespace}-{name}"
        self._roles.append(role)
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.api.namespace}
        await self.admin.create(CLUSTER_ROLES, {"metadata": {"name": role}, "rules": rules})
        reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
        body = {"metadata": {"name": role}, "subjects": [subject], "roleRef": reference}
        await self.admin.create(CLUSTER_ROLE_BINDINGS, body)
        await eventually_true(lambda: self._may(name, rules[-1]), f"{name} to have its rights")

    async def _may(self, name: str, rule: dict[str, Any]) -> bool:
        resource, _, subresource = rule["resources"][-1].partition("/")
        asked = {"verb": rule["verbs"][-1], "group": rule["apiGroups"][0], "resource": resource}
        user = f"system:serviceaccount:{self.api.namespace}:{name}"
        which = {"subresource": subresource, "name": rule.get("resourceNames", [""])[0]}
        spec = {"user": user, "resourceAttributes": {**asked, **which}}
        return bool((await self.admin.create(ACCESS_REVIEWS, {"spec": spec})).decode("status")["allowed"])


@asynccontextmanager
async def accounts(api: Api) -> AsyncIterator[Accounts]:
    async with Client(await load_kubeconfig(api.kubeconfig), user_agent="test", field_manager="test") as admin:
        made = Accounts(admin, api)
        try:
            yield made
        finally:
            await made.remove()
