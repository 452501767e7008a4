"""Schemas of the core types of Kubernetes (as of 1.36) that our own kinds hold.

The fields are listed, so that whoever misspells one is told; what a field means is in `kubectl explain pod`.
"""

from vk_provider.install.schema import (
    Schema,
    amounts,
    choice,
    labels,
    listing,
    number,
    quantity,
    record,
    switch,
    text,
    texts,
)


def affinity(about: str) -> Schema:
    return record(
        about,
        {
            "nodeAffinity": _node_affinity(),
            "podAffinity": _pod_affinity("Near which pods."),
            "podAntiAffinity": _pod_affinity("Away from which pods."),
        },
    )


def _node_affinity() -> Schema:
    preferred = record(
        "A preference and its weight.",
        {"preference": _node_selector_term(), "weight": _weight()},
        required=["preference", "weight"],
    )
    required = record(
        "Nodes that one of the terms selects.",
        {"nodeSelectorTerms": listing("One of these must hold.", _node_selector_term())},
        required=["nodeSelectorTerms"],
    )
    return record("On which nodes.", _scheduling(preferred=preferred, required=required))


def _pod_affinity(about: str) -> Schema:
    term = record(
        "Pods, and how near counts as near.",
        {
            "labelSelector": label_selector("Which pods."),
            "matchLabelKeys": texts("Keys of labels that must be as the pod's own."),
            "mismatchLabelKeys": texts("Keys of labels that must not be as the pod's own."),
            "namespaceSelector": label_selector("In the namespaces that it selects."),
            "namespaces": texts("In these namespaces."),
            "topologyKey": text("Nodes with the same value of this label are near to each other."),
        },
        required=["topologyKey"],
    )
    preferred = record(
        "A preference and its weight.",
        {"podAffinityTerm": term, "weight": _weight()},
        required=["podAffinityTerm", "weight"],
    )
    return record(about, _scheduling(preferred=preferred, required=listing("All of these must hold.", term)))


def _scheduling(*, preferred: Schema, required: Schema) -> dict[str, Schema]:
    return {
        "preferredDuringSchedulingIgnoredDuringExecution": listing("What would be good.", preferred),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }


def _weight() -> Schema:
    return number("From 1 to 100.", minimum=1, maximum=100)


def _node_selector_term() -> Schema:
    operators = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
    return record(
        "What is asked of a node.",
        {
            "matchExpressions": listing("About its labels.", _requirement(operators)),
            "matchFields": listing("About its fields.", _requirement(operators)),
        },
    )


def label_selector(about: str) -> Schema:
    operators = ("In", "NotIn", "Exists", "DoesNotExist")
    return record(
        about,
        {
            "matchExpressions": listing("What is asked of labels.", _requirement(operators)),
            "matchLabels": labels("Labels that must be there."),
        },
    )


def _requirement(operators: tuple[str, ...]) -> Schema:
    return record(
        "A key, an operator and values.",
        {"key": text("The key."), "operator": choice("How.", operators), "values": texts("The values.")},
        required=["key", "operator"],
    )


def environment(about: str) -> Schema:
    variable = record(
        "A variable: a value, or where to take it from.",
        {"name": text("Its name.", minLength=1), "value": text("Its value."), "valueFrom": _variable_source()},
        required=["name"],
    )
    return listing(about, variable)


def _variable_source() -> Schema:
    field = record(
        "A field of the pod.",
        {"apiVersion": text("Of which version of pods."), "fieldPath": text("Which field.")},
        required=["fieldPath"],
    )
    resource = record(
        "A limit or request of a container.",
        {
            "containerName": text("Of which container."),
            "divisor": quantity("In which unit."),
            "resource": text("Which one."),
        },
        required=["resource"],
    )
    file = record(
        "A variable in a file of a volume.",
        {
            "key": text("Which variable."),
            "optional": switch("Whether it may be missing."),
            "path": text("Which file."),
            "volumeName": text("Of which volume."),
        },
        required=["key", "path", "volumeName"],
    )
    return record(
        "Where to take the value from.",
        {
            "configMapKeyRef": _key_of("A ConfigMap of the same namespace."),
            "fieldRef": field,
            "fileKeyRef": file,
            "resourceFieldRef": resource,
            "secretKeyRef": _key_of("A Secret of the same namespace."),
        },
    )


def _key_of(about: str) -> Schema:
    return record(
        about,
        {
            "key": text("Which key."),
            "name": text("Its name."),
            "optional": switch("Whether it may be missing."),
        },
        required=["key"],
    )


def key_paths(about: str) -> Schema:
    item = record(
        "A key and its file.",
        {
            "key": text("The key."),
            "mode": number("Permissions of the file."),
            "path": text("The file, below the mount path."),
        },
        required=["key", "path"],
    )
    return listing(about, item)


def resources(about: str) -> Schema:
    claim = record(
        "A claim of the pod.",
        {"name": text("Which claim."), "request": text("Which request of it.")},
        required=["name"],
    )
    return record(
        about,
        {
            "claims": listing("Claims for devices.", claim),
            "limits": amounts("At most so much."),
            "requests": amounts("At least so much."),
        },
    )


def _confinement() -> dict[str, Schema]:
    """What pods and containers both may say."""
    options = {"level": text("Level."), "role": text("Role."), "type": text("Type."), "user": text("User.")}
    profiles = ("Localhost", "RuntimeDefault", "Unconfined")
    profile = {"localhostProfile": text("Which file of the node."), "type": choice("Which kind.", profiles)}
    windows = {
        "gmsaCredentialSpec": text("Credential specification."),
        "gmsaCredentialSpecName": text("Its name."),
        "hostProcess": switch("Whether it runs on the host."),
        "runAsUserName": text("User."),
    }
    return {
        "appArmorProfile": record("AppArmor.", profile, required=["type"]),
        "runAsGroup": number("Group.", bits=64),
        "runAsNonRoot": switch("Whether root is refused."),
        "runAsUser": number("User.", bits=64),
        "seLinuxOptions": record("SELinux.", options),
        "seccompProfile": record("Allowed system calls.", profile, required=["type"]),
        "windowsOptions": record("On Windows.", windows),
    }


def pod_security_context(about: str) -> Schema:
    sysctl = record(
        "A kernel parameter.", {"name": text("Its name."), "value": text("Its value.")}, required=["name", "value"]
    )
    return record(
        about,
        {
            **_confinement(),
            "fsGroup": number("Group that owns volumes.", bits=64),
            "fsGroupChangePolicy": text("When a volume's owner is changed: OnRootMismatch or Always."),
            "seLinuxChangePolicy": text("How volumes are relabelled: MountOption or Recursive."),
            "supplementalGroups": listing("Further groups.", {"type": "integer", "format": "int64"}),
            "supplementalGroupsPolicy": text("Merge or Strict."),
            "sysctls": listing("Kernel parameters.", sysctl),
        },
    )


def security_context(about: str) -> Schema:
    capabilities = record("Capabilities.", {"add": texts("Those added."), "drop": texts("Those dropped.")})
    return record(
        about,
        {
            **_confinement(),
            "allowPrivilegeEscalation": switch("Whether a process may gain more rights."),
            "capabilities": capabilities,
            "privileged": switch("Whether it may do anything on the node."),
            "procMount": text("Default or Unmasked."),
            "readOnlyRootFilesystem": switch("Whether nothing may be written to the image."),
        },
    )


def resource_quota(about: str) -> Schema:
    operators = ("In", "NotIn", "Exists", "DoesNotExist")
    requirement = record(
        "What is asked of an object.",
        {
            "operator": choice("How.", operators),
            "scopeName": text("Which scope."),
            "values": texts("The values."),
        },
        required=["operator", "scopeName"],
    )
    scopes = record("Which objects count.", {"matchExpressions": listing("All of these must hold.", requirement)})
    return record(
        about,
        {
            "hard": amounts("At most so much."),
            "scopeSelector": scopes,
            "scopes": texts("Which objects count."),
        },
    )


def limit_range(about: str) -> Schema:
    item = record(
        "Limits of one kind of thing.",
        {
            "default": amounts("Limit of what has none."),
            "defaultRequest": amounts("Request of what has none."),
            "max": amounts("At most so much."),
            "maxLimitRequestRatio": amounts("By how much a limit may exceed the request."),
            "min": amounts("At least so much."),
            "type": text("Pod, Container or PersistentVolumeClaim."),
        },
        required=["type"],
    )
    return record(about, {"limits": listing("One for each kind of thing.", item)}, required=["limits"])


def conditions(about: str) -> Schema:
    condition = record(
        "One aspect of the state.",
        {
            "lastTransitionTime": text("Since when.", format="date-time"),
            "message": text("What is so, and what to do about it."),
            "observedGeneration": number("Of which generation of the spec.", bits=64, minimum=0),
            "reason": text("One word for the message.", minLength=1),
            "status": choice("Whether it is so.", ("True", "False", "Unknown")),
            "type": text("Which aspect.", minLength=1),
        },
        required=["lastTransitionTime", "message", "reason", "status", "type"],
    )
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    return listing(about, condition, **keyed)
