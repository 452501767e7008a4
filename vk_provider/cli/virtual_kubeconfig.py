"""The kubeconfig that the controller keeps for a Cluster's administrator, and the same for other ways to it."""

from base64 import b64decode
from typing import Any

import yaml
from yarl import URL

from kube.client import Client
from kube.errors import NotFound
from kube.objects import Object
from kube.resources import SECRETS
from vk_provider.cli.cluster_columns import phase, trouble
from vk_provider.cli.exits import Exit, Failure
from vk_provider.controller.kubeconfig import FILE
from vk_provider.controller.names import Names


async def read_kubeconfig(host: Client, cluster: Object) -> str:
    """Return its text; raises Failure when it is not there (yet)."""
    try:
        secret = await host.get(SECRETS, Names(cluster.name, cluster.namespace).kubeconfig, cluster.namespace)
    except NotFound as error:
        raise _not_there(cluster) from error
    encoded = (secret.decode("data") or {}).get(FILE)
    if not encoded:
        raise Failure(f"Secret {secret.namespace}/{secret.name}: the key {FILE} is missing")
    return b64decode(encoded).decode()


def served_at(text: str, server: str) -> str:
    """Return it for another host, or host and port, or URL, at which the same API is reached."""
    config = yaml.safe_load(text)
    for cluster in _clusters(config):
        old = URL(cluster["server"])
        new = URL(server if "://" in server else f"//{server}")
        if not new.host:
            raise Failure(f"{server!r} is neither HOST, HOST:PORT nor a URL", Exit.USAGE)
        cluster["server"] = str(old.with_host(new.host).with_port(new.explicit_port or old.port))
    return _dump(config)


def forwarded(text: str, port: int) -> str:
    """Return it for a forwarded port on this machine, where the server still has to show its own name."""
    config = yaml.safe_load(text)
    for cluster in _clusters(config):
        cluster["tls-server-name"] = cluster.get("tls-server-name") or URL(cluster["server"]).host
        cluster["server"] = f"https://127.0.0.1:{port}"
    return _dump(config)


def renamed(text: str, name: str) -> str:
    """Return it with one name for context, cluster and user, so that it can be merged with others."""
    config = yaml.safe_load(text)
    current = next(each for each in config["contexts"] if each["name"] == config["current-context"])
    old = current["context"]
    clusters = [each for each in config["clusters"] if each["name"] == old["cluster"]]
    users = [each for each in config["users"] if each["name"] == old["user"]]
    return _dump(
        {
            **config,
            "clusters": [{**each, "name": name} for each in clusters],
            "users": [{**each, "name": name} for each in users],
            "contexts": [{"name": name, "context": {**old, "cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def _clusters(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["cluster"] for entry in config["clusters"]]


def _dump(config: dict[str, Any]) -> str:
    return str(yaml.safe_dump(config, sort_keys=False))


def _not_there(cluster: Object) -> Failure:
    body = cluster.to_dict()
    name = f"{cluster.namespace}/{cluster.name}"
    why = f" ({trouble(body)})" if trouble(body) else ""
    return Failure(
        f"Cluster {name} has no kubeconfig yet; it is {phase(body)}{why}",
        advice=f"Wait for it: vkp kubeconfig get {name} --wait",
    )
