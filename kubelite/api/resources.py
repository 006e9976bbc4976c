"""Which kinds there are, under which names and with which verbs: the table that discovery shows.

Rows stand in the order in which Kubernetes 1.36 lists them: groups by priority, resources by plural. A kind
in `SERVED` has storage, defaults, validation and columns here; one in `KNOWN` is only named, so that its
facts can be found. To serve a kind of `KNOWN`, give it a constant and move its row.

Source: the discovery documents of Kubernetes 1.36 (`/api/v1`, `/apis/*`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import attrs

from kubelite.apimachinery.scheme import Resource, Scheme

ALL: Final = ("all",)
"""The category behind `kubectl get all`."""

READ_WRITE_VERBS: Final = ("get", "patch", "update")
CONNECT_VERBS: Final = ("create", "get")
PROXY_VERBS: Final = ("create", "delete", "get", "patch", "update")
CREATE_VERBS: Final = ("create",)
READ_VERBS: Final = ("get", "list", "watch")
NAMESPACE_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")


@attrs.frozen
class Subresource:
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
EXEC: Final = Subresource("exec", verbs=CONNECT_VERBS, kind="PodExecOptions")
LOG: Final = Subresource("log", verbs=("get",))
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


# --- served -------------------------------------------------------------------------------------------------

CONFIGMAPS: Final = _resource("", "configmaps", "ConfigMap", "cm")
ENDPOINTS: Final = _resource("", "endpoints", "Endpoints", "ep")
EVENTS: Final = _resource("", "events", "Event", "ev")
NAMESPACES: Final = _resource(
    "",
    "namespaces",
    "Namespace",
    "ns",
    namespaced=False,
    subresources=(FINALIZE, STATUS),
    verbs=NAMESPACE_VERBS,
)
NODES: Final = _resource("", "nodes", "Node", "no", namespaced=False, subresources=(STATUS,))
PODS: Final = _resource(
    "", "pods", "Pod", "po", categories=ALL, subresources=(BINDING, EVICTION, EXEC, LOG, POD_PROXY, STATUS)
)
REPLICATIONCONTROLLERS: Final = _resource(
    "", "replicationcontrollers", "ReplicationController", "rc", categories=ALL, subresources=(SCALE, STATUS)
)
SECRETS: Final = _resource("", "secrets", "Secret")
SERVICEACCOUNTS: Final = _resource("", "serviceaccounts", "ServiceAccount", "sa")
SERVICES: Final = _resource(
    "", "services", "Service", "svc", categories=ALL, subresources=(SERVICE_PROXY, STATUS)
)
PODDISRUPTIONBUDGETS: Final = _resource(
    "policy", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", subresources=(STATUS,)
)
LEASES: Final = _resource("coordination.k8s.io", "leases", "Lease")
ENDPOINTSLICES: Final = _resource("discovery.k8s.io", "endpointslices", "EndpointSlice")

SERVED: Final[tuple[Resource, ...]] = (
    CONFIGMAPS,
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICATIONCONTROLLERS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    PODDISRUPTIONBUDGETS,
    LEASES,
    ENDPOINTSLICES,
)
"""The kinds that this version serves, in the order of discovery."""

# --- can be read, not made ---------------------------------------------------------------------------------

CUSTOMRESOURCEDEFINITIONS: Final = _resource(
    "apiextensions.k8s.io",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    "crd",
    "crds",
    namespaced=False,
    categories=("api-extensions",),
    verbs=READ_VERBS,
)

READABLE: Final[tuple[Resource, ...]] = (CUSTOMRESOURCEDEFINITIONS,)
"""Kinds of which there are no objects and none can be made.

kubectl lists the custom kinds when a manifest names a kind which it does not know, and tells of the kind only
if it gets a list.
"""

# --- known, not served yet ----------------------------------------------------------------------------------

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
_SCALED: Final = (SCALE, STATUS)

KNOWN: Final[tuple[Resource, ...]] = (
    _resource("", "bindings", "Binding", verbs=CREATE_VERBS),
    _resource("", "componentstatuses", "ComponentStatus", "cs", namespaced=False, verbs=("get", "list")),
    _resource("", "limitranges", "LimitRange", "limits"),
    _resource("", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", subresources=(STATUS,)),
    _resource("", "persistentvolumes", "PersistentVolume", "pv", namespaced=False, subresources=(STATUS,)),
    _resource("", "podtemplates", "PodTemplate"),
    _resource("", "resourcequotas", "ResourceQuota", "quota", subresources=(STATUS,)),
    _resource(
        "apiregistration.k8s.io",
        "apiservices",
        "APIService",
        namespaced=False,
        categories=_EXTENSIONS,
        subresources=(STATUS,),
    ),
    _resource(_APPS, "controllerrevisions", "ControllerRevision"),
    _resource(_APPS, "daemonsets", "DaemonSet", "ds", categories=ALL, subresources=(STATUS,)),
    _resource(_APPS, "deployments", "Deployment", "deploy", categories=ALL, subresources=_SCALED),
    _resource(_APPS, "replicasets", "ReplicaSet", "rs", categories=ALL, subresources=_SCALED),
    _resource(_APPS, "statefulsets", "StatefulSet", "sts", categories=ALL, subresources=_SCALED),
    _resource("events.k8s.io", "events", "Event", "ev"),
    _resource(
        _AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview", namespaced=False, verbs=CREATE_VERBS
    ),
    _resource(_AUTHENTICATION, "tokenreviews", "TokenReview", namespaced=False, verbs=CREATE_VERBS),
    _resource(_AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=CREATE_VERBS),
    _resource(
        _AUTHORIZATION,
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        namespaced=False,
        verbs=CREATE_VERBS,
    ),
    _resource(
        _AUTHORIZATION,
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        namespaced=False,
        verbs=CREATE_VERBS,
    ),
    _resource(
        _AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=CREATE_VERBS
    ),
    _resource(
        "autoscaling",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        version="v2",
        categories=ALL,
        subresources=(STATUS,),
    ),
    _resource(
        "autoscaling",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        categories=ALL,
        subresources=(STATUS,),
    ),
    _resource("batch", "cronjobs", "CronJob", "cj", categories=ALL, subresources=(STATUS,)),
    _resource("batch", "jobs", "Job", categories=ALL, subresources=(STATUS,)),
    _resource(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "csr",
        namespaced=False,
        subresources=(APPROVAL, STATUS),
    ),
    _resource(_NETWORKING, "ingressclasses", "IngressClass", namespaced=False),
    _resource(_NETWORKING, "ingresses", "Ingress", "ing", subresources=(STATUS,)),
    _resource(_NETWORKING, "ipaddresses", "IPAddress", "ip", namespaced=False),
    _resource(_NETWORKING, "networkpolicies", "NetworkPolicy", "netpol"),
    _resource(_NETWORKING, "servicecidrs", "ServiceCIDR", namespaced=False, subresources=(STATUS,)),
    _resource(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _resource(_RBAC, "clusterroles", "ClusterRole", namespaced=False),
    _resource(_RBAC, "rolebindings", "RoleBinding"),
    _resource(_RBAC, "roles", "Role"),
    _resource(_STORAGE, "csidrivers", "CSIDriver", namespaced=False),
    _resource(_STORAGE, "csinodes", "CSINode", namespaced=False),
    _resource(_STORAGE, "csistoragecapacities", "CSIStorageCapacity"),
    _resource(_STORAGE, "storageclasses", "StorageClass", "sc", namespaced=False),
    _resource(_STORAGE, "volumeattachments", "VolumeAttachment", namespaced=False, subresources=(STATUS,)),
    _resource(_STORAGE, "volumeattributesclasses", "VolumeAttributesClass", "vac", namespaced=False),
    *(
        _resource(
            _ADMISSION, plural, kind, namespaced=False, categories=_EXTENSIONS, subresources=subresources
        )
        for plural, kind, subresources in (
            ("mutatingadmissionpolicies", "MutatingAdmissionPolicy", ()),
            ("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", ()),
            ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", ()),
            ("validatingadmissionpolicies", "ValidatingAdmissionPolicy", (STATUS,)),
            ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", ()),
            ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", ()),
        )
    ),
    _resource("scheduling.k8s.io", "priorityclasses", "PriorityClass", "pc", namespaced=False),
    _resource("node.k8s.io", "runtimeclasses", "RuntimeClass", namespaced=False),
    _resource(_DEVICES, "deviceclasses", "DeviceClass", namespaced=False),
    _resource(_DEVICES, "resourceclaims", "ResourceClaim", subresources=(STATUS,)),
    _resource(_DEVICES, "resourceclaimtemplates", "ResourceClaimTemplate"),
    _resource(_DEVICES, "resourceslices", "ResourceSlice", namespaced=False),
    _resource(_FLOW, "flowschemas", "FlowSchema", namespaced=False, subresources=(STATUS,)),
    _resource(
        _FLOW,
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        namespaced=False,
        subresources=(STATUS,),
    ),
)
"""Built-in kinds which this version does not serve."""

SUBRESOURCES: Final[Mapping[tuple[str, str, str], Subresource]] = MappingProxyType(_subresources)
"""(group, plural, subresource) -> what discovery says of it."""


def subresource_of(resource: Resource, name: str) -> Subresource | None:
    """The subresource `name` of `resource`; None if the kind has none of that name."""
    return SUBRESOURCES.get((resource.group, resource.plural, name))


@cache
def default_scheme() -> Scheme:
    """The scheme of all that can be read. It is shared: register custom kinds in a scheme of your own."""
    return new_scheme()


def new_scheme() -> Scheme:
    """A fresh scheme of the kinds that can be read, to which custom resources may be added."""
    scheme = Scheme()
    for resource in (*SERVED, *READABLE):
        scheme.register(resource)
    return scheme
