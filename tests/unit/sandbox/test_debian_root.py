from pathlib import Path

import pytest

from sandbox.debian_root import sources_of
from sandbox.errors import SandboxError

LISTING = """\
Packages bookworm main http://mirror/debian/
Translations bookworm main http://mirror/debian/
Packages bookworm main http://mirror/debian/
Packages bookworm contrib http://mirror/debian/
Packages bookworm-security main http://mirror/security/
Packages bookworm-pgdg main http://elsewhere/
Packages trixie main http://mirror/debian/
Packages some-suite / http://flat/
"""


def test_only_debians_own_suites_are_taken_each_once() -> None:
    assert sources_of(LISTING, signed_by=None) == [
        "deb http://mirror/debian/ bookworm main",
        "deb http://mirror/security/ bookworm-security main",
    ]


def test_the_keyring_is_named() -> None:
    first = sources_of(LISTING, signed_by=Path("/keys.gpg"))[0]
    assert first == "deb [signed-by=/keys.gpg] http://mirror/debian/ bookworm main"


@pytest.mark.parametrize("listing", ["", "Packages trixie main http://mirror/\n", "Packages bookworm-updates main u\n"])
def test_without_the_suite_the_error_says_what_to_add(listing: str) -> None:
    with pytest.raises(SandboxError, match="no source for Debian bookworm main; add one"):
        sources_of(listing, signed_by=None)
