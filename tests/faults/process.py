"""A daemon in a process of its own that is started again whenever it ends, as a kubelet does, but at once."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 30.0
LAST_WORDS = 3000  # characters of the log


@dataclass
class Daemon:
    command: Sequence[str]
    log: Path
    starts: int = 0
    crashes: list[str] = field(default_factory=list)  # ends that nobody brought about, each with its last words
    _process: asyncio.subprocess.Process | None = None
    _awaited: int | None = None  # the exit code that somebody has brought about
    _started: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Keep it running until cancelled; then end it in good order."""
        try:
            while True:
                process = await self._start()
                code = await process.wait()
                if code != self._awaited:
                    self.crashes.append(
                        f"exit code {code} at start {self.starts}; its log ends with\n{self.last_words()}"
                    )
        finally:
            await self._stop()

    async def wait_started(self) -> None:
        await self._started.wait()

    def kill(self) -> None:
        """Kill -9."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def pause(self) -> None:
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-LAST_WORDS:]

    def said_of(self, text: str) -> str:
        """The last lines of the log with this text in them, and those about a new start."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([line for line in lines if text in line or "started" in line][-60:])

    async def _start(self) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.starts += 1
        self._awaited = None
        self._started.set()
        return self._process

    async def _stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            self.crashes.append(
                f"did not end within {STOP_SECONDS:g} s of SIGTERM; its log ends with\n{self.last_words()}"
            )
            await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        process = self._running()
        if process.returncode is None:
            self._awaited = 0 if number is signal.SIGTERM else -number
            self._started.clear()
            process.send_signal(number)

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the daemon was not started"
        return self._process
