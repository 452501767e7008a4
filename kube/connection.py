"""How bytes get to one API server: two pools of connections, one for calls and one for streams.

Promises: streams never keep a call waiting; a peer that fell silent is noticed by the kernel; no proxy or netrc of the
environment is looked at; new certificates are used by every new connection, while whatever runs keeps the one it has.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from yarl import URL

from kube.errors import Unreachable
from kube.fence import fenced_request

CALL_CONNECTIONS = 64
_READ_AHEAD = 256 * 1024  # bytes: as much as asyncio reads of a TLS connection at once, which so need not be paused
_IDLE = 60  # seconds that an unused connection is kept; API servers end it after 90
# Seconds for a connection. A Service without endpoints swallows what is sent to it, and goes on to do so for this
# connection when endpoints come: only a new one gets through.
_CONNECT = 5.0
_SILENCE = 30  # seconds after which the kernel asks a silent peer whether it lives, and gives up on lost data
_NOTHING_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is and what it takes to be let in, at one moment."""

    server: str  # https://host:port, and a path if the API server lives under one
    authorization: str | None = None  # the header's value
    tls: ssl.SSLContext | None = None
    tls_server_name: str | None = None  # what the server's certificate must bear, if it is not the host's name


class Credentials(Protocol):
    async def access(self) -> Access:
        """What to use now; asked before every request, so it must be cheap. Raises CredentialsError."""

    async def refused(self, access: Access) -> bool:
        """Learn that the server answered 401 to it; True says that there is other access to try."""


class Connection:
    def __init__(self, user_agent: str, may_write: Callable[[], bool] | None) -> None:
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": user_agent}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._request_class = aiohttp.ClientRequest if may_write is None else fenced_request(may_write)
        self._closed = False

    async def close(self) -> None:
        """Cut whatever runs and wait until it is gone; the connection cannot be used again."""
        self._closed = True
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    def _session(self, *, stream: bool) -> aiohttp.ClientSession:
        """Make the pool at its first use, since aiohttp makes one only inside a running event loop."""
        if self._closed:
            raise RuntimeError("the client is closed")
        session = self._sessions[stream] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0 if stream else CALL_CONNECTIONS, keepalive_timeout=_IDLE, socket_factory=open_socket
            ),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            trust_env=False,
            read_bufsize=_READ_AHEAD,
            request_class=self._request_class,
        )
        return session

    async def send(
        self,
        access: Access,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
    ) -> aiohttp.ClientResponse:
        """Send one request and return when the head of its answer is here; raises Unreachable when there is none."""
        session = self._sessions.get(stream) or self._session(stream=stream)
        if access.authorization is not None:
            headers = {**headers, "Authorization": access.authorization}
        try:
            return await session.request(
                method,
                URL(access.server + target, encoded=True),
                headers=headers,
                data=body,
                # The pool keeps connections of different contexts apart, so new keys need no new pool.
                ssl=access.tls or True,
                server_hostname=access.tls_server_name,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(method, target, error) from error


def unreachable(method: str, target: str, error: Exception) -> Unreachable:
    path = target.partition("?")[0]
    refused = isinstance(error, _NOTHING_SENT)
    return Unreachable(method, path, str(error) or type(error).__name__, refused=refused)


def cut(response: aiohttp.ClientResponse) -> None:
    """End an answer that may still be coming, and its connection at once.

    To close it would take leave of the peer first, as TLS has it, and keep the socket until that one answers: a server
    that hangs never does.
    """
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


def open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
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
