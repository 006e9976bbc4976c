"""What the published facts do not say of Go's structs: which fields are pointers, what is always there.

A field with `omitempty` is left out when it has its zero value, unless it is a pointer; a struct that is no
pointer is written even when it is empty. `goform` reads these tables.

Source: k8s.io/api (struct tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import clustergotypes

POINTERS: Final = frozenset({
    # integers
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "defaultMode", "expirationSeconds", "fsGroup",
    "leaseDurationSeconds", "leaseTransitions", "mode", "priority", "replicas", "runAsGroup", "runAsUser",
    "terminationGracePeriodSeconds", "tolerationSeconds", "minDomains", "averageUtilization", "backoffLimit",
    "backoffLimitPerIndex", "collisionCount", "completions",
    "currentCPUUtilizationPercentage", "failedJobsHistoryLimit", "maxExpirationSeconds", "maxFailedIndexes",
    "minReplicas", "parallelism", "progressDeadlineSeconds", "revisionHistoryLimit",
    "stabilizationWindowSeconds", "startingDeadlineSeconds", "succeededCount", "successfulJobsHistoryLimit",
    "targetCPUUtilizationPercentage", "terminatingReplicas",
    "ttlSecondsAfterFinished",
    # booleans
    "allocateLoadBalancerNodePorts", "allowPrivilegeEscalation", "automountServiceAccountToken",
    "blockOwnerDeletion", "controller", "enableServiceLinks", "hostUsers", "immutable", "optional",
    "orphanDependents", "privileged", "readOnlyRootFilesystem", "ready", "recursiveReadOnlyMounts",
    "runAsNonRoot", "serving", "setHostnameAsFQDN", "shareProcessNamespace", "started", "terminating",
    "hostProcess", "manualSelector", "suspend",
    # texts
    "appProtocol", "fsGroupChangePolicy", "holderIdentity", "hostnameOverride", "internalTrafficPolicy",
    "ipFamilyPolicy", "loadBalancerClass", "localhostProfile", "preemptionPolicy", "procMount",
    "runtimeClassName", "service", "storageClassName", "strategy", "preferredHolder",
    "unhealthyPodEvictionPolicy", "volumeMode", "completionMode", "currentVolumeAttributesClassName",
    "endpointsNamespace", "failedIndexes", "gmsaCredentialSpec", "gmsaCredentialSpecName", "managedBy",
    "mountPropagation", "nodeAffinityPolicy", "nodeTaintsPolicy", "podReplacementPolicy",
    "recursiveReadOnly", "runAsUserName", "seLinuxChangePolicy", "secretNamespace", "selectPolicy",
    "stopSignal", "succeededIndexes", "supplementalGroupsPolicy", "timeZone", "volumeAttributesClassName",
})  # fmt: skip
"""Optional fields that keep a zero value wherever they occur."""

POINTERS_OF: Final[Mapping[str, frozenset[str]]] = {
    **clustergotypes.POINTERS_OF,
    "api.core.v1.ClientIPConfig": frozenset({"timeoutSeconds"}),
    "api.core.v1.HostPathVolumeSource": frozenset({"type"}),
    "api.core.v1.EndpointAddress": frozenset({"nodeName"}),
    "api.core.v1.AzureDiskVolumeSource": frozenset({"cachingMode", "fsType", "kind", "readOnly"}),
    "api.core.v1.ClusterTrustBundleProjection": frozenset({"name", "signerName"}),
    "api.core.v1.Container": frozenset({"restartPolicy"}),
    "api.core.v1.CSIVolumeSource": frozenset({"fsType", "readOnly"}),
    "api.core.v1.EphemeralContainer": frozenset({"restartPolicy"}),
    "api.core.v1.FCVolumeSource": frozenset({"lun"}),
    "api.core.v1.ISCSIPersistentVolumeSource": frozenset({"initiatorName"}),
    "api.core.v1.ISCSIVolumeSource": frozenset({"initiatorName"}),
    "api.core.v1.LocalVolumeSource": frozenset({"fsType"}),
    "api.core.v1.PodDNSConfigOption": frozenset({"value"}),
    "api.core.v1.PodResourceClaim": frozenset({"resourceClaimName", "resourceClaimTemplateName"}),
    "api.core.v1.TypedObjectReference": frozenset({"namespace"}),
    "api.apps.v1.RollingUpdateStatefulSetStrategy": frozenset({"partition"}),
    "api.autoscaling.v1.HorizontalPodAutoscalerStatus": frozenset({"observedGeneration"}),
    "api.autoscaling.v2.HorizontalPodAutoscalerStatus": frozenset({"observedGeneration"}),
    "api.batch.v1.PodFailurePolicyOnExitCodesRequirement": frozenset({"containerName"}),
    "api.discovery.v1.EndpointPort": frozenset({"name", "port", "protocol"}),
    "api.discovery.v1.Endpoint": frozenset({"hostname", "nodeName", "zone"}),
}
"""The same, by type, for names that elsewhere are no pointers."""

VALUES_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.core.v1.PersistentVolumeSpec": frozenset({"storageClassName"}),
    **clustergotypes.VALUES_OF,
    "api.core.v1.ReplicationControllerStatus": frozenset({"replicas"}),
    "api.apps.v1.DeploymentStatus": frozenset({"replicas"}),
    "api.apps.v1.ReplicaSetStatus": frozenset({"replicas"}),
    "api.apps.v1.StatefulSetStatus": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleSpec": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleStatus": frozenset({"replicas"}),
}
"""Fields of a pointer's name that are none."""

OMITTED_OF: Final = clustergotypes.OMITTED_OF

REQUIRED_POINTERS: Final = frozenset({"min", "parentRef", "pathType", "secretRef", "selector", "sideEffects"})
"""Required fields that are pointers: there is no zero value to write for them."""

_CONDITION: Final[Mapping[str, Any]] = {"lastTransitionTime": None}
_PROBED_CONDITION: Final[Mapping[str, Any]] = {"lastProbeTime": None, "lastTransitionTime": None}
_OBJECT: Final[Mapping[str, Any]] = {"metadata": {}, "spec": {}, "status": {}}

ALWAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "api.apps.v1.ControllerRevision": {"metadata": {}, "revision": 0},
    "api.apps.v1.DaemonSet": _OBJECT,
    "api.apps.v1.DaemonSetCondition": _CONDITION,
    "api.apps.v1.DaemonSetSpec": {"template": {}, "updateStrategy": {}},
    "api.apps.v1.Deployment": _OBJECT,
    "api.apps.v1.DeploymentCondition": {"lastUpdateTime": None, "lastTransitionTime": None},
    "api.apps.v1.DeploymentSpec": {"template": {}, "strategy": {}},
    "api.apps.v1.ReplicaSet": _OBJECT,
    "api.apps.v1.ReplicaSetCondition": _CONDITION,
    "api.apps.v1.ReplicaSetSpec": {"template": {}},
    "api.apps.v1.StatefulSet": _OBJECT,
    "api.apps.v1.StatefulSetCondition": _CONDITION,
    "api.apps.v1.StatefulSetOrdinals": {"start": 0},
    "api.apps.v1.StatefulSetSpec": {"template": {}, "serviceName": "", "updateStrategy": {}},
    "api.apps.v1.StatefulSetStatus": {"replicas": 0, "availableReplicas": 0},
    "api.autoscaling.v1.HorizontalPodAutoscaler": _OBJECT,
    "api.autoscaling.v2.HorizontalPodAutoscaler": _OBJECT,
    "api.autoscaling.v2.HorizontalPodAutoscalerCondition": _CONDITION,
    "api.autoscaling.v2.HorizontalPodAutoscalerStatus": {"desiredReplicas": 0, "currentMetrics": None},
    "api.batch.v1.CronJob": _OBJECT,
    "api.batch.v1.Job": _OBJECT,
    "api.batch.v1.JobCondition": _PROBED_CONDITION,
    "api.batch.v1.JobTemplateSpec": {"metadata": {}, "spec": {}},
    "api.core.v1.LimitRange": {"metadata": {}, "spec": {}},
    "api.core.v1.PersistentVolume": _OBJECT,
    "api.core.v1.PersistentVolumeClaim": _OBJECT,
    "api.core.v1.PersistentVolumeClaimCondition": _PROBED_CONDITION,
    "api.core.v1.PersistentVolumeClaimSpec": {"resources": {}},
    "api.core.v1.PersistentVolumeClaimTemplate": {"metadata": {}, "spec": {}},
    "api.core.v1.PodTemplate": {"metadata": {}, "template": {}},
    "api.core.v1.ResourceFieldSelector": {"divisor": "0"},
    "api.core.v1.ResourceQuota": _OBJECT,
    "api.core.v1.TypedLocalObjectReference": {"apiGroup": None},
    "api.core.v1.TypedObjectReference": {"apiGroup": None},
    **clustergotypes.ALWAYS,
    "api.core.v1.Container": {"resources": {}},
    "api.core.v1.EphemeralContainer": {"resources": {}},
    "api.core.v1.ContainerStateRunning": {"startedAt": None},
    "api.core.v1.ContainerStateTerminated": {"exitCode": 0, "startedAt": None, "finishedAt": None},
    "api.core.v1.ContainerStatus": {"state": {}, "lastState": {}},
    "api.core.v1.Endpoints": {"metadata": {}},
    "api.core.v1.Event": {
        "metadata": {},
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "api.core.v1.Namespace": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.NamespaceCondition": {"lastTransitionTime": None},
    "api.core.v1.Node": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.NodeCondition": {"lastHeartbeatTime": None, "lastTransitionTime": None},
    "api.core.v1.NodeStatus": {"daemonEndpoints": {}, "nodeInfo": {}},
    "api.core.v1.NodeDaemonEndpoints": {"kubeletEndpoint": {}},
    "api.core.v1.DaemonEndpoint": {"Port": 0},
    "api.core.v1.NodeSystemInfo": dict.fromkeys(
        (
            "machineID",
            "systemUUID",
            "bootID",
            "kernelVersion",
            "osImage",
            "containerRuntimeVersion",
            "kubeletVersion",
            "kubeProxyVersion",
            "operatingSystem",
            "architecture",
        ),
        "",
    ),
    "api.core.v1.Pod": {"metadata": {}, "spec": {}, "status": {}},
    "api.authentication.v1.TokenRequest": {"metadata": {}, "spec": {}, "status": {}},
    "api.authentication.v1.TokenRequestSpec": {"audiences": None, "boundObjectRef": None},
    "api.core.v1.PodCondition": {"lastProbeTime": None, "lastTransitionTime": None},
    "api.core.v1.PodSpec": {"containers": None},
    "api.core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "api.core.v1.ReplicationControllerCondition": {"lastTransitionTime": None},
    "api.core.v1.ReplicationController": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ReplicationControllerStatus": {"replicas": 0},
    "api.core.v1.Service": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ServiceStatus": {"loadBalancer": {}},
    "api.authentication.v1.TokenReview": {"metadata": {}, "spec": {}, "status": {}},
    "api.authentication.v1.TokenReviewStatus": {"user": {}},
    "api.authentication.v1.SelfSubjectReview": {"metadata": {}, "status": {}},
    "api.authentication.v1.SelfSubjectReviewStatus": {"userInfo": {}},
    "api.authorization.v1.LocalSubjectAccessReview": {"metadata": {}, "spec": {}, "status": {}},
    "api.authorization.v1.SelfSubjectAccessReview": {"metadata": {}, "spec": {}, "status": {}},
    "api.authorization.v1.SelfSubjectRulesReview": {"metadata": {}, "spec": {}, "status": {}},
    "api.authorization.v1.SubjectAccessReview": {"metadata": {}, "spec": {}, "status": {}},
    "api.certificates.v1.CertificateSigningRequest": {"metadata": {}, "spec": {}, "status": {}},
    "api.coordination.v1.Lease": {"metadata": {}, "spec": {}},
    "api.discovery.v1.EndpointSlice": {"metadata": {}, "endpoints": None, "ports": None},
    "api.discovery.v1.Endpoint": {"conditions": {}},
    "api.policy.v1.PodDisruptionBudget": {"metadata": {}, "spec": {}, "status": {}},
    "api.policy.v1.PodDisruptionBudgetStatus": {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    "api.autoscaling.v1.Scale": {"metadata": {}, "spec": {}, "status": {}},
    "api.autoscaling.v1.ScaleStatus": {"replicas": 0},
}
"""What Go writes whether it was there or not. Fields in the order of the struct; a struct's own entries
follow."""
