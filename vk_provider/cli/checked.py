"""Mistakes in a Cluster, found before anything is sent: in the controller's own words, and all at once."""

import msgspec

from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.output import Json
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.validation import mistakes


def check_cluster(body: Json) -> None:
    """Raise Failure when the controller would refuse it."""
    try:
        found = [str(mistake) for mistake in mistakes(Cluster.read(body))]
    except msgspec.ValidationError as error:
        found = [str(error)]
    if found:
        raise Failure("\n".join(["this cannot be:", *(f"  {each}" for each in found)]), Exit.USAGE)
