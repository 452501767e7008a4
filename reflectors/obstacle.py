"""Why a kind cannot be reflected: its API, or a right, is missing."""

from kube.client import Client
from kube.errors import ApiError, Forbidden, NotFound
from kube.resources import Resource


async def found_obstacle(client: Client, resource: Resource, namespace: str | None = None) -> str:
    """Why objects of the kind cannot be seen; empty if they can, or if nobody knows at the moment."""
    path = resource.path(namespace)
    try:
        await client.request("GET", path, query=[("limit", "1")])
    except (Forbidden, NotFound) as error:
        return str(error)
    except ApiError:  # the informer is made to wait for better times
        pass
    return ""
