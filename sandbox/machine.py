"""What kind of machine this is, in the words of images and nodes."""

import platform


def architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
