"""Network policies: on the host, among all the others' pods, they act on the very pods they act on in their cluster.

Promises: a policy selects, and its rules admit, exactly the host pods of those virtual pods that it would in a cluster
of its own; addresses stay what they are. Selectors of namespaces are resolved to the namespaces that there are, so a
policy has to be looked at again when one comes, goes or gets other labels. A rule that admits nobody at the moment is
left out: an empty list of peers would admit everybody. Addresses inside the wall are never opened, see `walls`.
"""

from collections.abc import Iterator

from reflectors.translation.allow_list import Fields, Lost, copied, known_part
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json, listed, mapped
from reflectors.translation.merging import host_object, next_copy_write
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.selectors import is_everything, matches, scoped
from reflectors.translation.walls import everybody, outside
from reflectors.translation.writes import Create, HostWrite, PatchVirtual, Refuse

KIND = "NetworkPolicy"

_PORT = copied("endPort port protocol")
_PEER = copied("ipBlock namespaceSelector podSelector")
_INGRESS_RULE = copied("", ports=_PORT, **{"from": _PEER})
_EGRESS_RULE = copied("", ports=_PORT, to=_PEER)
_SPEC: Fields = copied("podSelector policyTypes", ingress=_INGRESS_RULE, egress=_EGRESS_RULE)
_DIRECTIONS = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))


class NetworkPolicyRules:
    """`context.namespaces` has to be live."""

    kind = KIND

    def __init__(self, context: Context) -> None:
        self._context = context

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        return next_copy_write(KIND, virtual, host, self._desired, self._context)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:
        del virtual, host, refused  # nobody reports how a policy fares
        return None

    def _desired(self, virtual: Json) -> Create | Refuse:
        refused = refuse(list(_refusals(virtual, self._context)))
        if refused:
            return refused
        spec, lost = host_policy_spec(virtual, self._context)
        return Create(host_object(virtual, "networking.k8s.io/v1", KIND, self._context, spec=spec), lost)


def host_policy_spec(virtual: Json, context: Context) -> tuple[Draft, list[Lost]]:
    """Return the policy's spec as the host's network has to enforce it, and what it lacks."""
    spec, lost = known_part(mapped(virtual, "spec"), _SPEC, "spec")
    namespace = virtual["metadata"]["namespace"]
    host: Draft = {
        "podSelector": scoped(mapped(spec, "podSelector"), [namespace], context),
        "policyTypes": policy_types(spec),  # never left to a default that goes by which rules there are
    }
    lost.extend(_lost_to_the_wall(spec, context))
    for _, rules, peers in _DIRECTIONS:
        translated = (_host_rule(rule, peers, namespace, context) for rule in listed(spec, rules))
        admitting = [rule for rule in translated if rule is not None]
        if admitting:
            host[rules] = admitting
    return host, lost


def is_about_namespaces(virtual: Json) -> bool:
    """Whether what the policy means depends on which namespaces there are."""
    return any(True for _ in _namespace_selectors(virtual))


def policy_types(spec: Json) -> list[str]:
    named = list(listed(spec, "policyTypes"))
    return named or ["Ingress", *(["Egress"] if listed(spec, "egress") else [])]


def _host_rule(rule: Json, field: str, namespace: str, context: Context) -> Draft | None:
    """Return the rule for the host; None if it admits nobody."""
    host = {"ports": rule["ports"]} if listed(rule, "ports") else {}
    peers = listed(rule, field)
    is_walled = field == "to" and bool(context.walled_off)
    if not peers:  # admits everybody
        return host | ({field: everybody(context)} if is_walled else {})
    translated = [_host_peer(peer, namespace, context) for peer in peers]
    if is_walled:
        translated = [_walled(peer, context) for peer in translated]
    present = [peer for peer in translated if peer is not None]
    return host | {field: present} if present else None


def _host_peer(peer: Json, namespace: str, context: Context) -> Draft | None:
    """Return the peer for the host; None if it is nobody, or of a kind that is not known here."""
    if _is_block(peer):
        return {"ipBlock": peer["ipBlock"]}
    pods, namespaces = peer.get("podSelector"), peer.get("namespaceSelector")
    if namespaces is None:
        return None if pods is None else {"podSelector": scoped(pods, [namespace], context)}
    if is_everything(namespaces):
        return {"podSelector": scoped(pods or {}, None, context)}
    selected = [name for name, labels in (context.namespaces or {}).items() if matches(namespaces, labels)]
    return {"podSelector": scoped(pods or {}, selected, context)} if selected else None


def _is_block(peer: Json) -> bool:
    return peer.get("ipBlock") is not None


def _walled(peer: Draft | None, context: Context) -> Draft | None:
    """Return the host's peer as far as it is no address inside the wall."""
    if peer is None or not _is_block(peer):
        return peer
    block = outside(peer["ipBlock"], context)
    return None if block is None else {"ipBlock": block}


def _lost_to_the_wall(spec: Json, context: Context) -> Iterator[Lost]:
    for index, rule in enumerate(listed(spec, "egress")):
        for position, peer in enumerate(listed(rule, "to")):
            if _is_block(peer) and outside(peer["ipBlock"], context) is None:
                yield Lost(
                    f"spec.egress[{index}].to[{position}].ipBlock",
                    "no way is opened to these addresses, which are the host's or unreadable; select pods instead",
                )


def _refusals(virtual: Json, context: Context) -> Iterator[Refusal]:
    if context.namespaces is not None:
        return
    for field in _namespace_selectors(virtual):
        yield Refusal(field, "namespaces are not known by label here", "select pods of the policy's own namespace")


def _namespace_selectors(virtual: Json) -> Iterator[str]:
    """Yield where the policy selects some namespaces, not all."""
    for _, rules, peers in _DIRECTIONS:
        for index, rule in enumerate(listed(mapped(virtual, "spec"), rules)):
            for position, peer in enumerate(listed(rule, peers)):
                selector = peer.get("namespaceSelector")
                if selector is not None and not is_everything(selector):
                    yield f"spec.{rules}[{index}].{peers}[{position}].namespaceSelector"
