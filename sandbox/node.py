"""Nodes of the host cluster: containerd, kubelet and kube-proxy in network and mount namespaces of their own.

A node has its own /run, /var/lib, /var/log, network devices, routes and firewall rules, all of which go with its
last process. A process named HOLDER keeps the namespaces; the daemons join it.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kube.certificates import Subject
from sandbox import cgroups, debian, kubeconfig, network, node_config
from sandbox.binaries import NODE_TOOLS, Binaries
from sandbox.control_plane import HOST
from sandbox.core import Sandbox
from sandbox.errors import SandboxError
from sandbox.node_config import NodeFacts
from sandbox.pki import Pki
from sandbox.record import Node

HOLDER = "holder"
DAEMONS = ("kube-proxy", "kubelet", "containerd", HOLDER)
NAMESPACE_SCRIPT = Path(__file__).with_name("node_namespace.sh")
WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
WATCHERS = 8192
CONTAINERD_PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr", "runc")


def require_node_support(binaries: Binaries) -> None:
    """Refuse a machine that cannot hold nodes, before anything is started."""
    if os.geteuid() != 0:
        raise SandboxError("nodes need root; run as root, or run API servers only: `python -m sandbox up --no-nodes`")
    if "overlay" not in Path("/proc/filesystems").read_text():
        raise SandboxError("this kernel has no overlay file system, which containers need; load it: `modprobe overlay`")
    cgroups.check()
    debian.ensure_tools(NODE_TOOLS, binaries.progress)


def start(sandbox: Sandbox, name: str, binaries: Binaries, *, registry: str) -> None:
    """Start a node's daemons, new or again. `registry` is the URL from which images are pulled."""
    node = sandbox.record.nodes.get(name) or _new(sandbox, name)
    facts = _facts(sandbox, node, binaries)
    programs = {program: binaries.tool(program) for program in CONTAINERD_PROGRAMS}
    _write_configuration(sandbox, facts, programs, binaries, registry)
    sandbox.progress(f"starting {name}")
    _raise_watch_limit()
    holder = _hold_namespaces(sandbox, node, facts)
    others = [
        (other.number, sandbox.record.processes[f"{other.name}/{HOLDER}"].pid)
        for other in sandbox.record.nodes.values()
        if other.number != node.number and sandbox.process(f"{other.name}/{HOLDER}")
    ]
    network.attach_node(sandbox.addresses, node.number, namespace=holder, others=others)
    _start_daemons(sandbox, facts, programs, binaries, holder)


def _raise_watch_limit() -> None:
    """Let more programs watch files: a machine's usual 128 are used up by some nodes, and kube-proxy ends of that."""
    with suppress(OSError):  # who may not raise it has as many nodes as it allows
        if int(WATCH_LIMIT.read_text()) < WATCHERS:
            WATCH_LIMIT.write_text(str(WATCHERS))


def stop(sandbox: Sandbox, name: str, *, grace: float = 10.0) -> None:
    """Stop a node as a power cut does, containers too; its disk stays, and `start` brings it back."""
    for daemon in DAEMONS[:-1]:
        sandbox.stop(f"{name}/{daemon}", grace=grace)
    cgroups.remove(_cgroup(sandbox, name))
    sandbox.stop(f"{name}/{HOLDER}", grace=0)


def wait_ready(sandbox: Sandbox, name: str) -> None:
    """Wait until the kubelet answers and the host cluster says that the node is Ready."""
    cluster = sandbox.record.clusters[HOST]

    def look() -> str | None:
        # What the cluster says may be of before a node was lost.
        for path in (f"/api/v1/nodes/{name}/proxy/healthz", f"/api/v1/nodes/{name}"):
            status, body = sandbox.get(cluster, path)
            if status != 200:
                return f"node {name}: {status} {body.decode(errors='replace')[:200]}"
        conditions = json.loads(body).get("status", {}).get("conditions", [])
        ready = next((each for each in conditions if each["type"] == "Ready"), None)
        if ready is None or ready["status"] != "True":
            return f"node {name} is not Ready: {ready.get('message') if ready else 'no condition yet'}"
        return None

    sandbox.wait(sandbox.record.processes[f"{name}/kubelet"], look)


def _new(sandbox: Sandbox, name: str) -> Node:
    taken = {node.number for node in sandbox.record.nodes.values()}
    node = Node(name, min(set(range(len(taken) + 1)) - taken))
    sandbox.record.nodes[name] = node
    sandbox.save()
    return node


def _cgroup(sandbox: Sandbox, name: str) -> str:
    return f"{cgroups.name(sandbox.record.index)}/{name}"


def _facts(sandbox: Sandbox, node: Node, binaries: Binaries) -> NodeFacts:
    return NodeFacts(
        name=node.name,
        address=str(sandbox.addresses.node(node.number)),
        version=binaries.version(),
        folder=sandbox.layout.node(node.name),
        certificates=sandbox.certificates(HOST),
        cgroup=_cgroup(sandbox, node.name) + "/pods",
        dns=str(sandbox.addresses.dns),
        pods=str(sandbox.addresses.node_pods(node.number)),
        cluster_pods=str(sandbox.addresses.pods),
    )


def _write_configuration(
    sandbox: Sandbox, facts: NodeFacts, programs: Mapping[str, Path], binaries: Binaries, registry: str
) -> None:
    disk = facts.folder
    for folder in ("var-lib", "var-log", "cni", f"{node_config.MIRRORS}/_default"):
        (disk / folder).mkdir(parents=True, exist_ok=True)
    for setting, value in node_config.KERNEL_SETTINGS.items():
        (disk / "kernel" / setting).parent.mkdir(parents=True, exist_ok=True)
        (disk / "kernel" / setting).write_text(f"{value}\n")
    # Nodes reach no name server; asking their own address they learn that at once instead of after five seconds.
    (disk / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    _write_kubeconfigs(sandbox, facts)
    (disk / "kubelet.json").write_text(_as_json(node_config.kubelet(facts)))
    _write_proxy_configuration(sandbox, facts)
    (disk / "cni/10-sandbox.conflist").write_text(_as_json(node_config.cni(facts)))
    plugins = binaries.cni_plugins()
    (disk / "containerd.toml").write_text(node_config.containerd(facts, programs=programs, cni_plugins=plugins))
    (disk / node_config.MIRRORS / "_default/hosts.toml").write_text(node_config.mirror(registry))


def _write_kubeconfigs(sandbox: Sandbox, facts: NodeFacts) -> None:
    pki = Pki(facts.certificates)
    subject = Subject(f"system:node:{facts.name}", ("system:nodes",))
    pki.server(facts.name, subject, [facts.name, facts.address])
    kubeconfig.write(
        facts.folder / "kubelet.kubeconfig",
        cluster=HOST,
        server=sandbox.record.clusters[HOST].server,
        authority=pki.certificate("ca").read_bytes(),
        client=pki.pair(facts.name),
    )


def _write_proxy_configuration(sandbox: Sandbox, facts: NodeFacts) -> None:
    """Leave the file alone unless it changes: kube-proxy ends when somebody writes to it, be it what is there."""
    path = _proxy_configuration(facts)
    wanted = _as_json(node_config.kube_proxy(facts, kubeconfig=sandbox.layout.cluster(HOST) / "proxy.kubeconfig"))
    if not path.exists() or path.read_text() != wanted:
        sandbox.stop(f"{facts.name}/kube-proxy", grace=0)
        path.write_text(wanted)


def _proxy_configuration(facts: NodeFacts) -> Path:
    return facts.folder / "kube-proxy.json"


def _hold_namespaces(sandbox: Sandbox, node: Node, facts: NodeFacts) -> int:
    name = f"{node.name}/{HOLDER}"
    ready = facts.folder / "ready"
    if sandbox.process(name) is None:
        ready.unlink(missing_ok=True)
    process = sandbox.ensure(
        name,
        ["unshare", "--mount", "--net", "--propagation", "private", "/bin/sh", NAMESPACE_SCRIPT, facts.folder],
    )
    sandbox.wait(process, lambda: None if ready.exists() else "its mounts are not made yet", seconds=20)
    return process.pid


def _start_daemons(
    sandbox: Sandbox, facts: NodeFacts, programs: Mapping[str, Path], binaries: Binaries, holder: int
) -> None:
    disk = facts.folder
    cgroups.create(facts.cgroup)
    search = f"PATH={programs['containerd-shim-runc-v2'].parent}:{os.environ['PATH']}"
    containerd: list[str | Path] = ["env", search, programs["containerd"], "--config", disk / "containerd.toml"]
    process = sandbox.ensure(f"{facts.name}/containerd", containerd, inside=holder)
    # Through /proc the socket in the node's own /run can be seen from here.
    socket = Path(f"/proc/{holder}/root") / node_config.SOCKET.removeprefix("unix:///")
    sandbox.wait(process, lambda: None if socket.exists() else "its socket is not there yet", seconds=30)
    arguments = node_config.kubelet_flags(facts, config=disk / "kubelet.json", kubeconfig=disk / "kubelet.kubeconfig")
    sandbox.ensure(f"{facts.name}/kubelet", [binaries.component("kubelet"), *arguments], inside=holder)
    proxy: list[str | Path] = [binaries.component("kube-proxy"), f"--config={_proxy_configuration(facts)}"]
    sandbox.ensure(f"{facts.name}/kube-proxy", proxy, inside=holder)


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=2) + "\n"
