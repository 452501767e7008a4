"""Finding everything that lies at a path of an object, be it in lists or not."""

from collections.abc import Iterator
from typing import Any, NewType

Path = NewType("Path", tuple[str, ...])

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")


def path(text: str) -> Path:
    """Read a path; a name that ends in `[]` stands for each item of that list: `containers[].env[].valueFrom`."""
    return Path(tuple(text.split(".")))


def found(value: Any, wanted: Path, field: str) -> Iterator[tuple[str, Any]]:
    """Yield each thing at the path below `value`, with its field: `field` continued as it is in this object."""
    if not wanted:
        yield field, value
        return
    name, rest = wanted[0].removesuffix("[]"), Path(wanted[1:])
    content = value.get(name)
    if content is None:
        return
    if name == wanted[0]:
        yield from found(content, rest, f"{field}.{name}")
        return
    for index, item in enumerate(content):
        yield from found(item, rest, f"{field}.{name}[{index}]")
