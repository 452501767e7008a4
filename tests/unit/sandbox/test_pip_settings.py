"""How pip reaches its packages here is understood and taken along."""

import pytest

from sandbox import pip_settings


@pytest.mark.parametrize(
    ("listing", "settings"),
    [
        pytest.param("", {}, id="nothing-said"),
        pytest.param("global.index-url='https://one/simple'\n", {"index-url": "https://one/simple"}, id="file"),
        pytest.param(
            ":env:.index-url='https://two'\nglobal.index-url='https://one'\n",
            {"index-url": "https://two"},
            id="env-first",
        ),
        pytest.param("install.trusted-host='one'\n", {"trusted-host": "one"}, id="of-a-command"),
        pytest.param(":env:.default-timeout='180'\n", {"timeout": "180"}, id="timeout"),
        pytest.param("list.format='json'\nglobal.user='yes'\n", {}, id="what-does-not-matter"),
        pytest.param("global.find-links='/a\\n/b=c'\n", {"find-links": "/a\n/b=c"}, id="several"),
    ],
)
def test_what_pip_says_of_itself(listing: str, settings: dict[str, str]) -> None:
    assert pip_settings.parse(listing) == settings
