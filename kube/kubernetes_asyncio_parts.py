"""kubernetes_asyncio without its models: to read a kubeconfig none of them is needed, and they are most of a start.

Its packages load all that is in them, eight hundred modules that take longer than everything else a daemon imports.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

_PACKAGE = "kubernetes_asyncio"


@contextmanager
def models_left_out() -> Iterator[None]:
    """What is imported from kubernetes_asyncio meanwhile comes alone; who imports it elsewhere gets all of it."""
    before = _take_out()
    try:
        _stand_in(_PACKAGE)
        client = _stand_in(f"{_PACKAGE}.client")
        client.Configuration = import_module(f"{client.__name__}.configuration").Configuration  # type: ignore[attr-defined]
        client.ApiClient = object  # type: ignore[attr-defined] # named there, for functions that nobody here calls
        yield
    finally:
        _take_out()
        sys.modules.update(before)


def _stand_in(name: str) -> ModuleType:
    """A package whose modules can be imported although its own code has not run."""
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = module
    return module


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]
    return {name: sys.modules.pop(name) for name in names}
