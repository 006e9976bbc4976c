"""Which kinds there are, under which names and with which verbs: the table that discovery shows.

Rows stand in the order in which Kubernetes 1.36 lists them: groups by priority, resources by plural.

Source: the discovery documents of Kubernetes 1.36 (`/api/v1`, `/apis/*`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import attrs

from kubelite.apimachinery.scheme import Resource

ALL: Final = ("all",)
"""The category behind `kubectl get all`."""

READ_WRITE_VERBS: Final = ("get", "patch", "update")
CONNECT_VERBS: Final = ("create", "get")
PROXY_VERBS: Final = ("create", "delete", "get", "patch", "update")
CREATE_VERBS: Final = ("create",)
NAMESPACE_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")


class Subresource(NamedTuple):
    """What discovery says of one subresource.

    An empty `kind` stands for the kind of the resource it belongs to; then `group` and `version` are empty
    too.
    """

    name: str
    verbs: tuple[str, ...] = READ_WRITE_VERBS
    kind: str = ""
    group: str = ""
    version: str = ""


STATUS: Final = Subresource("status")
SCALE: Final = Subresource("scale", kind="Scale", group="autoscaling", version="v1")
FINALIZE: Final = Subresource("finalize", verbs=("update",))
BINDING: Final = Subresource("binding", verbs=CREATE_VERBS, kind="Binding")
EVICTION: Final = Subresource("eviction", verbs=CREATE_VERBS, kind="Eviction", group="policy", version="v1")
ATTACH: Final = Subresource("attach", verbs=CONNECT_VERBS, kind="PodAttachOptions")
PORT_FORWARD: Final = Subresource("portforward", verbs=CONNECT_VERBS, kind="PodPortForwardOptions")
NODE_PROXY: Final = Subresource("proxy", verbs=PROXY_VERBS, kind="NodeProxyOptions")
EXEC: Final = Subresource("exec", verbs=CONNECT_VERBS, kind="PodExecOptions")
LOG: Final = Subresource("log", verbs=("get",))
EPHEMERAL_CONTAINERS: Final = Subresource("ephemeralcontainers")
RESIZE: Final = Subresource("resize")
POD_PROXY: Final = Subresource("proxy", verbs=PROXY_VERBS, kind="PodProxyOptions")
SERVICE_PROXY: Final = Subresource("proxy", verbs=PROXY_VERBS, kind="ServiceProxyOptions")
TOKEN: Final = Subresource(
    "token", verbs=CREATE_VERBS, kind="TokenRequest", group="authentication.k8s.io", version="v1"
)
APPROVAL: Final = Subresource("approval")

_subresources: dict[tuple[str, str, str], Subresource] = {}


def _resource(
    group: str,
    plural: str,
    kind: str,
    *short_names: str,
    namespaced: bool = True,
    version: str = "v1",
    categories: tuple[str, ...] = (),
    subresources: tuple[Subresource, ...] = (),
    verbs: tuple[str, ...] | None = None,
) -> Resource:
    """A row of the table; what is not said is what most kinds have."""
    for subresource in subresources:
        _subresources[group, plural, subresource.name] = subresource
    resource = Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        singular=kind.lower(),
        short_names=short_names,
        categories=categories,
        subresources=tuple(subresource.name for subresource in subresources),
    )
    return resource if verbs is None else attrs.evolve(resource, verbs=verbs)


# --- the kinds ----------------------------------------------------------------------------------------------

_APPS: Final = "apps"
_RBAC: Final = "rbac.authorization.k8s.io"
_STORAGE: Final = "storage.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_NETWORKING: Final = "networking.k8s.io"
_AUTHORIZATION: Final = "authorization.k8s.io"
_AUTHENTICATION: Final = "authentication.k8s.io"
_DEVICES: Final = "resource.k8s.io"
_FLOW: Final = "flowcontrol.apiserver.k8s.io"
_EXTENSIONS: Final = ("api-extensions",)

BINDINGS: Final = _resource("", "bindings", "Binding", verbs=CREATE_VERBS)
COMPONENTSTATUSES: Final = _resource(
    "", "componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=("get", "list")
)
CONFIGMAPS: Final = _resource("", "configmaps", "ConfigMap", "cm")
ENDPOINTS: Final = _resource("", "endpoints", "Endpoints", "ep")
EVENTS: Final = _resource("", "events", "Event", "ev")
LIMITRANGES: Final = _resource("", "limitranges", "LimitRange", "limits")
NAMESPACES: Final = _resource(
    "",
    "namespaces",
    "Namespace",
    "ns",
    namespaced=False,
    subresources=(FINALIZE, STATUS),
    verbs=NAMESPACE_VERBS,
)
NODES: Final = _resource("", "nodes", "Node", "no", namespaced=False, subresources=(NODE_PROXY, STATUS))
PERSISTENTVOLUMECLAIMS: Final = _resource(
    "", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", subresources=(STATUS,)
)
PERSISTENTVOLUMES: Final = _resource(
    "", "persistentvolumes", "PersistentVolume", "pv", namespaced=False, subresources=(STATUS,)
)
PODS: Final = _resource(
    "",
    "pods",
    "Pod",
    "po",
    categories=ALL,
    subresources=(
        ATTACH,
        BINDING,
        EPHEMERAL_CONTAINERS,
        EVICTION,
        EXEC,
        LOG,
        PORT_FORWARD,
        POD_PROXY,
        RESIZE,
        STATUS,
    ),
)
PODTEMPLATES: Final = _resource("", "podtemplates", "PodTemplate")
REPLICATIONCONTROLLERS: Final = _resource(
    "", "replicationcontrollers", "ReplicationController", "rc", categories=ALL, subresources=(SCALE, STATUS)
)
RESOURCEQUOTAS: Final = _resource("", "resourcequotas", "ResourceQuota", "quota", subresources=(STATUS,))
SECRETS: Final = _resource("", "secrets", "Secret")
SERVICEACCOUNTS: Final = _resource("", "serviceaccounts", "ServiceAccount", "sa", subresources=(TOKEN,))
SERVICES: Final = _resource(
    "", "services", "Service", "svc", categories=ALL, subresources=(SERVICE_PROXY, STATUS)
)
APISERVICES: Final = _resource(
    "apiregistration.k8s.io",
    "apiservices",
    "APIService",
    namespaced=False,
    categories=_EXTENSIONS,
    subresources=(STATUS,),
)
CONTROLLERREVISIONS: Final = _resource(_APPS, "controllerrevisions", "ControllerRevision")
DAEMONSETS: Final = _resource(_APPS, "daemonsets", "DaemonSet", "ds", categories=ALL, subresources=(STATUS,))
DEPLOYMENTS: Final = _resource(
    _APPS, "deployments", "Deployment", "deploy", categories=ALL, subresources=(SCALE, STATUS)
)
REPLICASETS: Final = _resource(
    _APPS, "replicasets", "ReplicaSet", "rs", categories=ALL, subresources=(SCALE, STATUS)
)
STATEFULSETS: Final = _resource(
    _APPS, "statefulsets", "StatefulSet", "sts", categories=ALL, subresources=(SCALE, STATUS)
)
EVENTS_V1: Final = _resource("events.k8s.io", "events", "Event", "ev")
SELFSUBJECTREVIEWS: Final = _resource(
    _AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview", namespaced=False, verbs=CREATE_VERBS
)
TOKENREVIEWS: Final = _resource(
    _AUTHENTICATION, "tokenreviews", "TokenReview", namespaced=False, verbs=CREATE_VERBS
)
LOCALSUBJECTACCESSREVIEWS: Final = _resource(
    _AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=CREATE_VERBS
)
SELFSUBJECTACCESSREVIEWS: Final = _resource(
    _AUTHORIZATION,
    "selfsubjectaccessreviews",
    "SelfSubjectAccessReview",
    namespaced=False,
    verbs=CREATE_VERBS,
)
SELFSUBJECTRULESREVIEWS: Final = _resource(
    _AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False, verbs=CREATE_VERBS
)
SUBJECTACCESSREVIEWS: Final = _resource(
    _AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=CREATE_VERBS
)
HORIZONTALPODAUTOSCALERS: Final = _resource(
    "autoscaling",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    "hpa",
    version="v2",
    categories=ALL,
    subresources=(STATUS,),
)
HORIZONTALPODAUTOSCALERS_V1: Final = _resource(
    "autoscaling",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    "hpa",
    categories=ALL,
    subresources=(STATUS,),
)
CRONJOBS: Final = _resource("batch", "cronjobs", "CronJob", "cj", categories=ALL, subresources=(STATUS,))
JOBS: Final = _resource("batch", "jobs", "Job", categories=ALL, subresources=(STATUS,))
CERTIFICATESIGNINGREQUESTS: Final = _resource(
    "certificates.k8s.io",
    "certificatesigningrequests",
    "CertificateSigningRequest",
    "csr",
    namespaced=False,
    subresources=(APPROVAL, STATUS),
)
INGRESSCLASSES: Final = _resource(_NETWORKING, "ingressclasses", "IngressClass", namespaced=False)
INGRESSES: Final = _resource(_NETWORKING, "ingresses", "Ingress", "ing", subresources=(STATUS,))
IPADDRESSES: Final = _resource(_NETWORKING, "ipaddresses", "IPAddress", "ip", namespaced=False)
NETWORKPOLICIES: Final = _resource(_NETWORKING, "networkpolicies", "NetworkPolicy", "netpol")
SERVICECIDRS: Final = _resource(
    _NETWORKING, "servicecidrs", "ServiceCIDR", namespaced=False, subresources=(STATUS,)
)
PODDISRUPTIONBUDGETS: Final = _resource(
    "policy", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", subresources=(STATUS,)
)
CLUSTERROLEBINDINGS: Final = _resource(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
CLUSTERROLES: Final = _resource(_RBAC, "clusterroles", "ClusterRole", namespaced=False)
ROLEBINDINGS: Final = _resource(_RBAC, "rolebindings", "RoleBinding")
ROLES: Final = _resource(_RBAC, "roles", "Role")
CSIDRIVERS: Final = _resource(_STORAGE, "csidrivers", "CSIDriver", namespaced=False)
CSINODES: Final = _resource(_STORAGE, "csinodes", "CSINode", namespaced=False)
CSISTORAGECAPACITIES: Final = _resource(_STORAGE, "csistoragecapacities", "CSIStorageCapacity")
STORAGECLASSES: Final = _resource(_STORAGE, "storageclasses", "StorageClass", "sc", namespaced=False)
VOLUMEATTACHMENTS: Final = _resource(
    _STORAGE, "volumeattachments", "VolumeAttachment", namespaced=False, subresources=(STATUS,)
)
VOLUMEATTRIBUTESCLASSES: Final = _resource(
    _STORAGE, "volumeattributesclasses", "VolumeAttributesClass", "vac", namespaced=False
)
MUTATINGADMISSIONPOLICIES: Final = _resource(
    _ADMISSION,
    "mutatingadmissionpolicies",
    "MutatingAdmissionPolicy",
    namespaced=False,
    categories=_EXTENSIONS,
)
MUTATINGADMISSIONPOLICYBINDINGS: Final = _resource(
    _ADMISSION,
    "mutatingadmissionpolicybindings",
    "MutatingAdmissionPolicyBinding",
    namespaced=False,
    categories=_EXTENSIONS,
)
MUTATINGWEBHOOKCONFIGURATIONS: Final = _resource(
    _ADMISSION,
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
    categories=_EXTENSIONS,
)
VALIDATINGADMISSIONPOLICIES: Final = _resource(
    _ADMISSION,
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
    categories=_EXTENSIONS,
    subresources=(STATUS,),
)
VALIDATINGADMISSIONPOLICYBINDINGS: Final = _resource(
    _ADMISSION,
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
    categories=_EXTENSIONS,
)
VALIDATINGWEBHOOKCONFIGURATIONS: Final = _resource(
    _ADMISSION,
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
    categories=_EXTENSIONS,
)
CUSTOMRESOURCEDEFINITIONS: Final = _resource(
    "apiextensions.k8s.io",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    "crd",
    "crds",
    namespaced=False,
    categories=_EXTENSIONS,
    subresources=(STATUS,),
)
PRIORITYCLASSES: Final = _resource(
    "scheduling.k8s.io", "priorityclasses", "PriorityClass", "pc", namespaced=False
)
LEASES: Final = _resource("coordination.k8s.io", "leases", "Lease")
RUNTIMECLASSES: Final = _resource("node.k8s.io", "runtimeclasses", "RuntimeClass", namespaced=False)
ENDPOINTSLICES: Final = _resource("discovery.k8s.io", "endpointslices", "EndpointSlice")
DEVICECLASSES: Final = _resource(_DEVICES, "deviceclasses", "DeviceClass", namespaced=False)
RESOURCECLAIMS: Final = _resource(_DEVICES, "resourceclaims", "ResourceClaim", subresources=(STATUS,))
RESOURCECLAIMTEMPLATES: Final = _resource(_DEVICES, "resourceclaimtemplates", "ResourceClaimTemplate")
RESOURCESLICES: Final = _resource(_DEVICES, "resourceslices", "ResourceSlice", namespaced=False)
FLOWSCHEMAS: Final = _resource(_FLOW, "flowschemas", "FlowSchema", namespaced=False, subresources=(STATUS,))
PRIORITYLEVELCONFIGURATIONS: Final = _resource(
    _FLOW,
    "prioritylevelconfigurations",
    "PriorityLevelConfiguration",
    namespaced=False,
    subresources=(STATUS,),
)

SERVED: Final[tuple[Resource, ...]] = (
    BINDINGS,
    COMPONENTSTATUSES,
    CONFIGMAPS,
    ENDPOINTS,
    EVENTS,
    LIMITRANGES,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    PODTEMPLATES,
    REPLICATIONCONTROLLERS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    APISERVICES,
    CONTROLLERREVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    REPLICASETS,
    STATEFULSETS,
    EVENTS_V1,
    SELFSUBJECTREVIEWS,
    TOKENREVIEWS,
    LOCALSUBJECTACCESSREVIEWS,
    SELFSUBJECTACCESSREVIEWS,
    SELFSUBJECTRULESREVIEWS,
    SUBJECTACCESSREVIEWS,
    HORIZONTALPODAUTOSCALERS,
    HORIZONTALPODAUTOSCALERS_V1,
    CRONJOBS,
    JOBS,
    CERTIFICATESIGNINGREQUESTS,
    INGRESSCLASSES,
    INGRESSES,
    IPADDRESSES,
    NETWORKPOLICIES,
    SERVICECIDRS,
    PODDISRUPTIONBUDGETS,
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    ROLEBINDINGS,
    ROLES,
    CSIDRIVERS,
    CSINODES,
    CSISTORAGECAPACITIES,
    STORAGECLASSES,
    VOLUMEATTACHMENTS,
    VOLUMEATTRIBUTESCLASSES,
    MUTATINGADMISSIONPOLICIES,
    MUTATINGADMISSIONPOLICYBINDINGS,
    MUTATINGWEBHOOKCONFIGURATIONS,
    VALIDATINGADMISSIONPOLICIES,
    VALIDATINGADMISSIONPOLICYBINDINGS,
    VALIDATINGWEBHOOKCONFIGURATIONS,
    CUSTOMRESOURCEDEFINITIONS,
    PRIORITYCLASSES,
    LEASES,
    RUNTIMECLASSES,
    ENDPOINTSLICES,
    DEVICECLASSES,
    RESOURCECLAIMS,
    RESOURCECLAIMTEMPLATES,
    RESOURCESLICES,
    FLOWSCHEMAS,
    PRIORITYLEVELCONFIGURATIONS,
)
"""All built-in kinds, in the order of discovery."""

STORED: Final[tuple[Resource, ...]] = tuple(
    resource for resource in SERVED if {"create", "list"} <= {*resource.verbs}
)
"""Those of which there are objects; the others are only asked (reviews) or told (bindings)."""

COLLECTED: Final[tuple[Resource, ...]] = tuple(
    resource for resource in STORED if resource not in {EVENTS, EVENTS_V1, HORIZONTALPODAUTOSCALERS_V1}
)
"""Those whose objects can own or be owned; each in one version."""

SUBRESOURCES: Final[Mapping[tuple[str, str, str], Subresource]] = MappingProxyType(_subresources)
"""(group, plural, subresource) -> what discovery says of it."""


def subresource_of(resource: Resource, name: str) -> Subresource | None:
    """The subresource `name` of `resource`; None if the kind has none of that name."""
    return SUBRESOURCES.get((resource.group, resource.plural, name))
