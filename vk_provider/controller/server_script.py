"""What a server's init container does before K3s starts, in the shell of K3s' own image.

Promises: it may be killed at any point and run again; authorities that are there are never replaced, for K3s does not
start when they differ from those in its datastore; certificates that K3s made are made anew at each start, so that a
start is all it takes to renew them.
"""

from collections.abc import Iterable

from vk_provider.controller.k3s_config import COMMON, CONFIG_DIR, DATA_DIR
from vk_provider.controller.server_volumes import AUTHORITIES_DIR, CONFIG_SOURCE_DIR, MANIFESTS_DIR

_SCRIPT = f"""
umask 077
tls={DATA_DIR}/server/tls
mkdir -p "$tls/etcd" {MANIFESTS_DIR} {DATA_DIR}/node {CONFIG_DIR}/config.yaml.d
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
cp {CONFIG_SOURCE_DIR}/{COMMON} {CONFIG_DIR}/config.yaml
if [ -e "{CONFIG_SOURCE_DIR}/$POD_NAME.yaml" ]; then
  cp "{CONFIG_SOURCE_DIR}/$POD_NAME.yaml" {CONFIG_DIR}/config.yaml.d/member.yaml
fi
printf 'tls-san+: ["%s"]\\n' "$POD_IP" > {CONFIG_DIR}/config.yaml.d/pod.yaml
"""


def preparation(addons: Iterable[str]) -> str:
    """Return the script. Folders of addons are made by it: what a node makes for a mount is root's, and only root's."""
    folders = "".join(f"mkdir -p {MANIFESTS_DIR}/{addon}\n" for addon in addons)
    return _SCRIPT + folders
