"""Ingresses, and the certificates that they ask for: these Secrets are reflected because an Ingress names them."""

from kube.objects import Key
from reflectors.demand import Demand, Named
from reflectors.kind_reflector import KindReflector
from reflectors.sync_settings import SyncSettings
from reflectors.translation.config_objects import SECRET
from reflectors.translation.ingresses import KIND, tls_secrets


class AsksForSecrets:
    """Keeps the demand for Secrets in line with the virtual Ingresses and the configuration."""

    def __init__(self, ingresses: KindReflector, sync: SyncSettings, demand: Demand) -> None:
        self._ingresses = ingresses
        self._sync = sync
        self._demand = demand
        self._seen: set[Key] = set()
        ingresses.add_handler(self._ask)
        sync.add_handler(self._ask_again)

    def _ask_again(self) -> None:
        for key in list(self._seen):
            self._ask(key)

    def _ask(self, key: Key) -> None:
        ingress, entry = self._ingresses.virtual(key), self._sync.current.ingresses
        names: set[str] = set()
        if ingress is None:
            self._seen.discard(key)
        else:
            self._seen.add(key)
            if entry.wants(ingress) and not entry.keep_tls_secrets:
                names = tls_secrets(ingress.to_dict())
        self._demand.ask(Named(KIND, key), [Named(SECRET, Key(key.namespace, name)) for name in names])
