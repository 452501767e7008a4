"""Of kubernetes_asyncio as little as is needed is loaded, and nobody else is harmed by that."""

import subprocess
import sys


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_a_daemon_starts_without_the_models() -> None:
    look = "[name for name in sys.modules if name.startswith('kubernetes_asyncio')]"
    assert run(f"import sys, kube.credentials; print({look})") == "[]\n"


def test_who_imports_it_after_us_gets_all_of_it() -> None:
    program = """
import kube.credentials
from kubernetes_asyncio import client, config
print(client.V1Pod.__name__, client.ApiClient.__name__, config.kube_config.ApiClient is client.ApiClient)
"""
    assert run(program) == "V1Pod ApiClient True\n"


def test_who_imported_it_before_us_keeps_it() -> None:
    program = """
from kubernetes_asyncio import client
import kube.credentials, sys
print(sys.modules["kubernetes_asyncio.client"] is client, client.V1Pod.__name__)
"""
    assert run(program) == "True V1Pod\n"
