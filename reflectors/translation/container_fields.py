"""What becomes of each field of a container on the host."""

from reflectors.translation.allow_list import Copied, Fields, LeftOut, copied

_EXEC = copied("command")
_HTTP_GET = copied("host path port scheme", httpHeaders=copied("name value"))
_TCP_SOCKET = copied("host port")

_PROBE = copied(
    "failureThreshold initialDelaySeconds periodSeconds successThreshold terminationGracePeriodSeconds timeoutSeconds",
    exec=_EXEC,
    grpc=copied("port service"),
    httpGet=_HTTP_GET,
    tcpSocket=_TCP_SOCKET,
)
_HANDLER = copied("", exec=_EXEC, httpGet=_HTTP_GET, sleep=copied("seconds"), tcpSocket=_TCP_SOCKET)

SE_LINUX_OPTIONS = copied("level role type user")
PROFILE = copied("localhostProfile type")
WINDOWS_OPTIONS = copied("gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName")

_SECURITY_CONTEXT = copied(
    "allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser",
    appArmorProfile=PROFILE,
    capabilities=copied("add drop"),
    seLinuxOptions=SE_LINUX_OPTIONS,
    seccompProfile=PROFILE,
    windowsOptions=WINDOWS_OPTIONS,
)

RESOURCE_FIELD_REF = copied("containerName divisor resource")
FIELD_REF = copied("apiVersion fieldPath")  # then pointed at what the virtual pod has there: downward_api.py

# The names in references to other objects are translated after they are copied: references.py.
_ENV = copied(
    "name value",
    valueFrom=copied(
        "",
        configMapKeyRef=copied("key name optional"),
        fieldRef=FIELD_REF,
        fileKeyRef=copied("key optional path volumeName"),
        resourceFieldRef=RESOURCE_FIELD_REF,
        secretKeyRef=copied("key name optional"),
    ),
)
_ENV_FROM = copied("prefix", configMapRef=copied("name optional"), secretRef=copied("name optional"))

RESOURCES: Fields = copied("limits requests") | {
    "claims": LeftOut("a pod with resource claims waits until they are reflected"),
}

CONTAINER: Fields = copied(
    "args command image imagePullPolicy name restartPolicy stdin stdinOnce terminationMessagePath"
    " terminationMessagePolicy tty workingDir",
    env=_ENV,
    envFrom=_ENV_FROM,
    lifecycle=copied("stopSignal", postStart=_HANDLER, preStop=_HANDLER),
    livenessProbe=_PROBE,
    ports=copied("containerPort hostIP hostPort name protocol"),
    readinessProbe=_PROBE,
    resizePolicy=copied("resourceName restartPolicy"),
    resources=RESOURCES,
    restartPolicyRules=copied("action", exitCodes=copied("operator values")),
    securityContext=_SECURITY_CONTEXT,
    startupProbe=_PROBE,
    volumeDevices=copied("devicePath name"),
    volumeMounts=copied("mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr"),
)

EPHEMERAL_CONTAINER: Fields = {**CONTAINER, "targetContainerName": Copied()}
