"""Command lines of the programs that K3s embeds, with its defaults, and what a user put over these: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.k3s_standin.layout import Layout

INSECURE_PORT_GONE = (1, 24)
CONTROLLER_MANAGER_PORT, SCHEDULER_PORT = 10257, 10259

Flags = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the command lines are made from."""

    layout: Layout
    version: tuple[int, int]  # of Kubernetes
    port: int
    address: str
    bind_address: str
    cluster_cidr: str
    service_cidr: str
    node_ports: str
    domain: str
    datastore: Mapping[str, str]  # the flags of kube-apiserver for it
    several: bool  # there may be more servers than this, so that controllers must elect a leader
    routed_to_endpoints: bool
    cloud_controller: bool


def apiserver(facts: Facts) -> Flags:
    tls = facts.layout
    issuer = f"https://kubernetes.default.svc.{facts.domain}"
    single = {
        **facts.datastore,
        "advertise-address": facts.address,
        "allow-privileged": "true",
        "anonymous-auth": "false",
        "api-audiences": f"{issuer},k3s",
        "authorization-mode": "Node,RBAC",
        "bind-address": facts.bind_address,
        "client-ca-file": str(tls.certificate("client-ca")),
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        # Its endpoint is ours to write: this program cannot advertise a port other than its own, as K3s's can.
        "endpoint-reconciler-type": "none",
        "kubelet-certificate-authority": str(tls.certificate("server-ca")),
        "kubelet-client-certificate": str(tls.certificate("client-kube-apiserver")),
        "kubelet-client-key": str(tls.key("client-kube-apiserver")),
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "profiling": "false",
        "proxy-client-cert-file": str(tls.certificate("client-auth-proxy")),
        "proxy-client-key-file": str(tls.key("client-auth-proxy")),
        "requestheader-allowed-names": "system:auth-proxy",
        "requestheader-client-ca-file": str(tls.certificate("request-header-ca")),
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": str(facts.port),
        "service-account-issuer": issuer,
        "service-account-key-file": str(tls.key("service")),
        "service-account-signing-key-file": str(tls.key("service.current")),
        "service-cluster-ip-range": facts.service_cidr,
        "service-node-port-range": facts.node_ports,
        "tls-cert-file": str(tls.certificate("serving-kube-apiserver")),
        "tls-private-key-file": str(tls.key("serving-kube-apiserver")),
        **({"enable-aggregator-routing": "true"} if facts.routed_to_endpoints else {}),
    }
    return {name: [value] for name, value in single.items()}


def controller_manager(facts: Facts) -> Flags:
    """Say how to start it: all controllers share one account, unlike K3s'.

    With the sandbox's Kubernetes an account for each costs a Secret and several requests: seconds at each first start.
    """
    tls = facts.layout
    controllers = [
        "*",
        "tokencleaner",
        *(["-service", "-route", "-cloud-node-lifecycle"] if facts.cloud_controller else []),
    ]
    single = {
        **_component(facts, "controller", CONTROLLER_MANAGER_PORT),
        "allocate-node-cidrs": "true",
        "cluster-cidr": facts.cluster_cidr,
        "controllers": ",".join(controllers),
        **_signers(facts),
        "root-ca-file": str(tls.certificate("server-ca")),
        "service-account-private-key-file": str(tls.key("service.current")),
        "service-cluster-ip-range": facts.service_cidr,
        "use-service-account-credentials": "false",
    }
    return {name: [value] for name, value in single.items()}


def _signers(facts: Facts) -> dict[str, str]:
    signers = {
        "kube-apiserver-client": "client-ca",
        "kubelet-client": "client-ca",
        "kubelet-serving": "server-ca",
        "legacy-unknown": "server-ca",
    }
    return {
        f"cluster-signing-{signer}-{kind}-file": str(file)
        for signer, authority in signers.items()
        for kind, file in (
            ("cert", facts.layout.certificate(f"{authority}.nochain")),
            ("key", facts.layout.key(authority)),
        )
    }


def scheduler(facts: Facts) -> Flags:
    return {name: [value] for name, value in _component(facts, "scheduler", SCHEDULER_PORT).items()}


def _component(facts: Facts, identity: str, port: int) -> dict[str, str]:
    kubeconfig = str(facts.layout.kubeconfig(identity))
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "secure-port": str(port),
        "profiling": "false",
        "leader-elect": "true" if facts.several else "false",
        **({"port": "0"} if facts.version < INSECURE_PORT_GONE else {}),
    }


def with_user(flags: Flags, user: Sequence[str]) -> Flags:
    """The defaults with a user's `name=value` in their place, `name+=value` behind and `name-=value` before them."""
    result, replaced = dict(flags), set[str]()
    for argument in user:
        name, _, value = argument.lstrip("-").partition("=")
        if name.endswith("+"):
            result[name[:-1]] = [",".join([*result.get(name[:-1], []), value])]
        elif name.endswith("-"):
            result[name[:-1]] = [",".join([value, *result.get(name[:-1], [])])]
        else:
            result[name] = [*(result[name] if name in replaced else []), value]
            replaced.add(name)
    return result


def command_line(flags: Flags) -> list[str]:
    return [f"--{name}={value}" for name, values in sorted(flags.items()) for value in values]
