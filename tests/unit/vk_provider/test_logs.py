"""Logs that have no room any more cost their lines, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import structlog
from vk_provider.logs import LogFormat, LogLevel, configure_logs
configure_logs(LogFormat({format!r}), LogLevel.INFO)
for _ in range(3):
    structlog.get_logger().info("an event", field="ü")
print("goes on")
"""

FAILING = """
import structlog
from vk_provider.logs import LogFormat, LogLevel, configure_logs
configure_logs(LogFormat({format!r}), LogLevel.INFO)
def fail(password):
    raise ValueError("why")
try:
    fail("hid" + "den")
except ValueError:
    structlog.get_logger().exception("failed")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_failure_is_told_without_the_values_of_variables(log_format: str) -> None:
    command = [sys.executable, "-c", FAILING.format(format=log_format)]
    told = subprocess.run(command, capture_output=True, timeout=60, check=True).stderr.decode()
    assert "ValueError: why" in told
    assert "hidden" not in told


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_full_disk_ends_nothing(log_format: str) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", PROGRAM.format(format=log_format)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"goes on\n")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_each_event_is_a_line(log_format: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(format=log_format)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 3
    assert all("an event" in line and "ü" in line for line in lines)
