"""What a server's init container does before K3s starts, in the shell of K3s' own image.

Promises: it may be killed at any point and run again; authorities that are there are never replaced, for K3s does not
start when they differ from those in its datastore; certificates that K3s made are made anew at each start, so that a
start is all it takes to renew them.
"""

from vk_provider.controller.k3s_config import COMMON, CONFIG_DIR, DATA_DIR, FIRST, JOINING

AUTHORITIES_DIR, CONFIG_SOURCE_DIR = "/authorities", "/config"

# The node's password has to outlive the pod, or K3s does not know its own server again.
SCRIPT = f"""
umask 077
tls={DATA_DIR}/server/tls
mkdir -p "$tls/etcd" {DATA_DIR}/server/manifests {DATA_DIR}/node {CONFIG_DIR}/config.yaml.d
ln -sfn {DATA_DIR}/node /etc/rancher/node
for leaf in "$tls"/*.crt "$tls"/etcd/*.crt; do
  case "$leaf" in
    *-ca.crt | *-ca.nochain.crt) ;;
    *) rm -f "$leaf" ;;
  esac
done
cd {AUTHORITIES_DIR}
for file in *.crt *.key etcd/*.crt etcd/*.key; do
  if [ ! -s "$tls/$file" ]; then
    cp "$file" "$tls/$file.new"
    mv "$tls/$file.new" "$tls/$file"
  fi
done
case "$POD_NAME" in
  *-0) role={FIRST} ;;
  *) role={JOINING} ;;
esac
cp {CONFIG_SOURCE_DIR}/{COMMON} {CONFIG_DIR}/config.yaml
cp "{CONFIG_SOURCE_DIR}/$role" {CONFIG_DIR}/config.yaml.d/role.yaml
"""
