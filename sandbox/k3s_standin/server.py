"""`k3s server`: what is started in which order, and what has to be there before the next."""

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from sandbox.k3s_standin import (
    arguments,
    bootstrap,
    certificates,
    datastore,
    facts,
    joining,
    kubeconfigs,
    manifests,
    settings,
    token,
)
from sandbox.k3s_standin.api import Api, ApiError
from sandbox.k3s_standin.children import Children, Terminated, log, raise_on_signal
from sandbox.k3s_standin.datastore import Datastore, Kind
from sandbox.k3s_standin.embedded import Embedded
from sandbox.k3s_standin.errors import ChildEndedError, FatalError, FinishedError
from sandbox.k3s_standin.facts import Facts
from sandbox.k3s_standin.nodes import Nodes
from sandbox.k3s_standin.settings import Settings
from sandbox.k3s_standin.token import Token
from sandbox.k3s_standin.x509_files import write_private

START_LIMIT = 120.0
INTERVAL = 0.1


def run(command_line: Sequence[str], environment: Mapping[str, str], programs: Path) -> int:
    """Serve until SIGTERM, which is 0, or until something fails, which is 1."""
    raise_on_signal()
    children = Children(programs)
    try:
        given = settings.read(command_line, environment)
        Server(given, facts.derive(given, environment), children, programs).run()
    except Terminated:
        log("Received terminated: shutting down")
        return 0
    except FinishedError as done:
        log(str(done))
        return 0
    except (FatalError, ApiError) as error:
        log(f"level=fatal msg={str(error)!r}")
        return 1
    finally:
        children.end()


class Server:
    """One server on its way up."""

    def __init__(self, given: Settings, facts: Facts, children: Children, programs: Path) -> None:
        if not given.switch("disable-agent"):
            raise FatalError("this is the sandbox's stand-in for K3s, which has no agent: set disable-agent")
        self._settings = given
        self._facts = facts
        self._children = children
        version = (programs / "VERSION").read_text().removeprefix("v").split(".")
        self._version = int(version[0]), int(version[1])
        self._api = Api(facts.layout, facts.port)
        self._embedded = Embedded(facts, children, given.arguments("etcd-arg"))

    def run(self) -> NoReturn:
        """Start everything, then wait until something ends."""
        facts.prepare_folders(self._facts)
        given = self._token()
        store = self._start_datastore(given)
        if bootstrap.reconcile(self._facts.layout, store.client, given.password):
            self._make_certificates(given)
        self._write_credentials(given)
        self._start_apiserver(store)
        self._publish(store)
        self._start_controllers(store)
        try:
            self._children.wait()
        except ChildEndedError as error:
            # So ends an etcd whose member was removed; one that fails has another code.
            if store.kind is Kind.EMBEDDED and (error.name, error.code) == ("etcd", 0):
                self._embedded.mark_as_removed()
                raise FatalError(
                    "this node has been removed from the cluster please restart k3s to rejoin the cluster"
                ) from error
            raise

    def _token(self) -> Token:
        file = self._settings.text("token-file")
        text = self._settings.text("token") or (Path(file).read_text() if file else "")
        kept = self._facts.layout.server / "token"
        if not text.strip() and kept.exists():
            text = kept.read_text()
        return token.parse(text.strip() or secrets.token_hex(16))

    def _start_datastore(self, given: Token) -> Datastore:
        self._embedded.bury()
        kind = datastore.chosen(self._settings, self._facts.layout)
        self._prepare_reset(kind)
        if kind is Kind.ALONE:
            store = datastore.start_alone(self._facts, self._children)  # meanwhile, certificates are made
            self._make_certificates(given)
            datastore.wait(store.client, self._children)
            return store
        if kind is Kind.EXTERNAL:
            self._make_certificates(given)
            store = datastore.external(self._settings)
            datastore.wait(store.client, self._children)
            return store
        self._embedded.migrate()
        others = self._ask_others(given)
        self._make_certificates(given)
        store = self._embedded.start(self._embedded.client(list(others)) if others else None)
        if self._settings.switch("cluster-reset"):
            raise FinishedError("Etcd is running, restart without --cluster-reset flag now")
        return store

    def _ask_others(self, given: Token) -> tuple[str, ...]:
        """Those whom this server has to join, and what it must share with them; nobody if it has been a member."""
        server = self._settings.text("server")
        if not server or self._embedded.has_data:
            return ()
        shared = joining.fetch(server, given)
        joining.check_same(self._shared_settings(), shared.settings)
        bootstrap.restore(self._facts.layout, shared.files)
        return shared.etcd

    def _shared_settings(self) -> dict[str, str]:
        return {
            "cluster-cidr": self._facts.cluster_cidr,
            "service-cidr": self._facts.service_cidr,
            "cluster-dns": self._facts.cluster_dns,
            "cluster-domain": self._facts.domain,
            "egress-selector-mode": self._settings.text("egress-selector-mode", "agent"),
            "disable-cloud-controller": str(self._settings.switch("disable-cloud-controller")),
        }

    def _prepare_reset(self, kind: Kind) -> None:
        """See to it that a reset happens once, and only where it means something."""
        flag = self._facts.layout.reset_flag
        if not self._settings.switch("cluster-reset"):
            flag.unlink(missing_ok=True)
        elif kind is not Kind.EMBEDDED or not self._embedded.has_data:
            raise FatalError("cluster-reset needs an etcd that this server was a member of")
        elif self._settings.text("server"):
            raise FatalError("cannot perform cluster-reset while server URL is set - remove server from configuration")
        elif flag.exists():
            raise FatalError(
                "Cluster reset was successfully performed, please remove the cluster-reset flag and start k3s "
                f"normally. If you need to perform another cluster reset, you must first manually delete {flag}"
            )
        else:
            flag.touch()
            self._embedded.forget_others(self._facts.layout.etcd)

    def _make_certificates(self, given: Token) -> None:
        layout = self._facts.layout
        certificates.make_authorities(layout)
        given.check(layout.certificate("server-ca").read_bytes())
        certificates.make_leaves(layout, self._facts.server_names)

    def _write_credentials(self, given: Token) -> None:
        layout = self._facts.layout
        full = token.full(given.password, layout.certificate("server-ca").read_bytes())
        write_private(layout.server / "token", f"{full}\n".encode())
        for name in ("node-token", "agent-token"):
            link = layout.server / name
            if not link.is_symlink():
                link.symlink_to("token")
        passwd = f'{given.password},{joining.USER},{joining.USER},"{joining.USER}"\n'
        write_private(layout.credentials / "passwd", passwd.encode())
        kubeconfigs.write_all(layout, self._facts.local_url)
        admin = self._facts.kubeconfig
        kubeconfigs.write_admin(layout, admin, self._facts.local_url, self._facts.kubeconfig_mode)
        log(f"Wrote kubeconfig {admin}")

    def _start_apiserver(self, store: Datastore) -> None:
        flags = arguments.apiserver(self._arguments(store))
        if store.kind is Kind.EMBEDDED:
            flags["token-auth-file"] = [str(self._facts.layout.credentials / "passwd")]
        self._start("kube-apiserver", flags)
        deadline = time.monotonic() + START_LIMIT
        for path in ("/readyz", "/api/v1/namespaces/default"):  # it makes its namespaces a moment after it is ready
            self._wait_for(path, deadline)
        log("Kube API server is now running")

    def _wait_for(self, path: str, deadline: float) -> None:
        while True:
            self._children.check()
            try:
                self._api.call("GET", path)
            except ApiError as error:
                if time.monotonic() > deadline:
                    raise FatalError(f"apiserver is not ready: {error}") from error
                time.sleep(INTERVAL)
            else:
                return

    def _publish(self, store: Datastore) -> None:
        """Say where the API server is, at an address and port that may be a proxy's; and how to join."""
        subset = {
            "addresses": [{"ip": self._facts.advertise_address}],
            "ports": [{"name": "https", "port": self._facts.advertise_port, "protocol": "TCP"}],
        }
        metadata = {"name": "kubernetes", "namespace": "default"}
        body = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]}
        self._api.apply(body)
        if store.kind is Kind.EMBEDDED:
            urls = sorted({self._embedded.url, *(url for each in store.client.members() for url in each.client_urls)})
            joining.publish(self._api, self._facts.layout, urls, self._shared_settings())

    def _start_controllers(self, store: Datastore) -> None:
        on = {name: not self._settings.switch(f"disable-{name}") for name in ("controller-manager", "scheduler")}
        made = self._arguments(store)
        if on["controller-manager"]:
            self._start("kube-controller-manager", arguments.controller_manager(made))
        disabled = self._settings.listing("disable")
        values = {"CLUSTER_DOMAIN": self._facts.domain, "CLUSTER_DNS": self._facts.cluster_dns}
        manifests.write_packaged(self._facts.layout, values, disabled)
        threading.Thread(target=manifests.keep_applied, args=(self._facts.layout, self._api), daemon=True).start()
        nodes = Nodes(self._api, dns="coredns" not in disabled)
        nodes.start()
        if on["scheduler"]:
            if made.cloud_controller:
                log("Waiting for untainted node")
                while not nodes.usable.wait(INTERVAL):
                    self._children.check()
            self._start("kube-scheduler", arguments.scheduler(made))

    def _start(self, name: str, flags: arguments.Flags) -> None:
        user = self._settings.arguments(f"{name}-arg")
        self._children.start(name, arguments.command_line(arguments.with_user(flags, user)))

    def _arguments(self, store: Datastore) -> arguments.Facts:
        return arguments.Facts(
            layout=self._facts.layout,
            version=self._version,
            port=self._facts.port,
            address=self._facts.node_ip,
            bind_address=self._facts.bind_address,
            cluster_cidr=self._facts.cluster_cidr,
            service_cidr=self._facts.service_cidr,
            node_ports=self._facts.node_ports,
            domain=self._facts.domain,
            datastore=store.flags,
            several=store.kind is not Kind.ALONE,
            routed_to_endpoints=self._settings.text("egress-selector-mode", "agent") != "disabled",
            cloud_controller=not self._settings.switch("disable-cloud-controller"),
        )
