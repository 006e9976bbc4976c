"""The tables of `gotypes` for networking, storage, admission, flow control, devices, events and the like.

Source: k8s.io/api (networking, rbac, storage, admissionregistration, scheduling, node, flowcontrol, resource,
events), k8s.io/kube-aggregator/pkg/apis/apiregistration (struct tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_METADATA: Final[Mapping[str, Any]] = {"metadata": {}}
_SPEC: Final[Mapping[str, Any]] = {"metadata": {}, "spec": {}}
_OBJECT: Final[Mapping[str, Any]] = {"metadata": {}, "spec": {}, "status": {}}
_CONDITION: Final[Mapping[str, Any]] = {"lastTransitionTime": None}
_RULE: Final = frozenset({"scope"})
_WEBHOOK: Final = frozenset({"failurePolicy", "matchPolicy", "timeoutSeconds"})

POINTERS_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.admissionregistration.v1.MatchResources": frozenset({"matchPolicy"}),
    "api.admissionregistration.v1.MutatingAdmissionPolicySpec": frozenset({"failurePolicy"}),
    "api.admissionregistration.v1.MutatingWebhook": _WEBHOOK | {"reinvocationPolicy"},
    "api.admissionregistration.v1.NamedRuleWithOperations": _RULE,
    "api.admissionregistration.v1.ParamRef": frozenset({"parameterNotFoundAction"}),
    "api.admissionregistration.v1.RuleWithOperations": _RULE,
    "api.admissionregistration.v1.ServiceReference": frozenset({"path", "port"}),
    "api.admissionregistration.v1.ValidatingAdmissionPolicySpec": frozenset({"failurePolicy"}),
    "api.admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
    "api.admissionregistration.v1.Validation": frozenset({"reason"}),
    "api.admissionregistration.v1.WebhookClientConfig": frozenset({"url"}),
    "api.core.v1.TypedLocalObjectReference": frozenset({"apiGroup"}),
    "api.flowcontrol.v1.ExemptPriorityLevelConfiguration": frozenset(
        {"lendablePercent", "nominalConcurrencyShares"}
    ),
    "api.flowcontrol.v1.LimitedPriorityLevelConfiguration": frozenset(
        {"borrowingLimitPercent", "lendablePercent", "nominalConcurrencyShares"}
    ),
    "api.networking.v1.IngressClassParametersReference": frozenset({"apiGroup", "namespace", "scope"}),
    "api.networking.v1.IngressPortStatus": frozenset({"error"}),
    "api.networking.v1.IngressSpec": frozenset({"ingressClassName"}),
    "api.networking.v1.NetworkPolicyPort": frozenset({"endPort", "protocol"}),
    "api.resource.v1.AllocatedDeviceStatus": frozenset({"shareID"}),
    "api.resource.v1.Device": frozenset({"allNodes", "allowMultipleAllocations", "bindsToNode", "nodeName"}),
    "api.resource.v1.DeviceAttribute": frozenset({"bool", "int", "string", "version"}),
    "api.resource.v1.DeviceClassSpec": frozenset({"extendedResourceName"}),
    "api.resource.v1.DeviceConstraint": frozenset({"distinctAttribute", "matchAttribute"}),
    "api.resource.v1.DeviceRequestAllocationResult": frozenset({"adminAccess", "shareID"}),
    "api.resource.v1.ExactDeviceRequest": frozenset({"adminAccess"}),
    "api.resource.v1.NodeAllocatableResourceMapping": frozenset({"capacityKey"}),
    "api.resource.v1.ResourceSliceSpec": frozenset({"allNodes", "nodeName", "perDeviceNodeSelection"}),
    "api.storage.v1.CSIDriverSpec": frozenset({
        "attachRequired", "fsGroupPolicy", "nodeAllocatableUpdatePeriodSeconds", "podInfoOnMount",
        "preventPodSchedulingIfMissing", "requiresRepublish", "seLinuxMount", "serviceAccountTokenInSecrets",
        "storageCapacity",
    }),
    "api.storage.v1.StorageClass": frozenset({"allowVolumeExpansion", "reclaimPolicy", "volumeBindingMode"}),
    "api.storage.v1.VolumeAttachmentSource": frozenset({"persistentVolumeName"}),
    "api.storage.v1.VolumeError": frozenset({"errorCode"}),
    "api.storage.v1.VolumeNodeResources": frozenset({"count"}),
    "kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": frozenset({"port"}),
}  # fmt: skip
"""Optional fields that keep a zero value, by type."""

VALUES_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.networking.v1.IngressClassSpec": frozenset({"controller"}),
}
"""Fields of a pointer's name that are none."""

OMITTED_OF: Final[Mapping[str, frozenset[str]]] = {
    "api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": frozenset(
        {"policyName", "validationActions"}
    ),
    "api.networking.v1.ParentReference": frozenset({"name", "resource"}),
}
"""Required fields that are left out when they are empty, by type."""

ALWAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "api.admissionregistration.v1.MutatingAdmissionPolicy": _SPEC,
    "api.admissionregistration.v1.MutatingAdmissionPolicyBinding": _SPEC,
    "api.admissionregistration.v1.MutatingWebhookConfiguration": _METADATA,
    "api.admissionregistration.v1.ValidatingAdmissionPolicy": _OBJECT,
    "api.admissionregistration.v1.ValidatingAdmissionPolicyBinding": _SPEC,
    "api.admissionregistration.v1.ValidatingWebhookConfiguration": _METADATA,
    "api.core.v1.ComponentStatus": _METADATA,
    "api.core.v1.EventSeries": {"lastObservedTime": None},
    "api.core.v1.ServiceAccount": _METADATA,
    "api.core.v1.TypedLocalObjectReference": {"apiGroup": None},
    "api.events.v1.Event": {
        "metadata": {},
        "eventTime": None,
        "regarding": {},
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    },
    "api.flowcontrol.v1.FlowSchema": _OBJECT,
    "api.flowcontrol.v1.FlowSchemaCondition": _CONDITION,
    "api.flowcontrol.v1.FlowSchemaSpec": {"matchingPrecedence": 0},
    "api.flowcontrol.v1.LimitedPriorityLevelConfiguration": {"limitResponse": {}},
    "api.flowcontrol.v1.PriorityLevelConfiguration": _OBJECT,
    "api.flowcontrol.v1.PriorityLevelConfigurationCondition": _CONDITION,
    "api.flowcontrol.v1.QueuingConfiguration": {"queues": 0, "handSize": 0, "queueLengthLimit": 0},
    "api.flowcontrol.v1.ResourcePolicyRule": {"namespaces": None},
    "api.networking.v1.IPAddress": _SPEC,
    "api.networking.v1.Ingress": _OBJECT,
    "api.networking.v1.IngressClass": _SPEC,
    "api.networking.v1.IngressServiceBackend": {"port": {}},
    "api.networking.v1.IngressStatus": {"loadBalancer": {}},
    "api.networking.v1.NetworkPolicy": _SPEC,
    "api.networking.v1.NetworkPolicySpec": {"podSelector": {}},
    "api.networking.v1.ServiceCIDR": _OBJECT,
    "api.node.v1.RuntimeClass": _METADATA,
    "api.rbac.v1.ClusterRole": {"metadata": {}, "rules": None},
    "api.rbac.v1.ClusterRoleBinding": {"metadata": {}, "roleRef": {}},
    "api.rbac.v1.Role": {"metadata": {}, "rules": None},
    "api.rbac.v1.RoleBinding": {"metadata": {}, "roleRef": {}},
    "api.rbac.v1.RoleRef": {"apiGroup": ""},
    "api.resource.v1.AllocationResult": {"devices": {}},
    "api.resource.v1.DeviceClass": _SPEC,
    "api.resource.v1.ResourceClaim": _OBJECT,
    "api.resource.v1.ResourceClaimSpec": {"devices": {}},
    "api.resource.v1.ResourceClaimTemplate": _SPEC,
    "api.resource.v1.ResourceClaimTemplateSpec": {"metadata": {}, "spec": {}},
    "api.resource.v1.ResourceSlice": _SPEC,
    "api.scheduling.v1.PriorityClass": {"metadata": {}, "value": 0},
    "api.storage.v1.CSIDriver": _SPEC,
    "api.storage.v1.CSINode": _SPEC,
    "api.storage.v1.CSINodeDriver": {"topologyKeys": None},
    "api.storage.v1.CSIStorageCapacity": _METADATA,
    "api.storage.v1.StorageClass": _METADATA,
    "api.storage.v1.VolumeAttachment": _OBJECT,
    "api.storage.v1.VolumeAttributesClass": _METADATA,
    "api.storage.v1.VolumeError": {"time": None},
    "kube-aggregator.pkg.apis.apiregistration.v1.APIService": _OBJECT,
    "kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition": _CONDITION,
}
"""What Go writes whether it was there or not."""
