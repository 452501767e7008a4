"""What the controller finds out about the host cluster before it does anything: version, ranges of addresses."""

import re
from collections.abc import Iterable
from contextlib import suppress

from kube.client import Client
from kube.discovery import Discovery
from kube.errors import Forbidden, Invalid, NotFound
from kube.objects import Object
from kube.resources import NODES, PODS, SERVICES
from vk_provider.controller.installation import Installation
from vk_provider.controller.settings import ControllerSettings
from vk_provider.settings import SettingsError

CONTAINER = "controller"  # of the controller's pods
# As the API server refuses an address: ... The range of valid IPs is 10.43.0.0/16
_RANGE = re.compile(r"valid IPs is ([0-9a-f.:]+/\d+)")
_NOBODYS_ADDRESS = "0.0.0.1"


async def look_at_host(client: Client, settings: ControllerSettings) -> Installation:
    """Ask the host cluster; raises ApiError, and SettingsError where only a setting can help."""
    version = await _version(client)
    return Installation(
        provider_image=settings.provider_image or await _own_image(client, settings),
        provider_replicas=settings.provider_replicas,
        server_image=settings.server_image,
        image_pull_policy=settings.image_pull_policy,
        image_pull_secrets=settings.image_pull_secrets,
        host_version=version,
        service_cidr=settings.service_cidr or await _service_cidr(client, settings),
        pod_cidrs=settings.pod_cidrs or await _pod_cidrs(client),
    )


def range_in(refusal: str) -> str:
    """Return the range of Service addresses that an API server names when it refuses one; empty if it names none."""
    found = _RANGE.search(refusal)
    return found[1] if found else ""


def pod_ranges(nodes: Iterable[Object]) -> tuple[str, ...]:
    """Return the Nodes' ranges of pod addresses, each once, in a fixed order."""
    specs = [node.decode("spec") or {} for node in nodes]
    return tuple(sorted({cidr for spec in specs for cidr in spec.get("podCIDRs") or [spec.get("podCIDR")] if cidr}))


def image_of(pod: Object) -> str:
    """Return the image of a controller's pod, whatever else was put into the pod."""
    containers = (pod.decode("spec") or {})["containers"]
    ours = [each for each in containers if each["name"] == CONTAINER]
    return str((ours or containers)[0]["image"])


async def _own_image(client: Client, settings: ControllerSettings) -> str:
    """Return the image of the pod that this runs in: who changes it in a Deployment means the providers too."""
    try:
        return image_of(await client.get(PODS, settings.pod, settings.lease_namespace))
    except (Forbidden, NotFound) as error:
        raise SettingsError([f"--pod: {error.message}; give --provider-image"]) from error


async def _version(client: Client) -> str:
    return (await client.read("/version")).decode("gitVersion", str) or ""


async def _service_cidr(client: Client, settings: ControllerSettings) -> str:
    kind = await Discovery(client).best("networking.k8s.io", "ServiceCIDR")
    if kind is not None:
        with suppress(Forbidden, NotFound):
            return str((await client.get(kind, "kubernetes")).decode("spec")["cidrs"][0])
    namespace = settings.namespaces[0] if settings.namespaces else settings.lease_namespace
    found = range_in(await _refusal(client, namespace))
    if not found:
        what = "the host cluster does not say which addresses its Services have"
        advice = "give what its API server has as --service-cluster-ip-range"
        raise SettingsError([f"--service-cidr: {what}; {advice}"])
    return found


async def _refusal(client: Client, namespace: str) -> str:
    """Ask for an address that no Service can have; not as a dry run, in which old API servers allocate nothing."""
    body = {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {"generateName": "vk-provider-", "namespace": namespace},
        "spec": {"clusterIP": _NOBODYS_ADDRESS, "ports": [{"port": 443}]},
    }
    try:
        await client.create(SERVICES, body)
    except Invalid as error:
        return error.message
    except (Forbidden, NotFound):
        return ""
    return ""


async def _pod_cidrs(client: Client) -> tuple[str, ...]:
    try:
        return pod_ranges((await client.list(NODES)).objects)
    except Forbidden:
        return ()
