"""How this machine's pip reaches its packages, for a pip that runs elsewhere: lent to it, and written nowhere.

Settings may name an index that nobody outside may know of, so they are mounted into a build, not copied.
"""

import ast
import configparser
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TAKEN = frozenset(
    {"cert", "default-timeout", "extra-index-url", "find-links", "index-url", "no-index", "proxy", "retries", "timeout"}
    | {"trusted-host"}
)
CERTIFICATES = Path("/etc/pip-certificates.pem")


def mounts(folder: Path) -> list[tuple[Path, Path]]:
    """What to mount where, as pairs; `folder` is for a file that the caller removes afterwards."""
    ask = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(ask, capture_output=True, text=True, check=False)
    settings = parse(listing.stdout)
    pairs = [(path, path) for path in _folders(settings.get("find-links", ""))]
    if certificates := settings.get("cert"):
        pairs.append((Path(certificates), CERTIFICATES))
        settings["cert"] = str(CERTIFICATES)
    file = folder / "pip.conf"
    file.touch(mode=0o600)
    with file.open("w") as target:
        written(settings).write(target)
    return [*pairs, (file, Path("/etc/pip.conf"))]


def parse(listing: str) -> dict[str, str]:
    """The settings that matter, of what `pip config list` prints; the environment's go before files'."""
    said = [line.partition("=") for line in listing.splitlines() if "=" in line]
    ordered = sorted(said, key=lambda each: each[0].startswith(":env:"))
    pairs = [(name.rpartition(".")[2], str(ast.literal_eval(value))) for name, _, value in ordered]
    found = {name: value for name, value in pairs if name in TAKEN}
    if "default-timeout" in found:
        found["timeout"] = found.pop("default-timeout")
    return found


def written(settings: Mapping[str, str]) -> configparser.RawConfigParser:
    result = configparser.RawConfigParser()
    result["global"] = {name: value.replace("\n", "\n  ") for name, value in settings.items()}
    return result


def _folders(links: str) -> list[Path]:
    """Those of the places for finding packages that are folders of this machine."""
    return [path for link in links.split() if (path := Path(link.removeprefix("file://"))).is_dir()]
