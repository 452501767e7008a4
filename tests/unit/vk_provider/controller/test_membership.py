import hashlib
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.first_answers import HOST, NOW, applied, demo, own_authorities, settled, with_status
from vk_provider.controller.cluster import Cluster, Persistence
from vk_provider.controller.desired import desired
from vk_provider.controller.known import Known
from vk_provider.controller.membership import full_token
from vk_provider.controller.names import Names

NAMES = Names("demo", "team")
THREE = demo(servers=3)
ONE = demo()


def rolled_out(known: Known, ready: int | None = None) -> Known:
    """The host has followed: all servers are there, as they are to be, and ready."""
    replicas = known.spec("StatefulSet", NAMES.servers)["replicas"]
    ready = replicas if ready is None else ready
    generation = known.objects["StatefulSet", NAMES.servers]["metadata"]["generation"]
    status = {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready}
    status["observedGeneration"] = generation
    return with_status(known, "StatefulSet", NAMES.servers, status)


def steps(cluster: Cluster, known: Known) -> tuple[Known, list[int]]:
    """Go on while the host follows; how many servers there were on the way."""
    counts = []
    for _ in range(4):
        known, _ = settled(cluster, before=known)
        counts.append(known.spec("StatefulSet", NAMES.servers)["replicas"])
        known = rolled_out(known)
    return known, counts


def config(known: Known, number: int) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(known.files(NAMES.server_config)[f"{NAMES.server(number)}.yaml"])
    return content


def test_servers_join_one_after_the_other_and_leave_so() -> None:
    known, counts = steps(THREE, Known())
    assert counts == [1, 2, 3, 3]
    known, counts = steps(ONE, known)
    assert counts == [2, 1, 1, 1]


def test_none_joins_before_the_others_are_ready() -> None:
    known, _ = settled(THREE)
    waiting, _ = settled(THREE, before=rolled_out(known, ready=0))
    assert waiting.spec("StatefulSet", NAMES.servers)["replicas"] == 1


def test_the_first_is_made_ready_for_others_before_one_joins() -> None:
    alone, _ = settled(ONE)
    changed, _ = settled(THREE, before=rolled_out(alone))
    assert changed.spec("StatefulSet", NAMES.servers)["replicas"] == 1
    assert config_hash(changed) != config_hash(alone)
    assert config(changed, 0)["cluster-init"] is True


def test_who_leaves_is_named_before_it_is_gone() -> None:
    known, _ = steps(THREE, Known())
    answer = desired(ONE, known, HOST, NOW)
    assert answer.leaving == [NAMES.server(2)]
    assert desired(ONE, applied(answer, known), HOST, NOW).leaving == []


def test_a_server_that_is_left_alone_is_not_started_anew_and_keeps_its_address() -> None:
    three, _ = steps(THREE, Known())
    one, _ = steps(ONE, three)
    assert config_hash(one) == config_hash(three)
    assert config(one, 0)["node-ip"] == config(three, 0)["node-ip"]
    assert {"cluster-init", "server"} & config(one, 0).keys() == set()
    assert ("Service", NAMES.server(1)) not in one.objects


def test_each_server_is_known_by_the_address_of_its_service() -> None:
    known, _ = steps(THREE, Known())
    addresses = [known.cluster_ip(NAMES.server(number)) for number in range(3)]
    assert [config(known, number)["node-ip"] for number in range(3)] == [[address] for address in addresses]
    assert len(set(addresses)) == 3


def test_the_first_begins_a_cluster_once_and_never_again() -> None:
    begun, _ = settled(THREE)
    assert "server" not in config(begun, 0)
    formed, _ = steps(THREE, begun)
    lost, _ = settled(THREE, before=rolled_out(formed, ready=0))
    assert config(lost, 0)["server"] == f"https://{known_api(lost)}:443"
    assert "cluster-init" not in config(lost, 0)


def test_without_disks_the_first_begins_anew_when_all_are_lost() -> None:
    cluster = demo(servers=3, persistence=Persistence(type="ephemeral"))
    formed, _ = steps(cluster, Known())
    assert "server" in config(formed, 0)
    lost, _ = settled(cluster, before=rolled_out(formed, ready=0))
    assert config(lost, 0)["cluster-init"] is True


def test_that_it_has_begun_starts_no_server_anew() -> None:
    begun, _ = settled(THREE)
    formed, _ = steps(THREE, begun)
    assert config_hash(begun) == config_hash(formed)


def test_one_server_and_servers_with_a_datastore_outside_have_nothing_of_their_own() -> None:
    for cluster in (ONE, demo(servers=2, server_args=["--datastore-endpoint=https://db:2379"])):
        known, _ = settled(cluster)
        assert list(known.files(NAMES.server_config)) == ["config.yaml"]
        assert ("Service", NAMES.server(0)) not in known.objects


def test_a_token_names_the_authority_by_its_file() -> None:
    ca = own_authorities()["server-ca.crt"]
    assert full_token("abc", ca) == f"K10{hashlib.sha256(ca).hexdigest()}::server:abc"


def test_or_the_root_of_a_chain_by_its_certificate() -> None:
    root, other = own_authorities()["server-ca.crt"], own_authorities()["client-ca.crt"]
    der = x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER)
    assert full_token("abc", root + other) == f"K10{hashlib.sha256(der).hexdigest()}::server:abc"


def test_an_old_status_says_nothing() -> None:
    known, _ = settled(THREE)
    ready = rolled_out(known)
    status = {**ready.status("StatefulSet", NAMES.servers), "observedGeneration": 0}
    late = with_status(ready, "StatefulSet", NAMES.servers, status)
    assert settled(THREE, before=late)[0].spec("StatefulSet", NAMES.servers)["replicas"] == 1


def config_hash(known: Known) -> str:
    template = known.spec("StatefulSet", NAMES.servers)["template"]
    found: str = template["metadata"]["annotations"]["k3k.io/config-hash"]
    return found


def known_api(known: Known) -> str:
    return known.cluster_ip(NAMES.service)
