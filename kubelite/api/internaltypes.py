"""Where Kubernetes' internal types differ from those of a version: order and names of fields.

Source: k8s.io/kubernetes/pkg/apis/core/types.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "apiGroup": "APIGroup",
    "apiGroups": "APIGroups",
    "apiVersion": "APIVersion",
    "awsElasticBlockStore": "AWSElasticBlockStore",
    "cel": "CEL",
    "cephfs": "CephFS",
    "csi": "CSI",
    "diskURI": "DataDiskURI",
    "dnsConfig": "DNSConfig",
    "dnsPolicy": "DNSPolicy",
    "fc": "FC",
    "fsGroup": "FSGroup",
    "fsGroupChangePolicy": "FSGroupChangePolicy",
    "fsType": "FSType",
    "gcePersistentDisk": "GCEPersistentDisk",
    "gmsaCredentialSpec": "GMSACredentialSpec",
    "gmsaCredentialSpecName": "GMSACredentialSpecName",
    "grpc": "GRPC",
    "httpGet": "HTTPGet",
    "httpHeaders": "HTTPHeaders",
    "ip": "IP",
    "iqn": "IQN",
    "iscsi": "ISCSI",
    "iscsiInterface": "ISCSIInterface",
    "nfs": "NFS",
    "os": "OS",
    "pdID": "PdID",
    "pdName": "PDName",
    "rbd": "RBD",
    "seLinuxChangePolicy": "SELinuxChangePolicy",
    "seLinuxOptions": "SELinuxOptions",
    "storageos": "StorageOS",
    "tcpSocket": "TCPSocket",
    "tty": "TTY",
    "uid": "UID",
}
"""Names of fields that Go does not write like JSON but for the first letter."""

_CONTAINER: Final = (
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy "
    "restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle "
    "terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty"
)
ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(fields.split())
    for name, fields in {
        "api.core.v1.Container": _CONTAINER,
        "api.core.v1.EphemeralContainer": f"{_CONTAINER} targetContainerName",
        "api.core.v1.PersistentVolumeClaimSpec": (
            "accessModes selector resources volumeName storageClassName volumeMode dataSource dataSourceRef "
            "volumeAttributesClassName"
        ),
        "api.core.v1.PodSecurityContext": (
            "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups "
            "supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls seccompProfile appArmorProfile "
            "seLinuxChangePolicy"
        ),
        "api.core.v1.PodSpec": (
            "volumes initContainers containers ephemeralContainers restartPolicy "
            "terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName "
            "automountServiceAccountToken nodeName securityContext imagePullSecrets hostname subdomain "
            "setHostnameAsFQDN affinity schedulerName tolerations hostAliases priorityClassName priority "
            "preemptionPolicy dnsConfig readinessGates runtimeClassName overhead enableServiceLinks "
            "topologySpreadConstraints os schedulingGates resourceClaims resources hostnameOverride "
            "schedulingGroup"
        ),
        "api.core.v1.SecurityContext": (
            "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot "
            "readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile"
        ),
        "api.core.v1.Volume": (
            "name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi "
            "glusterfs persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc "
            "azureFile configMap vsphereVolume azureDisk photonPersistentDisk projected portworxVolume "
            "scaleIO storageos csi ephemeral image"
        ),
        "api.core.v1.VolumeMount": (
            "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr"
        ),
    }.items()
}
"""The fields of internal types in which they stand in another order, or which lack some of the version's."""

OF_THE_HOST: Final = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""Fields of a pod's spec that belong to its security context inside."""
