"""Which pods a policy of the tenant's own confines, as it is now."""

from collections.abc import Callable, Mapping

from kube.objects import Key
from reflectors.host_objects import body_of
from reflectors.kind_reflector import KindReflector
from reflectors.translation.confinement import confining_selector
from reflectors.translation.json_values import Json
from reflectors.translation.selectors import matches


class Confinement:
    """What `Context.confined` asks."""

    def __init__(self, policies: KindReflector) -> None:
        self._policies = policies
        self._selectors: dict[str, dict[str, Json]] = {}
        self._handlers: list[Callable[[str], None]] = []
        policies.add_handler(self._changed)

    def __call__(self, namespace: str, labels: Mapping[str, str]) -> bool:
        return any(matches(selector, labels) for selector in self._selectors.get(namespace, {}).values())

    def add_handler(self, handler: Callable[[str], None]) -> None:
        """Tell `handler` of each virtual namespace in which other pods may be confined now."""
        self._handlers.append(handler)

    def _changed(self, key: Key) -> None:
        policy = body_of(self._policies.virtual(key))
        selector = None if policy is None else confining_selector(policy)
        known = self._selectors.setdefault(key.namespace, {})
        if known.get(key.name) == selector:
            return
        if selector is None:
            del known[key.name]
        else:
            known[key.name] = selector
        for handler in self._handlers:
            handler(key.namespace)
