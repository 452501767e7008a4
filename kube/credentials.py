"""What it takes to be let in: a kubeconfig, or the service account that a pod is given.

Promises: files are looked at again while the program runs (kubeconfig, token, certificates, authorities), and what
changed in them is used from the next request on; half-written or missing ones change nothing. A plugin of the
kubeconfig (`exec`) is asked again when a tenth of its credential's life is left, or when the server refuses it.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from kube.clock import Clock, SystemClock
from kube.errors import CredentialsError
from kube.kubernetes_config import Access, Grant, Plugin, ask, read_in_cluster, read_kubeconfig
from kube.reloading import Reloading
from kube.tls import TlsMaterial, client_context

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PAUSE = 10.0  # seconds between two runs of a plugin, whatever the server says

log = structlog.get_logger()


async def load_kubeconfig(path: Path | str, context: str | None = None, *, clock: Clock | None = None) -> "Credentials":
    """Read a kubeconfig, and ask its plugin if it has one; raises CredentialsError."""
    clock = clock or SystemClock()
    credentials = Credentials(Reloading(lambda read: read_kubeconfig(read, Path(path), context), clock), clock)
    await credentials.authorization()
    credentials.ssl_context()
    return credentials


def load_in_cluster(
    directory: Path = SERVICE_ACCOUNT, environ: Mapping[str, str] = os.environ, *, clock: Clock | None = None
) -> "Credentials":
    """Read what the kubelet gives every pod; raises CredentialsError outside of one."""
    clock = clock or SystemClock()
    return Credentials(Reloading(lambda read: read_in_cluster(read, directory, environ), clock), clock)


class Credentials:
    """Implements `kube.connection.Credentials`."""

    def __init__(self, access: Reloading[Access], clock: Clock) -> None:
        self._access = access
        self._granted = _PluginGrants(clock)
        self._tls: TlsMaterial | None = None
        self._context: ssl.SSLContext | None = None

    @property
    def server(self) -> str:
        return self._access.current().server

    @property
    def tls_server_name(self) -> str | None:
        return self._access.current().tls_server_name

    async def authorization(self) -> str | None:
        access = self._access.current()
        if access.plugin is None:
            return access.authorization
        return (await self._granted.current(access.plugin)).authorization

    def ssl_context(self) -> ssl.SSLContext | None:
        access = self._access.current()
        if not access.server.startswith("https:"):
            return None
        tls = access.tls if access.plugin is None else self._granted.added_to(access.tls)
        if tls != self._tls:
            self._context = self._renewed(tls)
            self._tls = tls
        return self._context

    async def refused(self, authorization: str | None) -> bool:
        before = self._access.current()
        self._access.look()
        after = self._access.current()
        if after.plugin is not None:
            return self._granted.forget(authorization)
        return after != before or after.authorization != authorization

    def _renewed(self, tls: TlsMaterial) -> ssl.SSLContext:
        """Build a context; a pair that does not match, half replaced maybe, leaves the old one in use."""
        try:
            return client_context(tls)
        except (OSError, ValueError) as error:
            if self._context is None:
                raise CredentialsError(f"certificates of {self.server}: {error}") from error
            log.warning("certificates not reloaded", server=self.server, error=str(error))
            return self._context


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

    def added_to(self, tls: TlsMaterial) -> TlsMaterial:
        if self._grant is None or self._grant.certificate is None:
            return tls
        return replace(tls, certificate=self._grant.certificate, key=self._grant.key)

    def forget(self, authorization: str | None) -> bool:
        """Have the plugin run at the next use, unless that was just done, and tell whether there will be another."""
        if self._grant is not None and self._grant.authorization != authorization:
            return True  # another request was refused too, and came first
        if self._clock.now() < self._asked + _PAUSE:
            return False
        self._grant = None
        return True

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
