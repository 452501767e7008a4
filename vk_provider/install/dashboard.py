"""A dashboard for Grafana: how the providers and the controller do, from whether they run to what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vk_provider.install.alerts import CLUSTER_LABEL, CONTROLLER_JOB, PROVIDER_JOB

Json = dict[str, Any]

WIDTH, HEIGHT = 8, 7  # of a panel; a row of the grid is 24 wide
PER_ROW = 24 // WIDTH

_CHOSEN = f'namespace=~"$namespace", {CLUSTER_LABEL}=~"$cluster"'
_P = f'job="{PROVIDER_JOB}", {_CHOSEN}'
_C = f'job="{CONTROLLER_JOB}"'
_DATA = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    queries: Sequence[tuple[str, str]]  # PromQL, and the legend
    unit: str = "short"
    kind: str = "timeseries"

    def json(self, number: int, *, x: int, y: int) -> Json:
        targets = [
            {"refId": chr(ord("A") + index), "expr": expr, "legendFormat": legend, "datasource": _DATA}
            for index, (expr, legend) in enumerate(self.queries)
        ]
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "datasource": _DATA,
            "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": self.unit, "min": 0}, "overrides": []},
            "targets": targets,
        }


def _rate(metric: str, labels: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def _quantile(share: float, histogram: str, labels: str, by: str) -> str:
    return f"histogram_quantile({share}, {_rate(f'{histogram}_bucket', labels, f'le, {by}')})"


def _lags(direction: str) -> list[tuple[str, str]]:
    labels = f'{_P}, direction="{direction}"'
    return [(_quantile(share, _LAG, labels, "direction"), f"p{share * 100:g}") for share in (0.5, 0.9, 0.99)]


_LAG = "vkp_reflection_lag_seconds"
_NAMED = f"{{{{{CLUSTER_LABEL}}}}} {{{{name}}}}"

ROWS: dict[str, Sequence[Panel]] = {
    "Overview": (
        Panel("Clusters", [(f"max by (phase) (vkp_clusters{{{_C}}})", "{{phase}}")], kind="stat"),
        Panel("Clusters that are not Ready", [
            (f"min by (cluster_namespace, cluster) (vkp_cluster_ready{{{_C}}}) == 0", "{{cluster}}")
        ], kind="stat"),
        Panel("Running, and leading", [
            (f"sum(up{{{_C}}})", "controllers"),
            (f"sum(up{{{_P}}})", "providers"),
            ('sum by (name) (leader_election_master_status{job=~"vk-provider-.+"})', "{{name}} leads"),
        ]),
    ),
    "Reflection": (
        Panel("Lag to the host", _lags("to_host"), "s"),
        Panel("Lag to the virtual cluster", _lags("to_virtual"), "s"),
        Panel("Lag by kind, p99", [(_quantile(0.99, _LAG, _P, "kind, direction"), "{{kind}} {{direction}}")], "s"),
        Panel("Changes reflected", [(_rate(f"{_LAG}_count", _P, "kind, direction"), "{{kind}} {{direction}}")], "ops"),
        Panel("Kinds that are wanted and off", [
            (f"component_enabled{{{_P}}} == 0 and component_wanted{{{_P}}} == 1", _NAMED)
        ], kind="stat"),
        Panel("Events for tenants", [
            (_rate("event_recorder_written_total", _P, "component"), "written"),
            (_rate("event_recorder_limited_total", _P, "component"), "beyond an object's share"),
            (_rate("event_recorder_failed_total", _P, "component"), "given up"),
        ], "ops"),
    ),
    "Queues": (
        Panel("Keys that wait", [(f"sum by (name) (workqueue_depth{{{_P}}})", "{{name}}")]),
        Panel("Age of the oldest", [(f"max by (name) (workqueue_oldest_age_seconds{{{_P}}})", "{{name}}")], "s"),
        Panel("Wait, p99", [(_quantile(0.99, "workqueue_queue_duration_seconds", _P, "name"), "{{name}}")], "s"),
        Panel("Work, p99", [(_quantile(0.99, "workqueue_work_duration_seconds", _P, "name"), "{{name}}")], "s"),
        Panel("Failures", [(_rate("reconcile_failures_total", _P, "name, reason"), "{{name}} {{reason}}")], "ops"),
        Panel("Retries", [(_rate("workqueue_retries_total", _P, "name"), "{{name}}")], "ops"),
    ),
    "API servers": (
        Panel("Requests", [
            (_rate("rest_client_requests_total", _P, "server, method"), "{{server}} {{method}}")
        ], "reqps"),
        Panel("Answers that are no success", [
            (_rate("rest_client_requests_total", f'{_P}, code!~"1..|2.."', "server, code"), "{{server}} {{code}}")
        ], "reqps"),
        Panel("Time to an answer, p99", [
            (_quantile(0.99, "rest_client_request_duration_seconds", _P, "server"), "{{server}}")
        ], "s"),
        Panel("Changes received", [(_rate("informer_events_total", _P, "name"), "{{name}}")], "ops"),
        Panel("Lists and watches begun", [
            (_rate("informer_lists_total", _P, "name"), "{{name}} list"),
            (_rate("informer_watches_total", _P, "name"), "{{name}} watch"),
        ], "ops"),
        Panel("Informers in trouble", [
            (f"informer_failures_in_a_row{{{_P}}} > 0", "{{name}} fails"),
            (f"informer_synced{{{_P}}} == 0 and informer_running{{{_P}}} == 1", "{{name}} is not complete"),
            (_rate("informer_handler_failures_total", _P, "name"), "{{name}} handler"),
        ]),
    ),
    "Kubelet API": (
        Panel("Requests", [(_rate("vkp_kubelet_requests_total", _P, "route, code"), "{{route}} {{code}}")], "reqps"),
        Panel("Time to an answer, p99", [
            (_quantile(0.99, "vkp_kubelet_request_duration_seconds", _P, "route"), "{{route}}")
        ], "s"),
        Panel("Open streams", [
            (f"sum by (kind) (vkp_kubelet_streams_open{{{_P}}})", "{{kind}}"),
            (f"max(vkp_kubelet_streams_limit{{{_P}}})", "limit of one provider"),
        ]),
        Panel("Streams begun", [(_rate("vkp_kubelet_streams_opened_total", _P, "kind"), "{{kind}}")], "ops"),
        Panel("Bytes through streams", [
            (_rate("vkp_kubelet_stream_bytes_total", _P, "kind, direction"), "{{kind}} {{direction}}")
        ], "Bps"),
        Panel("Refused", [
            (_rate("vkp_kubelet_streams_refused_total", _P, "kind, reason"), "{{kind}} {{reason}}"),
            (_rate("vkp_kubelet_connections_refused_total", _P, CLUSTER_LABEL), "connections"),
        ], "ops"),
    ),
    "Processes": (
        Panel("Processor", [(_rate("process_cpu_seconds_total", _P, "pod"), "{{pod}}")], "percentunit"),
        Panel("Memory", [(f"process_resident_memory_bytes{{{_P}}}", "{{pod}}")], "bytes"),
        Panel("Objects in memory", [(f"sum by (name) (informer_objects{{{_P}}})", "{{name}}")]),
        Panel("File descriptors", [(f"process_open_fds{{{_P}}}", "{{pod}}")]),
        Panel("Life of certificates", [
            (f"certificate_expiration_timestamp_seconds{{{_P}}} - time()", _NAMED)
        ], "s"),
        Panel("Versions", [('count by (version) (vkp_build_info{job=~"vk-provider-.+"})', "{{version}}")], kind="stat"),
    ),
}  # fmt: skip


def dashboard() -> Json:
    return {
        "uid": "vk-provider",
        "title": "vk-provider",
        "tags": ["kubernetes"],
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": _variables()},
        "panels": list(_panels()),
    }


def _variables() -> list[Json]:
    source = {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}
    namespaces = f'label_values(vkp_build_info{{job="{PROVIDER_JOB}"}}, namespace)'
    clusters = f'label_values(vkp_build_info{{job="{PROVIDER_JOB}", namespace=~"$namespace"}}, {CLUSTER_LABEL})'
    return [source, _choice("namespace", "Namespace", namespaces), _choice("cluster", "Virtual cluster", clusters)]


def _choice(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _DATA,
        "query": {"query": query, "refId": name},
        "refresh": 2,  # whenever the time range changes
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> list[Json]:
    made: list[Json] = []
    y = 0
    for title, panels in ROWS.items():
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place})
        y += 1
        for index, panel in enumerate(panels):
            row, column = divmod(index, PER_ROW)
            made.append(panel.json(len(made) + 1, x=column * WIDTH, y=y + row * HEIGHT))
        y += -(-len(panels) // PER_ROW) * HEIGHT
    return made
