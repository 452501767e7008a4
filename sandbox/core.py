"""One sandbox: its record, its processes, and the lock that lets one command at a time change it."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sandbox import cgroups, claims, network, processes, record
from sandbox.addresses import Addresses
from sandbox.errors import SandboxError
from sandbox.layout import Layout, cache_dir
from sandbox.locking import exclusive
from sandbox.processes import Process
from sandbox.progress import Progress, silent
from sandbox.record import Cluster, Record
from sandbox.waiting import wait_until

STOP_GRACE = 10.0
HIDDEN_IN_NODES = ("/run", "/var/lib", "/var/log")


class Sandbox:
    """A sandbox that is claimed and recorded. Get one from `open_sandbox` or `changing`."""

    def __init__(self, layout: Layout, content: Record, progress: Progress) -> None:
        self.layout = layout
        self.record = content
        self.addresses = Addresses(content.index)
        self.progress = progress

    def save(self) -> None:
        record.save(self.record, self.layout.record)

    def process(self, name: str) -> Process | None:
        """The process of that name, if it is alive."""
        process = self.record.processes.get(name)
        return process if process is not None and process.is_alive() else None

    def ensure(self, name: str, command: Sequence[str | Path], *, inside: int | None = None) -> Process:
        """The process of that name, started now unless it is alive; `inside` is a process whose namespaces it joins."""
        if (running := self.process(name)) is not None:
            return running
        enter = ["nsenter", f"--target={inside}", "--mount", "--net"] if inside else []
        group = f"{cgroups.name(self.record.index)}/{name.partition('/')[0]}/daemons"
        process = processes.start(
            name,
            [*enter, *command],
            log=self.layout.logs / f"{name.replace('/', '-')}.log",
            cgroup_procs=cgroups.procs_files(group) if os.geteuid() == 0 else [],
        )
        self.record.processes[name] = process
        self.save()
        return process

    def stop(self, name: str, *, grace: float = STOP_GRACE) -> None:
        """End the process of that name; a grace of 0 is a kill -9."""
        process = self.record.processes.pop(name, None)
        if process is not None:
            process.stop(grace=grace)
        self.save()

    def wait(self, process: Process, look: Callable[[], str | None], *, seconds: float = 180.0) -> None:
        """Wait until `look` sees nothing missing, as long as the process lives."""

        def look_if_alive() -> str | None:
            if not process.is_alive():
                raise SandboxError(f"{process.name} ended; its log {process.log} closes with:\n{process.last_words()}")
            return look()

        wait_until(look_if_alive, what=process.name, seconds=seconds, advice=f"read its log {process.log}")

    def certificates(self, cluster: str) -> Path:
        """The folder of a cluster's certificates and keys, laid out as kubeadm does."""
        return self.layout.cluster(cluster) / "pki"

    def get(self, cluster: Cluster, path: str) -> tuple[int, bytes]:
        """One GET as the cluster's admin; status 0 and the reason when nobody answers."""
        return self._request(cluster, "GET", path, None)

    def post(self, cluster: Cluster, path: str, body: Mapping[str, object]) -> tuple[int, bytes]:
        """One POST as the cluster's admin."""
        return self._request(cluster, "POST", path, json.dumps(body).encode())

    def delete(self, cluster: Cluster, path: str) -> tuple[int, bytes]:
        """One DELETE as the cluster's admin."""
        return self._request(cluster, "DELETE", path, None)

    def _request(self, cluster: Cluster, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        folder = self.certificates(cluster.name)
        trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        trust.load_cert_chain(folder / "admin.crt", folder / "admin.key")
        headers = {"Content-Type": "application/json"}
        return _http(urllib.request.Request(f"{cluster.server}{path}", body, headers, method=method), trust)


def http_get(url: str) -> tuple[int, bytes]:
    """Status and body; status 0 and the reason when nobody answers."""
    return _http(urllib.request.Request(url), None)


def _http(request: urllib.request.Request, trust: ssl.SSLContext | None) -> tuple[int, bytes]:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if trust is not None:
        handlers.append(urllib.request.HTTPSHandler(context=trust))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error).encode()


def require_free(address: str, port: int) -> None:
    """Refuse a port that another program listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise SandboxError(
                f"cannot listen on {address} port {port} ({error.strerror}); "
                f"find who does with `ss -ltnp 'sport = :{port}'` and end it"
            ) from error


def load_sandbox(state: Path, progress: Progress = silent) -> Sandbox | None:
    """The sandbox in this directory, for looking at; None where there is none."""
    layout = Layout(state.absolute())
    content = record.load(layout.record)
    return Sandbox(layout, content, progress) if content else None


@contextlib.contextmanager
def changing(state: Path, progress: Progress = silent) -> Iterator[Sandbox]:
    """The sandbox in this directory, begun now if there is none; other commands wait until we are done."""
    state = state.absolute()
    layout = Layout(state)
    _check_place(state)
    with exclusive(layout.lock, doing=f"changing the sandbox {state}", progress=progress):
        content = record.load(layout.record)
        index = claims.claim(state, preferred=content.index if content else None)
        if content is None:
            _sweep(index)  # what a crash left under this number before its first record
            content = Record(index)
        elif content.index != index:
            raise SandboxError("another sandbox has this one's addresses by now; run `python -m sandbox reset`")
        yield Sandbox(layout, content, progress)


def remove(state: Path, progress: Progress = silent) -> bool:
    """End everything the sandbox started and remove its traces; False when there was none."""
    layout = Layout(state.absolute())
    if claims.find(layout.root) is None and not layout.record.exists():
        return False
    with exclusive(layout.lock, doing=f"changing the sandbox {layout.root}", progress=progress):
        index = claims.find(layout.root)
        with contextlib.suppress(SandboxError):  # a record that cannot be read must not keep anything alive
            content = record.load(layout.record)
            if content is not None:
                _end(content, progress)
                if index is None and content.index not in claims.all_claims():
                    index = content.index
        if index is not None:
            _sweep(index)
        shutil.rmtree(layout.root)
    if index is not None:
        claims.release(index)
    return True


def _end(content: Record, progress: Progress) -> None:
    for process in reversed(content.processes.values()):
        progress(f"ending {process.name}")
        process.stop(grace=0)


def _sweep(index: int) -> None:
    """End and remove whatever bears this number."""
    if os.geteuid() == 0:
        cgroups.remove(cgroups.name(index))
        if shutil.which("ip"):
            network.remove(Addresses(index))


def _check_place(state: Path) -> None:
    """Nodes see their own /run, /var/lib and /var/log, so what they share with us cannot be there."""
    for needed, remedy in ((state, "choose another with --state"), (cache_dir(), "set XDG_CACHE_HOME")):
        for hidden in HIDDEN_IN_NODES:
            if needed.is_relative_to(hidden):
                raise SandboxError(f"{needed} is below {hidden}, which nodes have their own of; {remedy}")
