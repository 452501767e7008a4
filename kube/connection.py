"""How bytes get to one API server: two pools of connections, one for calls and one for streams.

Promises: streams never keep a call waiting; a peer that fell silent is noticed by the kernel; no proxy or netrc of the
environment is looked at; new certificates are used by every new connection, while whatever runs keeps the one it has.
"""

import socket
import ssl
from collections.abc import Mapping
from typing import Protocol

import aiohttp
from aiohttp.connector import AddrInfoType
from yarl import URL

from kube.errors import Unreachable

CALL_CONNECTIONS = 64
_SILENCE = 30  # seconds after which the kernel asks a silent peer whether it lives, and gives up on lost data


class Credentials(Protocol):
    """Where the API server is and what it takes to be let in; asked before every request, so it must be cheap."""

    @property
    def server(self) -> str:
        """https://host:port, and a path if the API server lives under one."""

    @property
    def tls_server_name(self) -> str | None:
        """The name that the server's certificate must bear, if it is not the host's."""

    async def authorization(self) -> str | None:
        """The Authorization header, if any; raises CredentialsError."""

    def ssl_context(self) -> ssl.SSLContext | None:
        """The same object until keys or certificates change; None for http://. Asked after `authorization`."""

    async def refused(self, authorization: str | None) -> bool:
        """Learn that the server answered 401; True says that trying again makes sense, with what there is by then."""


class Connection:
    def __init__(self, credentials: Credentials, user_agent: str) -> None:
        self.credentials = credentials
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": user_agent}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._closed = False

    async def close(self) -> None:
        """Cut whatever runs and wait until it is gone; the connection cannot be used again."""
        self._closed = True
        for session in self._sessions.values():
            await session.close()

    def _session(self, *, stream: bool) -> aiohttp.ClientSession:
        """Return the pool, made at first use, since aiohttp makes one only inside a running event loop."""
        session = self._sessions.get(stream)
        if session is None:
            if self._closed:
                raise RuntimeError("the client is closed")
            limit = 0 if stream else CALL_CONNECTIONS
            session = self._sessions[stream] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=limit, socket_factory=open_socket),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trust_env=False,
            )
        return session

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, *, stream: bool
    ) -> aiohttp.ClientResponse:
        """Send one request and return when the head of its answer is here; raises Unreachable when there is none."""
        session = self._session(stream=stream)
        try:
            return await session.request(
                method,
                URL(self.credentials.server + target, encoded=True),
                headers=headers,
                data=body,
                ssl=self.credentials.ssl_context() or True,
                server_hostname=self.credentials.tls_server_name,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(method, target, error) from error


def unreachable(method: str, target: str, error: Exception) -> Unreachable:
    refused = isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError | ssl.SSLCertVerificationError)
    return Unreachable(method, target, str(error) or type(error).__name__, refused=refused)


def open_socket(address: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    opened = socket.socket(family, kind, protocol)
    watch_silence(opened)
    return opened


def watch_silence(opened: socket.socket) -> None:
    """Have the kernel break a connection whose peer is gone without a word, after about a minute."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENCE)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE * 1000)
