import subprocess
import sys
from pathlib import Path

import pytest

RUN = "import sys; sys.argv = ['vkp', *sys.argv[1:]]; from vk_provider.entry import main; main()"
HELP = """
import sys
from vk_provider.cli.root import main
main(["--help"], standalone_mode=False)
print(*sys.modules)
"""
FAULTY = """
import sys
from vk_provider.cli import lazy, root
root.COMMANDS["faulty"] = lazy.Lazy("no.such.module:command", "")
root.run(sys.argv[1:])
"""
SLOW = """
import sys
from vk_provider import entry
entry.DAEMONS["slow"] = "slow_to_load"
sys.argv = ["vkp", "slow"]
entry.main()
"""
LOADED = "import sys; import vk_provider.provider.daemon; print(*sys.modules)"


def vkp(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_help_lists_the_daemons() -> None:
    done = vkp("--help")
    assert (done.returncode, "vkp provider --help" in done.stdout) == (0, True)


def test_a_daemon_that_is_told_nothing_says_what_it_needs_and_ends_with_2() -> None:
    done = vkp("provider")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(line.startswith("Error: --") for line in done.stderr.splitlines())
    assert "Error: --cluster: missing (name of the virtual cluster); give --cluster, VKP_CLUSTER," in done.stderr


def test_a_daemon_that_still_loads_ends_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "slow_to_load.py").write_text("import time; print('loading', flush=True); time.sleep(60)")
    command = [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r})\n{SLOW}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as loading:
        assert loading.stdout is not None
        assert loading.stdout.readline() == "loading\n"
        loading.terminate()
        assert loading.wait(timeout=30) == 0


@pytest.mark.parametrize("library", ["click", "uvloop"])
def test_the_daemon_does_not_load_what_it_has_no_use_for(library: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)
    assert library not in done.stdout.split()


@pytest.mark.parametrize("library", ["aiohttp", "kubernetes_asyncio", "rich", "yaml"])
def test_help_does_not_wait_for_what_only_commands_need(library: str) -> None:
    command = [sys.executable, "-c", HELP]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert library not in done.stdout.splitlines()[-1].split()


def test_a_fault_is_told_in_a_few_words_and_ends_with_70() -> None:
    command = [sys.executable, "-c", FAULTY, "faulty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.splitlines()[0] == "Error: a fault of vkp: ModuleNotFoundError: No module named 'no'"
    assert "Traceback" not in done.stderr
    told = subprocess.run([*command, "--debug"], capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" in told.stderr
