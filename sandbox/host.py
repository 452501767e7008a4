"""The host cluster: a control plane with controllers, an image registry, nodes, and volumes on demand."""

import os
import subprocess
import sys
from pathlib import Path

from sandbox import control_plane, node, node_config
from sandbox.application_image import add_application_images
from sandbox.base_image import add_base_images
from sandbox.binaries import DEBIAN_PACKAGES, Binaries
from sandbox.control_plane import HOST
from sandbox.core import Sandbox, http_get, require_free
from sandbox.errors import SandboxError
from sandbox.images import ImageStore
from sandbox.k3s_image import DNS_IMAGE, IMAGE, add_k3s_images, k3s_layers
from sandbox.provider_image import add_provider_image, built_image

REGISTRY = "host/registry"
PROVISIONER = "host/provisioner"
REGISTRY_PORT = 5000
PROJECT = Path(__file__).parents[1]


def start(sandbox: Sandbox, binaries: Binaries, *, nodes: int) -> None:
    """Bring up the host cluster with this many nodes, each Ready; further nodes it may have stay."""
    node.require_node_support(binaries)
    store = ImageStore(sandbox.layout.images)
    present = add_base_images(store, sandbox.progress)
    add_k3s_images(store, binaries)
    cluster = control_plane.start(sandbox, HOST, binaries, controllers=True)
    names = [node_name(number) for number in range(nodes)]
    for name in names:
        start_node(sandbox, name, binaries)
    _start_provisioner(sandbox)
    for name in names:
        pull(sandbox, name, binaries, present)
    for name in names:
        sandbox.progress(f"waiting for {name} to be Ready")
        node.wait_ready(sandbox, name)
    control_plane.wait_for_controllers(sandbox, cluster)


def prepare(binaries: Binaries) -> None:
    """Have every program and image that `start` needs on this machine."""
    for tool in DEBIAN_PACKAGES:
        binaries.tool(tool)
    binaries.cni_plugins()
    if os.geteuid() == 0:
        node.require_node_support(binaries)
    k3s_layers(binaries)
    if os.geteuid() == 0:  # buildah could do without, in a user namespace, which a machine may not allow
        built_image(binaries.progress)


def start_node(sandbox: Sandbox, name: str, binaries: Binaries) -> None:
    """Start one node, new or again."""
    node.start(sandbox, name, binaries, registry=_start_registry(sandbox))


def node_name(number: int) -> str:
    return f"node-{number}"


def add_image(sandbox: Sandbox, archive: Path, binaries: Binaries) -> list[str]:
    """Take an image archive in, and put the image on every running node."""
    names = ImageStore(sandbox.layout.images).load(archive)
    _pull_everywhere(sandbox, binaries, names)
    return names


def add_applications(sandbox: Sandbox, binaries: Binaries) -> None:
    """Build the images of Redis and PostgreSQL unless they are there, and put them on every running node."""
    names = add_application_images(ImageStore(sandbox.layout.images), sandbox.progress)
    _pull_everywhere(sandbox, binaries, names)


def add_k3s(sandbox: Sandbox, binaries: Binaries) -> None:
    """Put the K3s stand-in on every running node, where otherwise its first pod would have to wait for it."""
    _pull_everywhere(sandbox, binaries, [IMAGE, DNS_IMAGE])


def add_provider(sandbox: Sandbox, binaries: Binaries) -> None:
    """Build our own image unless it is there, and put it on every running node."""
    _pull_everywhere(sandbox, binaries, add_provider_image(ImageStore(sandbox.layout.images), sandbox.progress))


def _pull_everywhere(sandbox: Sandbox, binaries: Binaries, names: list[str]) -> None:
    for name in sandbox.record.nodes:
        if sandbox.process(f"{name}/containerd"):
            pull(sandbox, name, binaries, names)


def pull(sandbox: Sandbox, name: str, binaries: Binaries, images: list[str]) -> None:
    """Put images on a node, as a pod's first use would, so that policies IfNotPresent and Never find them."""
    sandbox.progress(f"putting {len(images)} images on {name}")
    holder = sandbox.record.processes[f"{name}/{node.HOLDER}"].pid
    mirrors = sandbox.layout.node(name) / node_config.MIRRORS
    ctr: list[str | Path] = [
        "nsenter",
        f"--target={holder}",
        "--mount",
        "--net",
        binaries.tool("ctr"),
        "-n",
        "k8s.io",
        "images",
    ]
    for image in images:
        done = subprocess.run(
            [*ctr, "pull", "--hosts-dir", mirrors, image], capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SandboxError(f"cannot put image {image} on {name}: {reason}; see `python -m sandbox image list`")


def _start_registry(sandbox: Sandbox) -> str:
    address = f"{sandbox.addresses.machine}:{REGISTRY_PORT}"
    if sandbox.process(REGISTRY) is None:
        require_free(str(sandbox.addresses.machine), REGISTRY_PORT)
    store = sandbox.layout.images
    process = sandbox.ensure(REGISTRY, [*_module("registry"), "--store", store, "--listen", address])

    def look() -> str | None:
        status, body = http_get(f"http://{address}/healthz")
        return None if status == 200 else body.decode(errors="replace")

    sandbox.wait(process, look)
    return f"http://{address}"


def _start_provisioner(sandbox: Sandbox) -> None:
    arguments: list[str | Path] = ["--kubeconfig", sandbox.layout.kubeconfig(HOST), "--root", sandbox.layout.volumes]
    sandbox.ensure(PROVISIONER, [*_module("provisioner"), *arguments])


def _module(name: str) -> list[str]:
    return ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", f"sandbox.{name}"]
