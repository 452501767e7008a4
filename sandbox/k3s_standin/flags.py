"""The flags of `k3s server`, which are the keys of its configuration file too: names and kinds, nothing more.

Source: the K3s documentation, "k3s server", and its `pkg/cli/cmds/server.go`, as of 1.33; with the hidden ones that
matter to who runs it in a pod.
"""

SHORT = {
    "c": "config",
    "d": "data-dir",
    "i": "node-ip",
    "l": "log",
    "o": "write-kubeconfig",
    "s": "server",
    "t": "token",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXTS = _names(
    """
    config log vmodule bind-address https-listen-port supervisor-port apiserver-port apiserver-bind-address
    advertise-address advertise-port data-dir service-node-port-range cluster-domain flannel-backend
    egress-selector-mode servicelb-namespace write-kubeconfig write-kubeconfig-mode write-kubeconfig-group
    helm-job-image token token-file agent-token agent-token-file server cluster-reset-restore-path datastore-endpoint
    datastore-cafile datastore-certfile datastore-keyfile etcd-snapshot-name etcd-snapshot-schedule-cron
    etcd-snapshot-retention etcd-snapshot-dir etcd-snapshot-reconcile-interval etcd-s3-endpoint etcd-s3-endpoint-ca
    etcd-s3-access-key etcd-s3-secret-key etcd-s3-session-token etcd-s3-bucket etcd-s3-bucket-lookup-type
    etcd-s3-region etcd-s3-folder etcd-s3-retention etcd-s3-proxy etcd-s3-config-secret etcd-s3-timeout
    default-local-storage-path node-name image-credential-provider-bin-dir image-credential-provider-config
    container-runtime-endpoint default-runtime image-service-endpoint pause-image snapshotter private-registry
    system-default-registry resolv-conf flannel-iface flannel-conf flannel-cni-conf vpn-auth vpn-auth-file
    lb-server-port secrets-encryption-provider v
    """
)
LISTS = _names(
    """
    tls-san cluster-cidr service-cidr cluster-dns kube-apiserver-arg etcd-arg kube-controller-manager-arg
    kube-scheduler-arg kube-cloud-controller-manager-arg kubelet-arg kube-proxy-arg disable node-label node-taint
    node-ip node-external-ip node-internal-dns node-external-dns airgap-extra-registry
    """
)
SWITCHES = _names(
    """
    debug alsologtostderr tls-san-security flannel-ipv6-masq flannel-external-ip cluster-init cluster-reset kine-tls
    etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-compress etcd-s3 etcd-s3-skip-ssl-verify etcd-s3-insecure
    disable-scheduler disable-cloud-controller disable-kube-proxy disable-network-policy disable-helm-controller
    disable-agent disable-apiserver disable-controller-manager disable-etcd embedded-registry supervisor-metrics
    with-node-id docker disable-default-registry-endpoint nonroot-devices protect-kernel-defaults secrets-encryption
    enable-pprof rootless prefer-bundled-bin selinux multi-cluster-cidr
    """
)
ALL = TEXTS | LISTS | SWITCHES

ENVIRONMENT = {
    "K3S_CONFIG_FILE": "config",
    "K3S_DATA_DIR": "data-dir",
    "K3S_TOKEN": "token",
    "K3S_TOKEN_FILE": "token-file",
    "K3S_AGENT_TOKEN": "agent-token",
    "K3S_AGENT_TOKEN_FILE": "agent-token-file",
    "K3S_URL": "server",
    "K3S_CLUSTER_INIT": "cluster-init",
    "K3S_CLUSTER_RESET": "cluster-reset",
    "K3S_KUBECONFIG_OUTPUT": "write-kubeconfig",
    "K3S_KUBECONFIG_MODE": "write-kubeconfig-mode",
    "K3S_KUBECONFIG_GROUP": "write-kubeconfig-group",
    "K3S_DATASTORE_ENDPOINT": "datastore-endpoint",
    "K3S_DATASTORE_CAFILE": "datastore-cafile",
    "K3S_DATASTORE_CERTFILE": "datastore-certfile",
    "K3S_DATASTORE_KEYFILE": "datastore-keyfile",
    "K3S_NODE_NAME": "node-name",
    "K3S_SYSTEM_DEFAULT_REGISTRY": "system-default-registry",
}
