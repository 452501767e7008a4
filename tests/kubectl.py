"""kubectl, run as a user would."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sandbox.waiting import wait_until

LIMIT = 120.0


class Kubectl:
    """kubectl for one kubeconfig and namespace."""

    def __init__(self, program: Path, kubeconfig: Path, namespace: str = "default") -> None:
        self.namespace = namespace
        self.command = [str(program), f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"]

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, whatever its exit code."""
        return subprocess.run([*self.command, *arguments], input=stdin, capture_output=True, check=False, timeout=LIMIT)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> str:
        """The output of a command that must succeed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode()

    def get(self, *arguments: str) -> Any:
        """The decoded object or list of `kubectl get`."""
        return msgspec.json.decode(self("get", *arguments, "-o", "json"))

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create or change objects."""
        self("apply", "-f", "-", stdin=yaml.safe_dump_all(objects).encode())

    def wait_for(self, condition: str, *objects: str, seconds: int = 90) -> None:
        """Wait for what `kubectl wait --for` takes; on failure the objects are described."""
        done = self.run("wait", f"--for={condition}", *objects, f"--timeout={seconds}s")
        if done.returncode != 0:
            described = self.run("describe", *objects).stdout.decode(errors="replace")
            raise AssertionError(f"{done.stderr.decode(errors='replace')}\n{described}")

    def wait_for_log(self, pod: str, text: str, *, seconds: float = 60.0) -> None:
        """Wait until a pod has printed something: without a probe it is Ready before its program is."""

        def look() -> str | None:
            done = self.run("logs", pod)
            return None if text in done.stdout.decode() else f"it said {done.stdout + done.stderr!r}"

        wait_until(look, what=f"{text!r} in the log of pod {pod}", seconds=seconds, advice="see the pod's image")

    def background(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on until the caller ends it."""
        return subprocess.Popen(
            [*self.command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    @contextmanager
    def forwarded(self, target: str, port: int) -> Iterator[int]:
        """A port of this machine's that leads to one of a pod."""
        forward = self.background("port-forward", target, f":{port}")
        try:
            yield int(first_line(forward).split("->")[0].rpartition(":")[2])
        finally:
            forward.kill()
            forward.communicate()


def first_line(process: subprocess.Popen[bytes], *, seconds: float = 30.0) -> str:
    """What a background command says first."""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    line = process.stdout.readline()
    assert line, f"it said nothing; {process.stderr.read().decode() if process.stderr else ''}"
    assert time.monotonic() < deadline, "it took too long to say something"
    return line.decode()
