"""What `coredns-custom` may say about names, and what CoreDNS would not start with."""

import ipaddress

import pytest

from sandbox.dns_server import AAAA, A, Record
from sandbox.k3s_standin import dns_overrides
from sandbox.k3s_standin.dns_overrides import BadOverrideError

API = """
# the API server
template IN A cluster.local {
    match "^kubernetes\\.default(\\.svc(\\.cluster\\.local)?)?\\.$"
    answer "{{ .Name }} 5 IN A 10.1.2.3"
    fallthrough
}
"""
NAME = "kubernetes.default.svc.cluster.local"
RECORD = Record(NAME, A, ipaddress.ip_address("10.1.2.3").packed)


@pytest.mark.parametrize(
    ("name", "kind", "decided"),
    [
        pytest.param(NAME, A, (True, [RECORD]), id="named"),
        pytest.param(f"{NAME.upper()}.", A, (True, [RECORD]), id="however-it-is-written"),
        pytest.param(NAME, AAAA, (False, None), id="of-another-kind"),
        pytest.param("web.default.svc.cluster.local", A, (False, None), id="falls-through"),
        pytest.param("kubernetes.default.svc", A, (False, None), id="in-another-zone"),
    ],
)
def test_a_template_answers_for_what_it_matches(name: str, kind: int, decided: object) -> None:
    assert dns_overrides.lookup(dns_overrides.parse(API), name, kind) == decided


def test_without_fallthrough_nothing_else_is_there_in_its_zone() -> None:
    templates = dns_overrides.parse(API.replace("fallthrough", ""))
    assert dns_overrides.lookup(templates, "web.default.svc.cluster.local", A) == (True, None)


def test_a_template_without_expressions_answers_for_its_whole_zone() -> None:
    templates = dns_overrides.parse('template IN A example {\n  answer "{{ .Name }} 5 IN A 10.0.0.1"\n}\n')
    decided, records = dns_overrides.lookup(templates, "any.example", A)
    assert decided
    assert records == [Record("any.example", A, bytes([10, 0, 0, 1]))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("hosts {\n 10.0.0.1 a\n}", "plugin/hosts: this plugin can only be used once", id="twice"),
        pytest.param("rewrite name a b", "knows only `template", id="another-plugin"),
        pytest.param("template IN A {\n answer x\n", "answer x", id="no-record"),
        pytest.param('template IN A {\n match "a"\n', "without its closing brace", id="not-closed"),
        pytest.param("template IN A {\n nonsense\n}", "unknown property nonsense", id="unknown-property"),
        pytest.param('template IN A {\n match "a\n}', "No closing quotation", id="not-quoted"),
        pytest.param('template IN A {\n answer "a. 5 IN A 10.0.0"\n}', "answer", id="no-address"),
    ],
)
def test_what_coredns_would_not_start_with_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadOverrideError, match=reason):
        dns_overrides.parse(text)
