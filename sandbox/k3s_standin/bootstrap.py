"""What every server of a cluster must have alike, kept in the datastore: authorities, and what signs tokens.

The datastore decides, as in the real one: a file that is missing or older than what was stored is rewritten; one that
was changed after is a reason not to start. The password under which it was stored must be the one given now.
"""

import base64
import hashlib
import json
import time

from sandbox.k3s_standin import certificates
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.etcd_client import EtcdClient
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.x509_files import write_private

PREFIX = "/bootstrap/"
TOLERANCE = 3.0  # seconds between clocks

Stored = dict[str, tuple[str, float]]


def reconcile(layout: Layout, client: EtcdClient, password: str) -> bool:
    """Bring disk and datastore together; whether files have changed."""
    key = PREFIX + hashlib.sha256(password.encode()).hexdigest()[:12]
    content = client.get(key)
    if content is not None:
        return restore(layout, decoded(content))
    if client.keys(PREFIX):
        raise FatalError("bootstrap data already found and encrypted with different token")
    client.put(key, encoded(layout))
    return False


def encoded(layout: Layout) -> bytes:
    """The files on disk."""
    files = {
        name: (base64.b64encode((layout.tls / name).read_bytes()).decode(), time.time())
        for name in certificates.bootstrap_files()
    }
    return json.dumps(files).encode()


def decoded(content: bytes) -> Stored:
    files: Stored = {name: (each[0], each[1]) for name, each in json.loads(content).items()}
    return files


def restore(layout: Layout, stored: Stored) -> bool:
    """Write what is missing or older; whether anything was."""
    newer, changed = [], False
    for name, (text, at) in stored.items():
        path, content = layout.tls / name, base64.b64decode(text)
        if path.exists() and path.read_bytes() == content:
            continue
        if path.exists() and path.stat().st_mtime > at + TOLERANCE:
            newer.append(str(path))
            continue
        write_private(path, content)
        changed = True
    if newer:
        raise FatalError(
            f"{', '.join(newer)} newer than datastore and could cause a cluster outage. "
            "Remove the file(s) from disk and restart to be recreated from datastore."
        )
    return changed
