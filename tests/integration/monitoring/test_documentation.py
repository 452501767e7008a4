"""docs/metrics.md tells of each metric that there is, and of no other."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.cluster_fixtures import FOLDER
from tests.integration.monitoring.scraped import labels_of, name_of, scraped
from tests.virtual_cluster import VirtualCluster

DOCUMENT = FOLDER.parent / "docs" / "metrics.md"


@dataclass(frozen=True)
class Documented:
    type: str
    labels: frozenset[str]


def documented(daemon: str) -> dict[str, Documented]:
    """The rows of the table that are about this daemon, by metric."""
    found = {}
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 5 and daemon in cells[3].split():
            for name in words(cells[0]):
                found[name] = Documented(cells[1], frozenset(words(cells[2])))
    return found


def words(cell: str) -> list[str]:
    return [word.strip(" `") for word in cell.split(",") if word.strip()]


def assert_documented(text: str, daemon: str) -> None:
    families = {name_of(family): family for family in text_string_to_metric_families(text)}
    rows = documented(daemon)
    assert rows.keys() - families.keys() == set()
    used = {name: family for name, family in families.items() if family.samples}
    assert used.keys() - rows.keys() == set()
    seen = {name: Documented(family.type, frozenset(labels_of(family))) for name, family in used.items()}
    assert seen == {name: rows[name] for name in seen}


async def test_every_metric_of_a_provider_is_documented(provider: VirtualCluster) -> None:
    assert_documented(await scraped(provider.health_port), "P")


async def test_every_metric_of_a_controller_is_documented(controller: int) -> None:
    assert_documented(await scraped(controller), "C")


async def test_every_metric_is_described(provider: VirtualCluster, controller: int) -> None:
    for port in (provider.health_port, controller):
        assert [
            family.name for family in text_string_to_metric_families(await scraped(port)) if not family.documentation
        ] == []
