"""Which kubeconfig the host cluster is reached with, chosen as kubectl does, and several files as one.

`--kubeconfig`, else VKP_HOST_KUBECONFIG (which `vkp connect` sets for what it runs, since KUBECONFIG is the virtual
cluster's there), else KUBECONFIG, else ~/.kube/config, else a pod's own service account.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from kube.errors import CredentialsError
from vk_provider.cli.private_files import private_file

HOST_KUBECONFIG, HOST_CONTEXT = "VKP_HOST_KUBECONFIG", "VKP_HOST_CONTEXT"
_LISTS = ("clusters", "contexts", "users")
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def kubeconfig_files(option: str | None, environment: Mapping[str, str]) -> list[Path]:
    """Return the files to be used, none to use a pod's own service account. A list has colons, as for kubectl."""
    said = option or environment.get(HOST_KUBECONFIG) or environment.get("KUBECONFIG")
    if said:
        named = [Path(name).expanduser() for name in said.split(os.pathsep) if name]
        return [path for path in named if path.exists()] or named[:1]
    usual = Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"
    in_pod = "KUBERNETES_SERVICE_HOST" in environment and not usual.exists()
    return [] if in_pod else [usual]


@contextmanager
def one_file(files: Sequence[Path]) -> Iterator[Path]:
    """Give one file that says what all of them say; raises CredentialsError for what cannot be read."""
    if len(files) == 1:
        if not files[0].exists():
            raise CredentialsError(f"{files[0]}: there is no such file")
        yield files[0]
        return
    merged = merge([(path.parent.absolute(), _read(path)) for path in files])
    with private_file(yaml.safe_dump(merged), suffix=".kubeconfig") as file:
        yield file


def merge(configs: Sequence[tuple[Path, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return one for all, each with the folder its paths are relative to: who says something first is right."""
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", **{key: [] for key in _LISTS}}
    for folder, config in configs:
        if config.get("current-context"):
            merged.setdefault("current-context", config["current-context"])
        for key in _LISTS:
            known = {entry.get("name") for entry in merged[key]}
            merged[key] += [_absolute(folder, entry) for entry in config.get(key) or () if entry["name"] not in known]
    return merged


def _absolute(folder: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _settled(folder, value) if isinstance(value, Mapping) else value for key, value in entry.items()}


def _settled(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    settled = {key: str(folder / value) if key in _PATHS and value else value for key, value in settings.items()}
    plugin = settled.get("exec")
    if isinstance(plugin, Mapping) and "/" in str(plugin.get("command", "")):
        settled["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return settled


def _read(path: Path) -> Mapping[str, Any]:
    try:
        config = yaml.safe_load(path.read_text()) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CredentialsError(f"{path}: {' '.join(str(error).split())}") from error
    if not _is_kubeconfig(config):
        raise CredentialsError(f"{path}: is no kubeconfig")
    return dict(config)


def _is_kubeconfig(config: Any) -> bool:
    if not isinstance(config, dict):
        return False
    lists = [config.get(key) or [] for key in _LISTS]
    return all(isinstance(each, list) and all(isinstance(e, dict) and "name" in e for e in each) for each in lists)
