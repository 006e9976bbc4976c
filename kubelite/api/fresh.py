"""What a cluster contains before anybody has made anything: priority classes, flow control, API services.

These objects are the same in every cluster but for uid, times and versions, which the API server adds. They
are written in full (defaults filled in, in Go's form), so that making a cluster costs little.

Source: k8s.io/kubernetes/pkg/apis/scheduling/v1/helpers.go, pkg/controlplane/apiserver/aggregator.go;
k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap/default.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource

_HIGHEST_USER_PRIORITY: Final = 1_000_000_000
_AUTOUPDATE: Final = "apf.kubernetes.io/autoupdate-spec"
_AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
_CUSTOM_GROUP_PRIORITY: Final = 1000
_CUSTOM_VERSION_PRIORITY: Final = 100

# --- flow control -------------------------------------------------------------------------------------------

_ALL: Final = ["*"]
_EVERYTHING: Final[Object] = {
    "verbs": _ALL,
    "apiGroups": _ALL,
    "resources": _ALL,
    "clusterScope": True,
    "namespaces": _ALL,
}
_EVERY_PATH: Final[Object] = {"verbs": _ALL, "nonResourceURLs": _ALL}
_NODE_STATUS: Final[Object] = {
    "verbs": _ALL,
    "apiGroups": [""],
    "resources": ["nodes", "nodes/status"],
    "clusterScope": True,
    "namespaces": _ALL,
}
_LEASES: Final[Object] = {
    "verbs": _ALL,
    "apiGroups": ["coordination.k8s.io"],
    "resources": ["leases"],
    "namespaces": _ALL,
}
_ELECTIONS: Final[Object] = {**_LEASES, "verbs": ["get", "create", "update"]}
_PROBES: Final[Object] = {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}


def _groups(*names: str) -> list[Object]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


def _users(*names: str) -> list[Object]:
    return [{"kind": "User", "user": {"name": name}} for name in names]


_SYSTEM_ACCOUNTS: Final[list[Object]] = [
    {"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}
]
_ANYBODY: Final = _groups("system:unauthenticated", "system:authenticated")


def _schema(
    level: str,
    precedence: int,
    method: str,
    subjects: list[Object],
    resources: tuple[Object, ...] = (_EVERYTHING,),
    paths: tuple[Object, ...] = (_EVERY_PATH,),
) -> Object:
    spec: Object = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if method:
        spec["distinguisherMethod"] = {"type": method}
    rule: Object = {"subjects": subjects}
    if resources:
        rule["resourceRules"] = list(resources)
    if paths:
        rule["nonResourceRules"] = list(paths)
    return {**spec, "rules": [rule]}


def _limited(shares: int, lendable_percent: int, queues: int = 0, hand_size: int = 0) -> Object:
    response: Object = {"type": "Reject"}
    if queues:
        queuing = {"queues": queues, "handSize": hand_size, "queueLengthLimit": 50}
        response = {"type": "Queue", "queuing": queuing}
    limited = {
        "nominalConcurrencyShares": shares,
        "limitResponse": response,
        "lendablePercent": lendable_percent,
    }
    return {"type": "Limited", "limited": limited}


MANDATORY_FLOW_SCHEMAS: Final[Mapping[str, Object]] = {
    "catch-all": _schema("catch-all", 10000, "ByUser", _ANYBODY),
    "exempt": _schema("exempt", 1, "", _groups("system:masters")),
}
"""Specs of the schemas that cannot be changed."""

MANDATORY_PRIORITY_LEVELS: Final[Mapping[str, Object]] = {
    "catch-all": _limited(5, 0),
    "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
}
"""Specs of the levels that cannot be changed, but for how much the exempt one lends."""

_FLOW_SCHEMAS: Final[Mapping[str, Object]] = {
    "global-default": _schema("global-default", 9900, "ByUser", _ANYBODY),
    "kube-controller-manager": _schema(
        "workload-high", 800, "ByNamespace", _users("system:kube-controller-manager")
    ),
    "kube-scheduler": _schema("workload-high", 800, "ByNamespace", _users("system:kube-scheduler")),
    "kube-system-service-accounts": _schema("workload-high", 900, "ByNamespace", _SYSTEM_ACCOUNTS),
    "probes": _schema("exempt", 2, "", _ANYBODY, (), (_PROBES,)),
    "service-accounts": _schema("workload-low", 9000, "ByUser", _groups("system:serviceaccounts")),
    "system-leader-election": _schema(
        "leader-election",
        100,
        "ByUser",
        [*_users("system:kube-controller-manager", "system:kube-scheduler"), *_SYSTEM_ACCOUNTS],
        (_ELECTIONS,),
        (),
    ),
    "system-node-high": _schema(
        "node-high", 400, "ByUser", _groups("system:nodes"), (_NODE_STATUS, _LEASES), ()
    ),
    "system-nodes": _schema("system", 500, "ByUser", _groups("system:nodes")),
}
_PRIORITY_LEVELS: Final[Mapping[str, Object]] = {
    "global-default": _limited(20, 50, 128, 6),
    "leader-election": _limited(10, 0, 16, 4),
    "node-high": _limited(40, 25, 64, 6),
    "system": _limited(30, 33, 64, 6),
    "workload-high": _limited(40, 50, 128, 6),
    "workload-low": _limited(100, 90, 128, 6),
}


def dangling(level: str, is_there: bool, since: str | None) -> Object:
    """The condition of a FlowSchema that tells whether its priority level exists."""
    what = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
    return {
        "type": "Dangling",
        "status": "False" if is_there else "True",
        "lastTransitionTime": since,
        "reason": "Found" if is_there else "NotFound",
        "message": f"{what} and it exists" if is_there else f"{what} but there is no such object",
    }


def flow_control() -> Iterator[tuple[Resource, Object]]:
    """Priority levels, and the schemas that lead to them."""
    levels = {**MANDATORY_PRIORITY_LEVELS, **_PRIORITY_LEVELS}
    for name, spec in levels.items():
        yield _made(r.PRIORITYLEVELCONFIGURATIONS, _autoupdated(name), spec=spec, status={})
    for name, spec in {**MANDATORY_FLOW_SCHEMAS, **_FLOW_SCHEMAS}.items():
        condition = dangling(spec["priorityLevelConfiguration"]["name"], True, None)
        yield _made(r.FLOWSCHEMAS, _autoupdated(name), spec=spec, status={"conditions": [condition]})


def _autoupdated(name: str) -> Object:
    return {"name": name, "generation": 1, "annotations": {_AUTOUPDATE: "true"}}


# --- priority classes ---------------------------------------------------------------------------------------


def priority_classes() -> Iterator[tuple[Resource, Object]]:
    """The two classes of the system."""
    for name, more, why in (
        (
            "system-cluster-critical",
            0,
            "that must run in the cluster, but can be moved to another node if necessary",
        ),
        ("system-node-critical", 1000, "that must not be moved from their current node"),
    ):
        yield _made(
            r.PRIORITYCLASSES,
            {"name": name, "generation": 1},
            value=2 * _HIGHEST_USER_PRIORITY + more,
            description=f"Used for system critical pods {why}.",
            preemptionPolicy="PreemptLowerPriority",
        )


# --- API services -------------------------------------------------------------------------------------------

_GROUP_PRIORITIES: Final[Mapping[str, int]] = {
    "": 18000,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "apps": 17800,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "coordination.k8s.io": 16500,
    "discovery.k8s.io": 16200,
    "events.k8s.io": 17750,
    "flowcontrol.apiserver.k8s.io": 16100,
    "networking.k8s.io": 17200,
    "node.k8s.io": 16300,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "resource.k8s.io": 16200,
    "scheduling.k8s.io": 16600,
    "storage.k8s.io": 16800,
}
_VERSION_PRIORITIES: Final[Mapping[tuple[str, str], int]] = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("resource.k8s.io", "v1"): 20,
}
_VERSION_PRIORITY: Final = 15


def api_services() -> Iterator[tuple[Resource, Object]]:
    """One for each version of each group that the server has from the start, but for their own."""
    versions = {(resource.group, resource.version) for resource in r.SERVED}
    for group, version in sorted(versions):
        if group in _GROUP_PRIORITIES:
            priority = _VERSION_PRIORITIES.get((group, version), _VERSION_PRIORITY)
            yield (
                r.APISERVICES,
                _api_service(group, version, _GROUP_PRIORITIES[group], priority, "onstart"),
            )


def custom_api_service(group: str, version: str) -> Object:
    """The APIService of a version of a group of custom resources, to be created like any object."""
    return _api_service(group, version, _CUSTOM_GROUP_PRIORITY, _CUSTOM_VERSION_PRIORITY, "true")


def is_managed(api_service: Object) -> bool:
    """Whether an APIService comes and goes with the definitions of custom resources."""
    return (api_service["metadata"].get("labels") or {}).get(_AUTOMANAGED) == "true"


def _api_service(
    group: str, version: str, group_priority: int, version_priority: int, managed: str
) -> Object:
    condition = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": None,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    spec: Object = {"group": group} if group else {}
    spec |= {
        "version": version,
        "groupPriorityMinimum": group_priority,
        "versionPriority": version_priority,
    }
    metadata = {"name": f"{version}.{group}", "labels": {_AUTOMANAGED: managed}}
    return _made(r.APISERVICES, metadata, spec=spec, status={"conditions": [condition]})[1]


# --- addresses ----------------------------------------------------------------------------------------------

SERVICE_CIDR: Final = "kubernetes"


def service_cidr(network: str) -> tuple[Resource, Object]:
    """The range from which Services get their addresses."""
    condition = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": None,
        "reason": "",
        "message": "Kubernetes Service CIDR is ready",
    }
    metadata = {"name": SERVICE_CIDR, "finalizers": ["networking.k8s.io/service-cidr-finalizer"]}
    return _made(r.SERVICECIDRS, metadata, spec={"cidrs": [network]}, status={"conditions": [condition]})


def ip_address(address: str, service: Object) -> Object:
    """The object that stands for an address of a Service."""
    metadata = service["metadata"]
    labels = {
        "ipaddress.kubernetes.io/ip-family": "IPv6" if ":" in address else "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    parent = {"resource": "services", "namespace": metadata["namespace"], "name": metadata["name"]}
    return _made(r.IPADDRESSES, {"name": address, "labels": labels}, spec={"parentRef": parent})[1]


# --- all ----------------------------------------------------------------------------------------------------


def _made(resource: Resource, metadata: Object, **fields: Any) -> tuple[Resource, Object]:
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata, **fields}
    return resource, obj


@cache
def objects() -> tuple[tuple[Resource, Object], ...]:
    """Everything that is the same in every cluster; `metadata` is short of what the server adds."""
    return (*priority_classes(), *flow_control(), *api_services())


def completed(obj: Object, *, uid: str, now: str) -> Object:
    """One of these objects with what the server adds: uid, times, the place of the version."""
    given = obj["metadata"]
    metadata: Object = {"name": given["name"]}
    if "namespace" in given:
        metadata["namespace"] = given["namespace"]
    metadata["uid"], metadata["resourceVersion"] = uid, ""
    if "generation" in given:
        metadata["generation"] = given["generation"]
    metadata["creationTimestamp"] = now
    for key in ("labels", "annotations", "finalizers"):
        if key in given:
            metadata[key] = given[key]
    if "managedFields" in given:
        metadata["managedFields"] = [
            {**{key: each[key] for key in ("manager", "operation", "apiVersion")}, "time": now, **each}
            for each in given["managedFields"]
        ]
    obj = {**obj, "metadata": metadata}
    conditions = (obj.get("status") or {}).get("conditions")
    if conditions:
        obj["status"] = {"conditions": [{**each, "lastTransitionTime": now} for each in conditions]}
    return obj
