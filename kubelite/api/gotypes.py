"""What the published facts do not say of Go's structs: which fields are pointers, what is always there.

A field with `omitempty` is left out when it has its zero value, unless it is a pointer; a struct that is no
pointer is written even when it is empty. `goform` reads these tables.

Source: k8s.io/api (struct tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

POINTERS: Final = frozenset({
    # integers
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "defaultMode", "expirationSeconds", "fsGroup",
    "leaseDurationSeconds", "leaseTransitions", "mode", "priority", "replicas", "runAsGroup", "runAsUser",
    "terminationGracePeriodSeconds", "tolerationSeconds", "minDomains",
    # booleans
    "allocateLoadBalancerNodePorts", "allowPrivilegeEscalation", "automountServiceAccountToken",
    "blockOwnerDeletion", "controller", "enableServiceLinks", "hostUsers", "immutable", "optional",
    "orphanDependents", "privileged", "readOnlyRootFilesystem", "ready", "recursiveReadOnlyMounts",
    "runAsNonRoot", "serving", "setHostnameAsFQDN", "shareProcessNamespace", "started", "terminating",
    # texts
    "appProtocol", "fsGroupChangePolicy", "holderIdentity", "hostnameOverride", "internalTrafficPolicy",
    "ipFamilyPolicy", "loadBalancerClass", "localhostProfile", "preemptionPolicy", "procMount",
    "runtimeClassName", "service", "storageClassName", "strategy", "preferredHolder",
    "unhealthyPodEvictionPolicy", "volumeMode",
})  # fmt: skip
"""Optional fields that keep a zero value wherever they occur."""

POINTERS_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.core.v1.ClientIPConfig": frozenset({"timeoutSeconds"}),
    "api.core.v1.HostPathVolumeSource": frozenset({"type"}),
    "api.core.v1.EndpointAddress": frozenset({"nodeName"}),
    "api.discovery.v1.EndpointPort": frozenset({"name", "port", "protocol"}),
    "api.discovery.v1.Endpoint": frozenset({"hostname", "nodeName", "zone"}),
}
"""The same, by type, for names that elsewhere are no pointers."""

VALUES_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.core.v1.ReplicationControllerStatus": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleSpec": frozenset({"replicas"}),
    "api.autoscaling.v1.ScaleStatus": frozenset({"replicas"}),
}
"""Fields of a pointer's name that are none."""

REQUIRED_POINTERS: Final = frozenset({"parentRef", "pathType", "secretRef", "selector", "sideEffects"})
"""Required fields that are pointers: there is no zero value to write for them."""

ALWAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "api.core.v1.Container": {"resources": {}},
    "api.core.v1.EphemeralContainer": {"resources": {}},
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
    "api.core.v1.Node": {"metadata": {}, "spec": {}, "status": {}},
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
    "api.core.v1.PodSpec": {"containers": None},
    "api.core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "api.core.v1.ReplicationController": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ReplicationControllerStatus": {"replicas": 0},
    "api.core.v1.Service": {"metadata": {}, "spec": {}, "status": {}},
    "api.core.v1.ServiceStatus": {"loadBalancer": {}},
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
