"""What it takes to be let in: a kubeconfig, or the service account that a pod is given.

Promises: files are looked at again while the program runs (kubeconfig, token, certificates, authorities), and what
changed in them is used from the next request on; half-written or missing ones change nothing. A plugin of the
kubeconfig (`exec`) is asked again when a tenth of its credential's life is left, or when the server refuses it.
"""

import asyncio
import math
import os
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from kube.certificates import expiry
from kube.clock import Clock, SystemClock
from kube.connection import Access
from kube.errors import CredentialsError
from kube.kubernetes_config import ClientConfig, Grant, Plugin, ask, read_in_cluster, read_kubeconfig
from kube.reloading import Reloading
from kube.tls import TlsMaterial, client_context

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PAUSE = 10.0  # seconds between two runs of a plugin, whatever the server says

log = structlog.get_logger()


async def load_kubeconfig(path: Path | str, context: str | None = None, *, clock: Clock | None = None) -> "Credentials":
    """Read a kubeconfig, and ask its plugin if it has one; raises CredentialsError."""
    clock = clock or SystemClock()
    credentials = Credentials(Reloading(lambda read: read_kubeconfig(read, Path(path), context), clock), clock)
    await credentials.access()
    return credentials


def load_in_cluster(
    directory: Path = SERVICE_ACCOUNT, environ: Mapping[str, str] = os.environ, *, clock: Clock | None = None
) -> "Credentials":
    """Read what the kubelet gives every pod; raises CredentialsError outside of one."""
    clock = clock or SystemClock()
    return Credentials(Reloading(lambda read: read_in_cluster(read, directory, environ), clock), clock)


class Credentials:
    """Implements `kube.connection.Credentials`."""

    def __init__(self, config: Reloading[ClientConfig], clock: Clock) -> None:
        self._config = config
        self._plugin = _PluginGrants(clock)
        self._access: Access | None = None
        self._made_of: tuple[ClientConfig, Grant | None] | None = None
        self._tls: TlsMaterial | None = None

    async def access(self) -> Access:
        config = self._config.current()
        grant = None if config.plugin is None else await self._plugin.current(config.plugin)
        if self._access is None or self._made_of is None or self._made_of != (config, grant):
            self._access, self._made_of = self._renewed(config, grant), (config, grant)
        return self._access

    async def refused(self, access: Access) -> bool:
        self._config.look()
        if self._config.current().plugin is not None:
            self._plugin.forget(access.authorization)
        return await self.access() is not access

    def expires(self) -> float:
        """Return the timestamp at which the client certificate in use ends; infinity if there is none."""
        certificate = None if self._tls is None else self._tls.certificate
        return math.inf if certificate is None else expiry(certificate)

    def _renewed(self, config: ClientConfig, grant: Grant | None) -> Access:
        authorization = config.authorization if grant is None else grant.authorization
        return Access(config.server, authorization, self._context(config, grant), config.tls_server_name)

    def _context(self, config: ClientConfig, grant: Grant | None) -> ssl.SSLContext | None:
        """Return the context in use while it fits, and also when a new pair does not match: half replaced, maybe."""
        if not config.server.startswith("https:"):
            return None
        tls = config.tls
        if grant is not None and grant.certificate is not None:
            tls = replace(tls, certificate=grant.certificate, key=grant.key)
        used = self._access.tls if self._access is not None else None
        if used is not None and tls == self._tls:
            return used
        try:
            context = client_context(tls)
        except (OSError, ValueError) as error:
            if used is None:
                raise CredentialsError(f"certificates for {config.server}: {error}") from error
            log.warning("certificates not reloaded", server=config.server, error=str(error))
            return used
        self._tls = tls
        return context


class _PluginGrants:
    """The plugin's newest credential; one run at a time, however many ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running = asyncio.Lock()
        self._plugin: Plugin | None = None
        self._grant: Grant | None = None
        self._asked = 0.0
        self._renew_at = 0.0

    async def current(self, plugin: Plugin) -> Grant:
        async with self._running:
            if self._grant is None or self._plugin is not plugin:
                return await self._renew(plugin)
            if self._clock.now() < self._renew_at:
                return self._grant
            try:
                return await self._renew(plugin)
            except CredentialsError as error:
                if self._is_over(self._grant):
                    raise
                log.warning("credential not renewed", error=str(error))
                self._renew_at = self._clock.now() + _PAUSE
                return self._grant

    def forget(self, authorization: str | None) -> None:
        """Have the plugin run at the next use, unless it has just run, or gave something else since."""
        if self._grant is None or self._grant.authorization != authorization:
            return
        if self._clock.now() >= self._asked + _PAUSE:
            self._grant = None

    async def _renew(self, plugin: Plugin) -> Grant:
        grant = await ask(plugin)
        self._plugin, self._grant, self._asked = plugin, grant, self._clock.now()
        self._renew_at = self._asked + 0.9 * self._seconds_left(grant)
        return grant

    def _is_over(self, grant: Grant) -> bool:
        return self._seconds_left(grant) <= 0

    def _seconds_left(self, grant: Grant) -> float:
        if grant.expires is None:
            return float("inf")
        return (grant.expires - self._clock.utcnow()).total_seconds()
