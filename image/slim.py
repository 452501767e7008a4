"""Take out of installed Python packages what no program of ours reads: `slim.py FOLDER`, when an image is built."""

import shutil
import sys
from pathlib import Path

# Of kubernetes_asyncio only the reading of kubeconfigs is used; its models alone would be a third of the image.
UNUSED = (
    "bin",
    "**/*.c",
    "**/*.h",
    "**/*.pxd",
    "**/*.pxi",
    "**/*.pyi",
    "**/*.pyx",
    "**/tests",
    "*.dist-info/RECORD",
    "kubernetes_asyncio/client/api",
    "kubernetes_asyncio/client/models",
    "kubernetes_asyncio/dynamic",
    "kubernetes_asyncio/leaderelection",
    "kubernetes_asyncio/stream",
    "kubernetes_asyncio/utils",
    "kubernetes_asyncio/watch",
)


def main() -> None:
    folder = Path(sys.argv[1])
    for pattern in UNUSED:
        for path in sorted(folder.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


if __name__ == "__main__":
    main()
