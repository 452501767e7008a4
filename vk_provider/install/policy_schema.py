"""The schema of a VirtualClusterPolicy: K3k's fields and defaults, each with its purpose."""

from vk_provider.install import core_types
from vk_provider.install.cluster_schema import MODES, sync
from vk_provider.install.schema import Schema, choice, labels, number, record, switch, text

LEVELS = ("privileged", "baseline", "restricted")


def spec() -> Schema:
    return record(
        "What holds for the Clusters of the namespaces that are bound to the policy, which the label "
        "policy.k3k.io/policy-name of a namespace does.",
        {
            "allowedMode": choice("The mode that Clusters may have. Cannot be changed.", MODES, default="shared"),
            "defaultAgentAffinity": core_types.affinity("Affinity of agents and of the provider."),
            "defaultNodeSelector": labels("Labels of the host nodes for all pods."),
            "defaultPriorityClass": text("PriorityClass of the host for all pods.", maxLength=253),
            "defaultServerAffinity": core_types.affinity("Affinity of servers."),
            "disableNetworkPolicy": switch("Whether the namespaces get no NetworkPolicy.", default=False),
            "hostUsers": switch("Whether servers and agents share the node's user namespace."),
            "limit": core_types.limit_range("A LimitRange in each namespace."),
            "podSecurityAdmissionLevel": choice("The Pod Security level that is enforced in the namespaces.", LEVELS),
            "quota": core_types.resource_quota("A ResourceQuota in each namespace."),
            "runtimeClassName": text("RuntimeClass of servers and agents.", maxLength=253),
            "securityContext": core_types.security_context("Security context of the containers of servers and agents."),
            "sync": sync("Which kinds are reflected; what is not said is left to the Clusters.", defaults=False),
        },
        default={},
    )


def status() -> Schema:
    return record(
        "What became of the policy.",
        {
            "conditions": core_types.conditions("The state in detail."),
            "lastUpdateTime": text("When it was last applied."),
            "observedGeneration": number("Generation of the spec that all this is about.", bits=64),
            "summary": text("What it acts on."),
        },
    )
