import subprocess

from node.local_machine import local_info


def test_the_machine_is_described_in_the_words_of_kubernetes() -> None:
    info = local_info("v1.31.1")
    assert info["operatingSystem"] == "linux"
    assert info["kernelVersion"] == subprocess.check_output(["uname", "-r"], text=True).strip()
    assert info["architecture"] in {"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"}
    assert info["kubeletVersion"] == "v1.31.1"
