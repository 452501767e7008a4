"""What becomes of each kind of volume on the host."""

from reflectors.translation.allow_list import Copied, Fields, LeftOut, Replaced, copied
from reflectors.translation.container_fields import FIELD_REF, RESOURCE_FIELD_REF

_KEY_TO_PATH = copied("key mode path")
_SECRET_REF = copied("name")
_DOWNWARD_API_ITEM = copied("mode path", fieldRef=FIELD_REF, resourceFieldRef=RESOURCE_FIELD_REF)

_PROJECTION: Fields = copied(
    "",
    configMap=copied("name optional", items=_KEY_TO_PATH),
    downwardAPI=copied("", items=_DOWNWARD_API_ITEM),
    secret=copied("name optional", items=_KEY_TO_PATH),
) | {
    "clusterTrustBundle": LeftOut("a pod with one waits until trust bundles are reflected"),
    "podCertificate": LeftOut("a pod with one waits until pod certificates are reflected"),
    "serviceAccountToken": Replaced("tokens.py"),
}

# Kinds whose content is the tenant's own: the node has no more to do than make a folder.
OWN_VOLUMES: Fields = copied(
    "",
    configMap=copied("defaultMode name optional", items=_KEY_TO_PATH),
    downwardAPI=copied("defaultMode", items=_DOWNWARD_API_ITEM),
    emptyDir=copied("medium sizeLimit"),
    image=copied("pullPolicy reference"),
    persistentVolumeClaim=copied("claimName readOnly"),
    projected=copied("defaultMode", sources=_PROJECTION),
    secret=copied("defaultMode optional secretName", items=_KEY_TO_PATH),
) | {
    "ephemeral": Replaced("volumes.py: by the claim that the virtual cluster makes of it"),
}

# Kinds that the node mounts with its own rights, on the tenant's word: another's disk, a host's network file system, a
# driver's credentials. Only where `node_volumes` grants it.
NODE_VOLUMES: Fields = copied(
    "",
    awsElasticBlockStore=copied("fsType partition readOnly volumeID"),
    azureDisk=copied("cachingMode diskName diskURI fsType kind readOnly"),
    azureFile=copied("readOnly secretName shareName"),
    cephfs=copied("monitors path readOnly secretFile user", secretRef=_SECRET_REF),
    cinder=copied("fsType readOnly volumeID", secretRef=_SECRET_REF),
    csi=copied("driver fsType readOnly volumeAttributes", nodePublishSecretRef=_SECRET_REF),
    fc=copied("fsType lun readOnly targetWWNs wwids"),
    flexVolume=copied("driver fsType options readOnly", secretRef=_SECRET_REF),
    flocker=copied("datasetName datasetUUID"),
    gcePersistentDisk=copied("fsType partition pdName readOnly"),
    gitRepo=copied("directory repository revision"),
    glusterfs=copied("endpoints path readOnly"),
    iscsi=copied(
        "chapAuthDiscovery chapAuthSession fsType initiatorName iqn iscsiInterface lun portals readOnly targetPortal",
        secretRef=_SECRET_REF,
    ),
    nfs=copied("path readOnly server"),
    photonPersistentDisk=copied("fsType pdID"),
    portworxVolume=copied("fsType readOnly volumeID"),
    quobyte=copied("group readOnly registry tenant user volume"),
    rbd=copied("fsType image keyring monitors pool readOnly user", secretRef=_SECRET_REF),
    scaleIO=copied(
        "fsType gateway protectionDomain readOnly sslEnabled storageMode storagePool system volumeName",
        secretRef=_SECRET_REF,
    ),
    storageos=copied("fsType readOnly volumeName volumeNamespace", secretRef=_SECRET_REF),
    vsphereVolume=copied("fsType storagePolicyID storagePolicyName volumePath"),
)

VOLUME: Fields = {
    "name": Copied(),
    "hostPath": Copied(copied("path type")),  # only where `host_path` grants it
    **OWN_VOLUMES,
    **NODE_VOLUMES,
}
