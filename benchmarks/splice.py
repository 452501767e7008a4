"""Bytes through an exec stream, TLS on both sides: our kubelet server against socat, which does nothing but copy.

Each gets 1 GiB in either direction, a quarter at a time and in turns: no machine is equally fast at all times.
"""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, cast

import psutil
import yaml

from benchmarks.report import Result, at_least, at_most
from benchmarks.splice_host import give, take
from kube.certificates import Subject, issue, new_authority
from tests.ports import free_port

SIZE = 1 << 28
ROUNDS = 4
DIRECTIONS = ("take", "give")  # what the host does


@dataclass
class Relay:
    port: int
    process: psutil.Process
    rates: dict[str, list[float]] = field(default_factory=lambda: {direction: [] for direction in DIRECTIONS})
    cpu: list[float] = field(default_factory=list)  # seconds for 1 GiB


def results() -> list[Result]:
    with TemporaryDirectory() as name, ExitStack() as stack:
        directory = Path(name)
        _write_certificates(directory)
        host, _ = stack.enter_context(_python("benchmarks.splice_host", directory))
        _write_kubeconfig(directory, host)
        ours = Relay(*stack.enter_context(_python("benchmarks.splice_front", directory)))
        socat = Relay(*stack.enter_context(_socat(directory, host)))
        context = _client_context(directory)
        for _ in range(ROUNDS):
            for relay in (ours, socat):
                for direction in DIRECTIONS:
                    _measure(relay, direction, context)
        return [
            _ratio("bytes/s to the container, ours / socat", ours, socat, "take"),
            _ratio("bytes/s from the container, ours / socat", ours, socat, "give"),
            Result("bytes/s from the container, ours", median(ours.rates["give"]) / 1e6, unit="MB/s"),
            Result("CPU of 1 GiB, ours / socat", median(ours.cpu) / median(socat.cpu), at_most(1.1)),
            Result("CPU of 1 GiB, ours", median(ours.cpu), unit="s"),
        ]


def _ratio(name: str, ours: Relay, socat: Relay, direction: str) -> Result:
    return Result(name, median(ours.rates[direction]) / median(socat.rates[direction]), at_least(1))


def _measure(relay: Relay, direction: str, context: ssl.SSLContext) -> None:
    before = _cpu(relay.process)
    with socket.create_connection(("127.0.0.1", relay.port)) as plain, context.wrap_socket(plain) as connection:
        _switch(connection, f"/exec/shop/web/app?input=1&output=1&command={direction}-{SIZE}")
        began = time.perf_counter()
        if direction == "take":
            give(connection, SIZE)
            connection.recv(1)  # the host says that it has all
        else:
            take(connection, SIZE)
        relay.rates[direction].append(SIZE / (time.perf_counter() - began))
    relay.cpu.append((_cpu(relay.process) - before) * (1 << 30) / SIZE)


def _switch(connection: ssl.SSLSocket, target: str) -> None:
    connection.sendall(
        f"POST {target} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)


def _cpu(process: psutil.Process) -> float:
    """Of the process and the children that it had: socat has one for each connection."""
    psutil.wait_procs(process.children(), timeout=10)
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


@contextmanager
def _python(module: str, directory: Path) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, "-m", module, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(cast("IO[str]", process.stdout).readline()), psutil.Process(process.pid)
        finally:
            process.terminate()


@contextmanager
def _socat(directory: Path, host: int) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    listen = f"OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,verify=0,cert={directory}/server.pem"
    command: Sequence[str] = ["socat", "-b", "262144", listen, f"OPENSSL:127.0.0.1:{host},verify=0"]
    # It complains of the connection that only looks whether it listens.
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_listening(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait_until_listening(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("waited 5 s for socat to listen")


def _write_certificates(directory: Path) -> None:
    now = datetime.now(UTC)
    authority = new_authority("benchmark", now=now)
    server = issue(authority, Subject("server"), usages=["server"], now=now, names=["127.0.0.1"])
    client = issue(authority, Subject("client"), usages=["client"], now=now)
    (directory / "ca.crt").write_bytes(authority.certificate)
    for name, pair in {"server": server, "client": client}.items():
        (directory / f"{name}.crt").write_bytes(pair.certificate)
        (directory / f"{name}.key").write_bytes(pair.key)
        (directory / f"{name}.pem").write_bytes(pair.certificate + pair.key)


def _client_context(directory: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=directory / "ca.crt")
    context.check_hostname = False
    context.load_cert_chain(directory / "client.pem")
    return context


def _write_kubeconfig(directory: Path, port: int) -> None:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": "ca.crt"}
    config = {
        "clusters": [{"name": "host", "cluster": cluster}],
        "users": [{"name": "provider", "user": {"token": "any"}}],
        "contexts": [{"name": "host", "context": {"cluster": "host", "user": "provider"}}],
        "current-context": "host",
    }
    (directory / "kubeconfig").write_text(yaml.safe_dump(config))
