"""What becomes of each field of a pod's spec on the host."""

from reflectors.translation.allow_list import Fields, LeftOut, Replaced, copied
from reflectors.translation.container_fields import (
    CONTAINER,
    EPHEMERAL_CONTAINER,
    PROFILE,
    RESOURCES,
    SE_LINUX_OPTIONS,
    WINDOWS_OPTIONS,
)
from reflectors.translation.volume_fields import VOLUME

_REQUIREMENT = copied("key operator values")
_NODE_SELECTOR_TERM = copied("", matchExpressions=_REQUIREMENT, matchFields=_REQUIREMENT)
_LABEL_SELECTOR = copied("matchLabels", matchExpressions=_REQUIREMENT)
_POD_AFFINITY_TERM = copied(
    "matchLabelKeys mismatchLabelKeys namespaces topologyKey",
    labelSelector=_LABEL_SELECTOR,
    namespaceSelector=_LABEL_SELECTOR,
)
_POD_AFFINITY = copied(
    "",
    preferredDuringSchedulingIgnoredDuringExecution=copied("weight", podAffinityTerm=_POD_AFFINITY_TERM),
    requiredDuringSchedulingIgnoredDuringExecution=_POD_AFFINITY_TERM,
)

TOLERATION = copied("effect key operator tolerationSeconds value")

_SECURITY_CONTEXT = copied(
    "fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy supplementalGroups"
    " supplementalGroupsPolicy",
    appArmorProfile=PROFILE,
    seLinuxOptions=SE_LINUX_OPTIONS,
    seccompProfile=PROFILE,
    sysctls=copied("name value"),
    windowsOptions=WINDOWS_OPTIONS,
)

# Copied, and then rewritten: what they refer to has another name or another reach on the host.
_REWRITTEN = copied(
    "nodeSelector",  # placement.py
    affinity=copied(  # nodeAffinity: placement.py; the others: selectors.py
        "",
        nodeAffinity=copied(
            "",
            preferredDuringSchedulingIgnoredDuringExecution=copied("weight", preference=_NODE_SELECTOR_TERM),
            requiredDuringSchedulingIgnoredDuringExecution=copied("", nodeSelectorTerms=_NODE_SELECTOR_TERM),
        ),
        podAffinity=_POD_AFFINITY,
        podAntiAffinity=_POD_AFFINITY,
    ),
    containers=CONTAINER,  # environment.py, downward_api.py, references.py
    dnsConfig=copied("nameservers searches", options=copied("name value")),  # dns.py
    ephemeralContainers=EPHEMERAL_CONTAINER,  # a pod is created without them: pod_changes.py adds them
    hostAliases=copied("hostnames ip"),  # dns.py
    imagePullSecrets=copied("name"),  # references.py
    initContainers=CONTAINER,
    topologySpreadConstraints=copied(  # selectors.py
        "matchLabelKeys maxSkew minDomains nodeAffinityPolicy nodeTaintsPolicy topologyKey whenUnsatisfiable",
        labelSelector=_LABEL_SELECTOR,
    ),
    volumes=VOLUME,  # volumes.py, downward_api.py, references.py
)

_VIRTUAL_SCHEDULER = LeftOut("the virtual scheduler has acted on it, before the pod came to our node")
_HOST_ADMISSION = LeftOut("the host's admission computes it and refuses another value")

POD_SPEC: Fields = {
    **copied(
        "activeDeadlineSeconds hostIPC hostNetwork hostPID hostUsers hostnameOverride restartPolicy runtimeClassName"
        " shareProcessNamespace terminationGracePeriodSeconds",
        os=copied("name"),
        readinessGates=copied("conditionType"),
        resources=RESOURCES,
        securityContext=_SECURITY_CONTEXT,
        tolerations=TOLERATION,
    ),
    **_REWRITTEN,
    "automountServiceAccountToken": Replaced("always false: the tenant has no identity on the host"),
    "dnsPolicy": Replaced("dns.py"),
    "enableServiceLinks": Replaced("always false: the kubelet would inject the host's services"),
    "hostname": Replaced("pod_spec.py"),
    "nodeName": LeftOut("the host's scheduler chooses its own node"),
    "overhead": _HOST_ADMISSION,
    "preemptionPolicy": _HOST_ADMISSION,
    "priority": _HOST_ADMISSION,
    "priorityClassName": Replaced("pod_spec.py"),
    "resourceClaims": LeftOut("a pod with resource claims waits until they are reflected"),
    "schedulerName": _VIRTUAL_SCHEDULER,
    "schedulingGates": _VIRTUAL_SCHEDULER,
    "schedulingGroup": _VIRTUAL_SCHEDULER,
    "serviceAccount": LeftOut("an old name of serviceAccountName"),
    "serviceAccountName": LeftOut("it exists in the virtual cluster only"),
    "setHostnameAsFQDN": Replaced("pod_spec.py"),
    "subdomain": LeftOut("the kubelet would complete it with the host's namespace; the virtual DNS knows the name"),
}
