"""What a tenant may do on host nodes beyond the default, which is nothing."""

from collections.abc import Iterable
from enum import StrEnum

from reflectors.translation.context import Allowed


class Grant(StrEnum):
    """As settings name it; its own name is that of the field in `Allowed`."""

    HOST_NETWORK = "hostNetwork"
    HOST_PID = "hostPID"
    HOST_IPC = "hostIPC"
    HOST_PORTS = "hostPorts"
    HOST_PATH = "hostPath"
    NODE_VOLUMES = "nodeVolumes"
    PRIVILEGED = "privileged"
    EXTERNAL_IPS = "externalIPs"
    SYSTEM_PRIORITY = "systemPriority"


def allowed(grants: Iterable[Grant]) -> Allowed:
    return Allowed(**{grant.name.lower(): True for grant in grants})
