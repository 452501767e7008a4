from collections.abc import Mapping

import pytest

from kube.objects import Metadata, Object
from reflectors.sync_config import SyncConfig, SyncConfigError, sync_config


def labelled(labels: Mapping[str, str] | None = None) -> Object:
    return Object("v1", "ConfigMap", Metadata(name="settings", namespace="shop", labels=labels or {}))


@pytest.mark.parametrize("text", ["", "{}", "services:", "services: {selector: null}", "configMaps: {enabled: true}"])
def test_what_is_not_said_is_the_default(text: str) -> None:
    assert sync_config(text) == SyncConfig()


def test_by_default_what_reaches_past_the_tenants_own_things_is_off() -> None:
    config = SyncConfig()
    enabled = [config.services, config.config_maps, config.secrets, config.persistent_volume_claims]
    disabled = [config.ingresses, config.priority_classes, config.storage_classes]
    assert all(kind.enabled for kind in enabled)
    assert not any(kind.enabled for kind in disabled)


@pytest.mark.parametrize(
    ("entry", "labels", "is_referred_to", "expected"),
    [
        pytest.param("{}", {}, True, True, id="referred to"),
        pytest.param("{}", {}, False, False, id="not referred to"),
        pytest.param("{all: true}", {}, False, True, id="all"),
        pytest.param("{enabled: false, all: true}", {}, True, False, id="off"),
        pytest.param("{selector: {app: web}}", {"app": "web"}, False, True, id="selected"),
        pytest.param("{selector: {app: web}}", {"app": "db"}, True, False, id="not selected"),
        pytest.param("{selector: {app: web, tier: x}}", {"app": "web"}, True, False, id="selected in part"),
    ],
)
def test_which_config_maps_are_reflected(
    entry: str, labels: Mapping[str, str], is_referred_to: bool, expected: bool
) -> None:
    config = sync_config(f"configMaps: {entry}")
    assert config.config_maps.wants(labelled(labels), is_referred_to=is_referred_to) is expected


def test_ingresses_may_name_secrets_of_the_host() -> None:
    config = sync_config("ingresses: {enabled: true, disableTLSSecretTranslation: true}")
    assert config.ingresses.enabled
    assert config.ingresses.keep_tls_secrets


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("pods: {}", "pods", id="unknown kind"),
        pytest.param("services: {enable: true}", "enable", id="unknown field"),
        pytest.param("services: {all: true}", "all", id="a field of other kinds"),
        pytest.param("services: {enabled: yes please}", "services.enabled", id="wrong type"),
        pytest.param("services: 3", "services", id="no entry"),
        pytest.param("[]", "object", id="no mapping"),
        pytest.param("a: ]", "YAML", id="no YAML"),
    ],
)
def test_mistakes_are_named(text: str, named: str) -> None:
    with pytest.raises(SyncConfigError, match=named):
        sync_config(text)
