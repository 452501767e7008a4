"""The reflector of service account tokens: what the host's kubelet cannot ask the virtual API server for.

One queue, keyed by the virtual pod; what to do is decided in `translation.tokens`. Each pod's tokens lie in one Secret
on the host, with the times of their lives on it: after a restart nothing is asked for that is not due.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog

from kube.client import PatchType
from kube.errors import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler, RequeueAfter
from kube.resources import SECRETS, SERVICE_ACCOUNTS
from kube.store import Change
from kube.work_queue import WorkQueue
from reflectors.host_objects import body_of, key_of_original, ours
from reflectors.lag import Lag
from reflectors.latest import Latest
from reflectors.refused import is_lost_race, refusal_of
from reflectors.tenant_events import TenantEvents
from reflectors.tools import Tools
from reflectors.translation.json_values import Json
from reflectors.translation.tokens import (
    HOLDS,
    HOLDS_LABEL,
    KIND,
    Life,
    Request,
    Rest,
    Token,
    TokenSource,
    holds_all,
    next_token_step,
    token_request,
    token_sources,
    token_write,
)
from reflectors.translation.writes import Create, Delete, Refuse
from reflectors.virtual_pods import VirtualPods

WORKERS = 8
FOREIGN_SECONDS = 60.0  # between looks at a Secret that is not ours to watch

log = structlog.get_logger()


class _Asked(msgspec.Struct, rename="camel"):
    expiration_seconds: int


class _Given(msgspec.Struct):
    token: str


class TokenReflector:
    """Part of the daemon."""

    def __init__(self, pods: VirtualPods, tools: Tools) -> None:
        self._pods = pods
        self._sides = tools.sides
        self._context = context = tools.context
        self._clock = tools.clock
        self._whenever_leading = tools.sides.whenever_leading
        selector = f"{ours(context)},{HOLDS_LABEL}={HOLDS}"
        self._secrets = Informer(
            tools.sides.host, SECRETS, context.host_namespace, label_selector=selector, timing=Timing(clock=tools.clock)
        )
        self._latest = Latest.of(self._secrets)
        self._events = TenantEvents(tools.sides.recorder)
        self._handlers: tuple[Callable[[Key], None], ...] = ()
        self._queue: WorkQueue[Key] = WorkQueue(tools.clock, partition=lambda key: key.namespace)
        self._secrets.add_handler(_Secrets(self._changed, self._key_of_secret))
        self._lag: Lag[Key] = tools.lags.of("tokens")
        pods.follow(self._lag.of_virtual(self._queue.add))
        self._reconciler = Reconciler(
            "tokens",
            self._queue,
            self._lag.measured(self._reconcile),
            limits=Limits(workers=WORKERS),
            observers=[tools.metrics.reconciler("tokens", self._queue)],
        )
        tools.metrics.informer("host tokens", self._secrets)

    @property
    def synced(self) -> bool:
        return self._pods.synced and self._secrets.synced

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._secrets.run(), name="host tokens")
            # A Secret is an orphan only if all virtual pods are known.
            await self._pods.wait_synced()
            await self._secrets.wait_synced()
            group.create_task(self._whenever_leading(self._reconciler.run), name="reconcile tokens")

    def add_handler(self, handler: Callable[[Key], None]) -> None:
        """Tell `handler` the key of each virtual pod whose tokens have come or gone."""
        self._handlers = (*self._handlers, handler)

    def lacks_tokens(self, virtual: Json) -> bool:
        """Whether the host has no Secret yet with all tokens that this virtual pod asks for."""
        if not token_sources(virtual):
            return False
        metadata = virtual["metadata"]
        secret = self._latest.get(self._host_key(Key(metadata["namespace"], metadata["name"])))
        return secret is None or not holds_all(virtual, secret.to_dict(), self._context)

    async def _reconcile(self, key: Key) -> RequeueAfter | None:
        pod, secret = self._pods.get(key), self._latest.get(self._host_key(key))
        if pod is None and secret is None:
            self._forget(key)
            return None
        return await self._take_step(key, pod, secret)

    async def _take_step(self, key: Key, pod: Object | None, secret: Object | None) -> RequeueAfter | None:
        virtual, host = body_of(pod), body_of(secret)
        step = next_token_step(virtual, host, self._context, self._clock.utcnow().timestamp())
        match step:
            case Rest(seconds):
                return None if seconds is None else RequeueAfter(seconds)
            case Delete(uid, _, why):
                log.info("deleting tokens", key=str(key), why=why)
                with suppress(NotFound, Conflict):  # it is gone, or another by now; the watch will tell
                    await self._sides.host.delete(SECRETS, self._host_key(key).name, self._namespace, uid=uid)
                self._lag.wrote_host(key)
            case Refuse() if pod is not None:
                self._events.refused(pod, step)
                return RequeueAfter(FOREIGN_SECONDS)
            case Request(sources) if pod is not None and virtual is not None:
                return await self._renew(pod, virtual, host, sources)
        return None

    async def _renew(
        self, pod: Object, virtual: Json, host: Json | None, sources: Sequence[TokenSource]
    ) -> RequeueAfter | None:
        try:
            tokens = {source.key: await self._token(source, virtual) for source in sources}
        except (BadRequest, Forbidden, Invalid, NotFound) as error:
            if error.details.kind == "pods":  # it is going: the watch will tell
                return None
            why = f"the virtual API server gives no token: {error.message}"
            self._events.refused(pod, Refuse("TokenRefused", why))
            raise
        try:
            return await self._write(pod, virtual, host, tokens)
        except (Forbidden, Invalid) as error:
            if not is_lost_race(error):
                self._events.refused(pod, refusal_of(error))
            raise

    async def _token(self, source: TokenSource, virtual: Json) -> Token:
        account = virtual["spec"].get("serviceAccountName") or "default"
        since = self._clock.utcnow().timestamp()  # by our clock, by which it is renewed: theirs may be another
        answer = await self._sides.virtual.create(
            SERVICE_ACCOUNTS,
            token_request(source, virtual),
            virtual["metadata"]["namespace"],
            subresource="token",
            name=account,
        )
        asked, given = answer.decode("spec", _Asked), answer.decode("status", _Given)
        if asked is None or given is None:
            raise ValueError(f"TokenRequest for ServiceAccount {account}: the answer has no token")
        return Token(given.token, Life(since, since + asked.expiration_seconds))

    async def _write(
        self, pod: Object, virtual: Json, host: Json | None, tokens: Mapping[str, Token]
    ) -> RequeueAfter | None:
        name = self._host_key(pod.key).name
        write = token_write(virtual, host, tokens, self._context)
        log.info("writing tokens", key=str(pod.key), count=len(tokens))
        if isinstance(write, Create):
            try:
                written = await self._sides.host.create(SECRETS, write.body, self._namespace)
            except AlreadyExists:
                # Either the watch is late, or somebody else's Secret bears the name.
                written = await self._sides.host.get(SECRETS, name, self._namespace)
                if self._key_of_secret(written) is None:
                    return await self._take_step(pod.key, pod, written)  # which refuses
        else:
            merge = PatchType.MERGE
            written = await self._sides.host.patch(SECRETS, name, write.body, self._namespace, patch_type=merge)
        self._latest.wrote(written)
        self._lag.wrote_host(pod.key)
        self._changed(pod.key)  # the pod need not wait until the watch tells
        return None

    def _changed(self, key: Key) -> None:
        self._queue.add(key)
        for handler in self._handlers:
            handler(key)

    def _forget(self, key: Key) -> None:
        self._latest.forget(self._host_key(key))
        self._events.forget(key)

    @property
    def _namespace(self) -> str:
        return self._context.host_namespace

    def _host_key(self, key: Key) -> Key:
        return Key(self._namespace, self._context.host_name(KIND, key.namespace, key.name))

    def _key_of_secret(self, secret: Object) -> Key | None:
        return key_of_original(secret, KIND, self._context)


class _Secrets:
    """A handler that passes on whose tokens a changed Secret holds."""

    def __init__(self, tell: Callable[[Key], None], key_of: Callable[[Object], Key | None]) -> None:
        self._tell = tell
        self._key_of = key_of

    def on_change(self, change: Change) -> None:
        key = self._key_of(change.object)
        if key is not None:
            self._tell(key)
