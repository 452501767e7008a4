"""What somebody has to be told of before tenants notice: Prometheus' rules.

They go by the labels `job` and `virtual_cluster`, as the monitors set them. Each alert has its section in
docs/troubleshooting.md, and a test that provokes it.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PROVIDER_JOB, CONTROLLER_JOB = "vk-provider-provider", "vk-provider-controller"
CLUSTER_LABEL = "virtual_cluster"
RUNBOOKS = "docs/troubleshooting.md"

_P = f'job="{PROVIDER_JOB}"'
_C = f'job="{CONTROLLER_JOB}"'
_OURS = 'job=~"vk-provider-.+"'
_WHO = f"job, namespace, {CLUSTER_LABEL}"
# What only the owner of an object can mend, and is told of.
_OWNERS = "Refused|AlreadyExists|Forbidden|Invalid"
_OF = f"{{{{ $labels.namespace }}}}/{{{{ $labels.{CLUSTER_LABEL} }}}}"
_NAME = "{{ $labels.name }}"


@dataclass(frozen=True, slots=True)
class Alert:
    name: str
    expr: str
    after: str  # how long it has to hold
    severity: str
    summary: str
    advice: str  # what to do first

    def rule(self) -> Json:
        runbook = f"{self.advice}; see {RUNBOOKS}#{self.name.lower()}"
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.after,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "runbook": runbook},
        }


_RUNNING = (
    Alert(
        "VkProviderDown",
        f"up{{{_P}}} == 0",
        "5m",
        "critical",
        f"The provider {{{{ $labels.pod }}}} of {_OF} does not answer",
        "Look at its pod and its log",
    ),
    Alert(
        "VkProviderControllerDown",
        f"absent(up{{{_C}}} == 1)",
        "5m",
        "critical",
        "No controller answers: Clusters are not looked after, and certificates not renewed",
        "Look at the pods of the controller",
    ),
    Alert(
        "VkProviderWithoutLeader",
        f"max by ({_WHO}, name) (leader_election_master_status{{{_OURS}}}) == 0",
        "2m",
        "critical",
        f"Nobody leads {_NAME}: some run, and none works",
        "Look at who holds the lease",
    ),
    Alert(
        "VkProviderClusterNotReady",
        f"min by (cluster_namespace, cluster) (vkp_cluster_ready{{{_C}}}) == 0",
        "15m",
        "warning",
        "The Cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} is not Ready",
        "Ask `vkp cluster describe`, which says what is missing",
    ),
    Alert(
        "VkProviderCertificateExpiring",
        f"certificate_expiration_timestamp_seconds{{{_P}}} - time() < 7 * 24 * 3600",
        "1h",
        "critical",
        f"The certificate {_NAME} of {_OF} ends in {{{{ $value | humanizeDuration }}}}",
        "See whether the controller runs, which renews it long before",
    ),
)

_SEEING = (
    Alert(
        "VkProviderInformerNotSynced",
        f"informer_synced{{{_OURS}}} == 0 and informer_running{{{_OURS}}} == 1",
        "5m",
        "warning",
        f"{_NAME} of {_OF} were never read whole: what depends on them waits",
        "Look for `informer failed` in the log, which says why",
    ),
    Alert(
        "VkProviderInformerFailing",
        f"informer_failures_in_a_row{{{_OURS}}} >= 3",
        "5m",
        "warning",
        f"{_NAME} of {_OF} are not followed any more: what is known of them is old",
        "Look for `informer failed` in the log, which says why",
    ),
    Alert(
        "VkProviderComponentOff",
        f"component_enabled{{{_P}}} == 0 and component_wanted{{{_P}}} == 1",
        "15m",
        "warning",
        f"{_NAME} of {_OF} are not reflected, although they are to be",
        "Look at the events of the virtual node, which say what the provider lacks",
    ),
    Alert(
        "VkProviderApiErrors",
        f'sum by ({_WHO}, server) (rate(rest_client_requests_total{{{_OURS}, code=~"0|429|5.."}}[5m]))'
        f" / sum by ({_WHO}, server) (rate(rest_client_requests_total{{{_OURS}}}[5m])) > 0.1",
        "10m",
        "warning",
        f"{{{{ $value | humanizePercentage }}}} of the requests of {_OF} to the {{{{ $labels.server }}}} API fail",
        "See whether that API server is well",
    ),
)

_WORKING = (
    Alert(
        "VkProviderReflectionLagHigh",
        f"histogram_quantile(0.99, sum by (le, {_WHO}, kind, direction)"
        f" (rate(vkp_reflection_lag_seconds_bucket{{{_P}}}[5m]))) > 5",
        "10m",
        "warning",
        f"Of {{{{ $labels.kind }}}} of {_OF}, one change in a hundred takes {{{{ $value | humanizeDuration }}}}"
        " {{ $labels.direction }}",
        "Compare the queues, the API servers' answers and the processor on the dashboard",
    ),
    Alert(
        "VkProviderQueueStuck",
        f"max by ({_WHO}, name) (workqueue_oldest_age_seconds{{{_OURS}}}) > 60",
        "5m",
        "critical",
        f"Changes of {_NAME} of {_OF} have waited for {{{{ $value | humanizeDuration }}}}",
        "See whether its workers wait for an API server that does not answer",
    ),
    Alert(
        "VkProviderReconcileFailures",
        f'sum by ({_WHO}, name) (rate(reconcile_failures_total{{{_OURS}, reason!~"{_OWNERS}"}}[5m])) > 0.1',
        "15m",
        "warning",
        f"{_NAME} of {_OF} fail again and again",
        "Look for `reconcile failed` in the log, which says what and why",
    ),
    Alert(
        "VkProviderWritesRefused",
        f'sum by ({_WHO}, name) (rate(reconcile_failures_total{{{_OURS}, reason=~"Forbidden|Invalid"}}[5m])) > 0',
        "30m",
        "info",
        f"An API server goes on to refuse {_NAME} of {_OF}: a quota, an admission rule, or a missing right",
        "Look for `reconcile failed` in the log; tenants see the same as events",
    ),
    Alert(
        "VkProviderEventsDropped",
        f"increase(event_recorder_failed_total{{{_OURS}}}[15m]) > 0",
        "0m",
        "warning",
        f"Events of {_OF} could not be written: tenants are not told what became of their objects",
        "Look for `event dropped` in the log",
    ),
)

_STREAMS = (
    Alert(
        "VkProviderStreamsNearLimit",
        f"sum by ({_WHO}, pod) (vkp_kubelet_streams_open{{{_P}}})"
        f" > 0.8 * max by ({_WHO}, pod) (vkp_kubelet_streams_limit{{{_P}}})",
        "10m",
        "warning",
        f"{{{{ $value }}}} streams are open through {{{{ $labels.pod }}}} of {_OF}, which is near the limit",
        "See on the dashboard which kind they are",
    ),
    Alert(
        "VkProviderStreamsRefused",
        f'sum by ({_WHO}, pod) (increase(vkp_kubelet_streams_refused_total{{{_P}, reason="limit"}}[10m])) > 0',
        "0m",
        "warning",
        f"Logs or commands of {_OF} were refused, because too many are open",
        "Raise `--max-streams` if they are legitimate",
    ),
)

GROUPS = {
    "vk-provider.running": _RUNNING,
    "vk-provider.seeing": _SEEING,
    "vk-provider.working": _WORKING,
    "vk-provider.streams": _STREAMS,
}


def rules() -> Json:
    """Return what Prometheus reads as a file of rules."""
    groups = [{"name": name, "rules": [alert.rule() for alert in alerts]} for name, alerts in GROUPS.items()]
    return {"groups": groups}
