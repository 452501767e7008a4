"""Which stored tag answers for a release of K3s: one image stands in for all of them."""

import re

REPOSITORY, TAG = "rancher/k3s", "stand-in"
_RELEASE = re.compile(r"v1\.\d+\.\d+(-rc\d+)?-k3s\d+")


def stored_tag(repository: str, tag: str) -> str:
    return TAG if repository == REPOSITORY and _RELEASE.fullmatch(tag) else tag
