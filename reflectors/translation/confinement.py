"""Pods for which the tenant's own policies say what they may reach: they bear a mark on the host.

Network policies add up: what is open to every pod of a virtual cluster, no policy of its tenant could close. So it is
open only to pods without this mark.
"""

from reflectors.translation.context import Context
from reflectors.translation.json_values import Json, mapped
from reflectors.translation.metadata import DOMAIN, host_labels
from reflectors.translation.network_policies import policy_types

CONFINED_LABEL = f"{DOMAIN}/egress"
_BY_TENANT = "by-policy"


def pod_labels(virtual: Json, context: Context) -> dict[str, str]:
    """Return the labels of a host pod."""
    labels, metadata = host_labels(virtual, context), virtual["metadata"]
    is_confined = context.confined(metadata["namespace"], mapped(metadata, "labels"))
    return labels | {CONFINED_LABEL: _BY_TENANT} if is_confined else labels


def confining_selector(policy: Json) -> Json | None:
    """Return which pods of its namespace a policy confines; None if it says nothing of what pods reach."""
    spec = mapped(policy, "spec")
    return mapped(spec, "podSelector") if "Egress" in policy_types(spec) else None
