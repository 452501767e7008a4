"""Which host nodes a pod may run on, as far as its node selector and node affinity say.

They were written for virtual nodes, and the virtual scheduler has honoured them. On the host only that counts which
says something of host nodes as well: the labels that a virtual node takes over from them. The rest (a hostname, a
label that the tenant gave to the virtual node, the name by which a DaemonSet pins its pods) no host node would meet.
"""

from reflectors.translation.json_values import Draft, Json, fresh, listed, mapped
from reflectors.translation.selectors import PREFERRED, REQUIRED

HOST_NODE_LABELS = frozenset(
    {
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)


def host_node_selector(selector: Json) -> dict[str, str]:
    return {key: value for key, value in selector.items() if key in HOST_NODE_LABELS}


def host_node_affinity(affinity: Json) -> Draft | None:
    """Return what of a node affinity narrows the choice among host nodes; None if nothing does."""
    host: Draft = {}
    terms = [_host_part(term) for term in listed(mapped(affinity, REQUIRED), "nodeSelectorTerms")]
    if all(terms) and terms:  # one of the alternatives that asks nothing of a host node leaves every one open
        host[REQUIRED] = {"nodeSelectorTerms": terms}
    preferred = [fresh(term) for term in listed(affinity, PREFERRED) if _is_about_host_nodes(term["preference"])]
    if preferred:
        host[PREFERRED] = preferred
    return host or None


def _host_part(term: Json) -> Draft:
    kept = [fresh(requirement) for requirement in listed(term, "matchExpressions") if _is_host_label(requirement)]
    return {"matchExpressions": kept} if kept else {}


def _is_about_host_nodes(term: Json) -> bool:
    expressions = listed(term, "matchExpressions")
    return bool(expressions) and all(map(_is_host_label, expressions)) and not listed(term, "matchFields")


def _is_host_label(requirement: Json) -> bool:
    return requirement["key"] in HOST_NODE_LABELS
