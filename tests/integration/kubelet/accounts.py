"""Users of a virtual cluster, with the rights that a test gives them."""

import base64
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.resources import SERVICE_ACCOUNTS, Resource
from node.kubelet.access_reviews import ACCESS_REVIEWS
from node.kubelet.bearer_tokens import TOKEN_REVIEWS
from sandbox.flags import ISSUER
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

    async def own_token(self, name: str, *, expires_in: int) -> str:
        """A token as the API server issues them; its own live for ten minutes at least."""
        account = await self.admin.get(SERVICE_ACCOUNTS, name, self.api.namespace)
        reference = {"name": name, "uid": account.uid}
        now = int(time.time())
        claims = {
            "aud": [ISSUER],
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{self.api.namespace}:{name}",
            "iat": now - 7200,
            "nbf": now - 7200,
            "exp": now + expires_in,
            "kubernetes.io": {"namespace": self.api.namespace, "serviceaccount": reference},
        }
        return signed({"alg": "ES256", "typ": "JWT"}, claims, key=self.api.server.certificates / "sa.key")

    async def is_known(self, token: str) -> bool:
        """Whether the API server itself would let its bearer in."""
        review = await self.admin.create(TOKEN_REVIEWS, {"spec": {"token": token}})
        return bool(review.decode("status").get("authenticated"))

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

    async def delete(self, name: str) -> None:
        """Delete an account; its rights stay."""
        await self.admin.delete(SERVICE_ACCOUNTS, name, self.api.namespace)

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


def signed(header: Mapping[str, str], claims: Mapping[str, Any], *, key: Path) -> str:
    """A JSON Web Token (RFC 7515), signed with an ECDSA key."""
    text = b".".join(_encoded(msgspec.json.encode(part)) for part in (header, claims))
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    numbers = decode_dss_signature(private.sign(text, ec.ECDSA(hashes.SHA256())))
    return b".".join([text, _encoded(b"".join(number.to_bytes(32, "big") for number in numbers))]).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@asynccontextmanager
async def accounts(api: Api) -> AsyncIterator[Accounts]:
    async with Client(await load_kubeconfig(api.kubeconfig), user_agent="test", field_manager="test") as admin:
        made = Accounts(admin, api)
        try:
            yield made
        finally:
            await made.remove()
