"""The frame of each object that the controller makes: name, labels, and the Cluster as its owner."""

import base64
from collections.abc import Mapping
from typing import Any

from kube.owners import owner_reference
from reflectors.translation.json_values import Draft
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.names import labels
from vk_provider.controller.resources import CLUSTERS


def made_for(cluster: Cluster, api_version: str, kind: str, name: str, **content: Any) -> Draft:
    """Return an object in the Cluster's namespace, which is deleted with it."""
    metadata: Draft = {"name": name, "namespace": cluster.namespace, "labels": labels(cluster.name)}
    metadata["ownerReferences"] = [owner(cluster)]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def owner(cluster: Cluster) -> Draft:
    return owner_reference(CLUSTERS, cluster.name, cluster.uid, controller=True)


def secret(cluster: Cluster, name: str, files: Mapping[str, bytes]) -> Draft:
    data = {key: base64.b64encode(content).decode() for key, content in files.items()}
    return made_for(cluster, "v1", "Secret", name, type="Opaque", data=data)


def without_nothing(content: Mapping[str, Any]) -> Draft:
    """Return the fields that say something: no None, no empty list or object, no empty text."""
    return {key: value for key, value in content.items() if value is not None and value not in ({}, [], "")}
