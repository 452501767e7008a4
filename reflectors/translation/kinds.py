"""What the reflector of one kind of object has to be told of it.

The rules are pure: they look at what they are given and at live views of what they depend on. They say one write at a
time, and are asked again after every write and every change, until they have nothing to say.
"""

from typing import Protocol

from reflectors.translation.json_values import Json
from reflectors.translation.writes import HostWrite, PatchVirtual, Refuse


class Rules(Protocol):
    @property
    def kind(self) -> str:
        """What host names are derived from: "ConfigMap"."""

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        """Return the next write on the host; None when it is as it should be.

        `virtual` is None when there is no such object or none is wanted on the host; `host` is whatever object bears
        its host name.
        """

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:
        """Return the next write on the virtual object; None when it says what is true.

        `refused`: why the host object is not what the virtual one asks for.
        """
