"""The downward API: what a pod's containers see of their own pod is the virtual pod.

The kubelet reads it from the host pod. So what differs there is kept in annotations of ours, and each fieldRef, be it
of an environment variable or of a file in a volume, points at such an annotation; a file then follows changes, as it
does in any cluster. Addresses and resources are those of the host pod, and read from it.
"""

from collections.abc import Iterator

from reflectors.translation.digests import digest
from reflectors.translation.json_values import Draft, Json, mapped
from reflectors.translation.metadata import DOWNWARD_PREFIX, NAME, NAMESPACE, NODE, SERVICE_ACCOUNT, UID
from reflectors.translation.paths import CONTAINER_LISTS, found, path

_PLACES = [
    *(path(f"{containers}[].env[].valueFrom.fieldRef") for containers in CONTAINER_LISTS),
    path("volumes[].downwardAPI.items[].fieldRef"),
    path("volumes[].projected.sources[].downwardAPI.items[].fieldRef"),
]

_ANNOTATION_OF = {
    "metadata.name": NAME,
    "metadata.namespace": NAMESPACE,
    "metadata.uid": UID,
    "spec.nodeName": NODE,
    "spec.serviceAccountName": SERVICE_ACCOUNT,
}


def redirect(spec: Draft) -> None:
    """Point every fieldRef of `spec` (a copy of the caller's own) at what the virtual pod has in that field."""
    for field_ref in _field_refs(spec):
        annotation = _annotation(field_ref["fieldPath"])
        if annotation is not None:
            field_ref["fieldPath"] = f"metadata.annotations['{annotation}']"


def downward_annotations(virtual: Json) -> dict[str, str]:
    """Return what the host pod has to be annotated with for the fieldRefs of this virtual pod."""
    asked = {field_ref["fieldPath"] for field_ref in _field_refs(virtual["spec"])}
    annotations = ((_annotation(field_path), field_path) for field_path in sorted(asked))
    return {annotation: _value(virtual, field_path) for annotation, field_path in annotations if annotation is not None}


def formatted(texts: Json) -> str:
    """Write labels or annotations as the kubelet writes them: sorted lines of key="value", escaped as in Go."""
    return "\n".join(f'{key}="{_go_escaped(value)}"' for key, value in sorted(texts.items()))


def _field_refs(spec: Json) -> Iterator[Draft]:
    return (field_ref for place in _PLACES for _, field_ref in found(spec, place, "spec"))


def _annotation(field_path: str) -> str | None:
    """Return where the host pod has the value of a virtual pod's field; None if in the field of that name."""
    if field_path.startswith(("metadata.labels", "metadata.annotations")):
        return f"{DOWNWARD_PREFIX}{digest('field', field_path)}"
    return _ANNOTATION_OF.get(field_path)


def _value(virtual: Json, field_path: str) -> str:
    section, _, field = field_path.partition(".")
    if section == "spec":
        return str(virtual["spec"].get(field) or "")
    name, bracket, subscript = field.partition("['")
    if bracket:
        return str(mapped(virtual["metadata"], name).get(subscript.removesuffix("']"), ""))
    if name in {"labels", "annotations"}:
        return formatted(mapped(virtual["metadata"], name))
    return str(virtual["metadata"][name])


_GO_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def _go_escaped(text: str) -> str:
    return "".join(map(_go_character, text))


def _go_character(character: str) -> str:
    if character in _GO_ESCAPES or character.isprintable():
        return _GO_ESCAPES.get(character, character)
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
