"""How tests run: property tests are as right on a slow machine as on a fast one, and what failed is looked at twice.

Tests against real servers wait for other processes, on a machine that runs a whole cluster beside them. One that fails
runs once more, and the run ends with what went wrong: a defect to mend, in the test or in the product. Unit
tests never get a second chance, nor do those of `kube`.
"""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_HERE = Path(__file__).parent
_TWICE = (_HERE / "e2e", _HERE / "faults", _HERE / "integration")
_ONCE = _HERE / "integration" / "kube"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_ONCE):
            continue
        if any(item.path.is_relative_to(folder) for folder in _TWICE):
            item.add_marker(pytest.mark.flaky(reruns=1))
