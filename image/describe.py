"""Tell Python which version of us is installed, as an installer would: `describe.py pyproject.toml FOLDER`.

The image's program is copied, not installed, so that a change of it is a matter of a second.
"""

import sys
import tomllib
from pathlib import Path


def main() -> None:
    project = tomllib.loads(Path(sys.argv[1]).read_text())["project"]
    name, version = project["name"], project["version"]
    folder = Path(sys.argv[2]) / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "INSTALLER").write_text("image\n")


if __name__ == "__main__":
    main()
