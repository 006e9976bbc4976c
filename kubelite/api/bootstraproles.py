"""Roles of a fresh cluster and who has them.

A rule is a line: verbs, groups, resources and, if it is for certain objects only, their names; each several,
joined by commas. `R` stands for reading, `W` for writing, `core` for the group without a name, `events` for
the rule of all who record Events. A line that begins with `urls` is for paths.

Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy.
"""

# ruff: noqa: E501 - a rule is one line

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from kubelite.api.resources import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES
from kubelite.apimachinery.scheme import Object, Resource

_API_GROUP: Final = "rbac.authorization.k8s.io"
_BOOTSTRAPPING: Final = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_AUTOUPDATE: Final = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_AGGREGATE_TO: Final = "rbac.authorization.k8s.io/aggregate-to-"
_AGGREGATOR: Final = "clusterrole-aggregation-controller"
_CONTROLLER: Final = "system:controller:"
_SYSTEM: Final = "kube-system"
_PUBLIC: Final = "kube-public"
_EVENTS: Final = "create,patch,update core,events.k8s.io events"
_VERBS: Final = {"R": "get,list,watch", "W": "create,delete,deletecollection,patch,update"}
_URL_FIELDS: Final = 3

_ROLES: Final = """
cluster-admin
  * * *
  urls * *
system:aggregate-to-admin
  create authorization.k8s.io localsubjectaccessreviews
  R,W rbac.authorization.k8s.io rolebindings,roles
system:aggregate-to-edit
  R core pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
  impersonate core serviceaccounts
  W core pods,pods/attach,pods/exec,pods/portforward,pods/proxy
  create core pods/eviction
  W core configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
  create core serviceaccounts/token
  W core,events.k8s.io events
  W apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale
  W autoscaling horizontalpodautoscalers
  W batch cronjobs,jobs
  W extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale
  W policy poddisruptionbudgets
  W networking.k8s.io ingresses,networkpolicies
  R,W coordination.k8s.io leases
  W resource.k8s.io resourceclaims,resourceclaimtemplates
system:aggregate-to-view
  R core configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
  R core bindings,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
  R core namespaces
  R core,events.k8s.io events
  R discovery.k8s.io endpointslices
  R apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status
  R autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
  R batch cronjobs,cronjobs/status,jobs,jobs/status
  R extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale
  R policy poddisruptionbudgets,poddisruptionbudgets/status
  R networking.k8s.io ingresses,ingresses/status,networkpolicies
  R resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates
system:auth-delegator
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
system:basic-user
  create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
  create authentication.k8s.io selfsubjectreviews
system:certificates.k8s.io:certificatesigningrequests:nodeclient
  create certificates.k8s.io certificatesigningrequests/nodeclient
system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  create certificates.k8s.io certificatesigningrequests/selfnodeclient
system:certificates.k8s.io:kube-apiserver-client-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client
system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet
system:certificates.k8s.io:kubelet-serving-approver
  approve certificates.k8s.io signers kubernetes.io/kubelet-serving
system:certificates.k8s.io:legacy-unknown-approver
  approve certificates.k8s.io signers kubernetes.io/legacy-unknown
system:discovery
  urls get /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
system:heapster
  R core events,namespaces,nodes,pods
  R extensions deployments
system:kube-aggregator
  R core endpoints,services
system:kube-controller-manager
  events
  create coordination.k8s.io leases
  get,update coordination.k8s.io leases kube-controller-manager
  create core secrets,serviceaccounts
  delete core secrets
  get core configmaps,namespaces,secrets,serviceaccounts
  update core secrets,serviceaccounts
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
  list,watch * *
  create core serviceaccounts/token
system:kube-dns
  list,watch core endpoints,services
system:kube-scheduler
  events
  create coordination.k8s.io leases
  get,list,update,watch coordination.k8s.io leases kube-scheduler
  R core nodes
  delete,get,list,watch core pods
  create core bindings,pods/binding
  patch,update core pods/status
  R core replicationcontrollers,services
  R apps,extensions replicasets
  R apps statefulsets
  R policy poddisruptionbudgets
  R core persistentvolumeclaims,persistentvolumes
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
  R storage.k8s.io csinodes
  R core namespaces
  R storage.k8s.io csidrivers
  R storage.k8s.io csistoragecapacities
  R resource.k8s.io deviceclasses
  R,patch,update resource.k8s.io resourceclaims
  patch,update resource.k8s.io resourceclaims/status
  R resource.k8s.io resourceslices
  R storage.k8s.io volumeattachments
system:kubelet-api-admin
  R core nodes
  proxy core nodes
  * core nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats
system:monitoring
  urls get /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*
system:node
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews
  R core services
  R,create core nodes
  patch,update core nodes/status
  patch,update core nodes
  events
  R core pods
  create,delete core pods
  patch,update core pods/status
  create core pods/eviction
  R core configmaps,secrets
  get core persistentvolumeclaims,persistentvolumes
  get core endpoints
  R,create certificates.k8s.io certificatesigningrequests
  create,delete,get,patch,update coordination.k8s.io leases
  get storage.k8s.io volumeattachments
  create core serviceaccounts/token
  get,patch,update core persistentvolumeclaims/status
  R storage.k8s.io csidrivers
  create,delete,get,patch,update storage.k8s.io csinodes
  R node.k8s.io runtimeclasses
  get resource.k8s.io resourceclaims
  R,W resource.k8s.io resourceslices
system:node-bootstrapper
  R,create certificates.k8s.io certificatesigningrequests
system:node-problem-detector
  get core nodes
  patch core nodes/status
  events
system:node-proxier
  list,watch core endpoints,services
  R core nodes
  events
  list,watch discovery.k8s.io endpointslices
  list,watch networking.k8s.io servicecidrs
system:persistent-volume-provisioner
  create,delete,get,list,watch core persistentvolumes
  get,list,update,watch core persistentvolumeclaims
  R storage.k8s.io storageclasses
  watch core events
  events
system:public-info-viewer
  urls get /healthz,/livez,/readyz,/version,/version/
system:service-account-issuer-discovery
  urls get /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/
system:volume-scheduler
  R,patch,update core persistentvolumes
  R storage.k8s.io storageclasses
  R,patch,update core persistentvolumeclaims
"""

_CONTROLLERS: Final = """
attachdetach-controller
  list,watch core persistentvolumeclaims,persistentvolumes
  R core nodes
  patch,update core nodes/status
  list,watch core pods
  events
  create,delete,get,list,watch storage.k8s.io volumeattachments
  R storage.k8s.io csidrivers
  R storage.k8s.io csinodes
certificate-controller
  delete,get,list,watch certificates.k8s.io certificatesigningrequests
  update certificates.k8s.io certificatesigningrequests/approval,certificatesigningrequests/status
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet
  sign certificates.k8s.io signers kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown
  create authorization.k8s.io subjectaccessreviews
  events
clusterrole-aggregation-controller
  escalate,get,list,patch,update,watch rbac.authorization.k8s.io clusterroles
cronjob-controller
  get,list,update,watch batch cronjobs
  create,delete,get,list,patch,update,watch batch jobs
  update batch cronjobs/status
  update batch cronjobs/finalizers
  delete,list,watch core pods
  events
daemon-set-controller
  R apps,extensions daemonsets
  update apps,extensions daemonsets/status
  update apps,extensions daemonsets/finalizers
  list,watch core nodes
  create,delete,list,patch,watch core pods
  create core pods/binding
  create,delete,get,list,patch,update,watch apps controllerrevisions
  events
deployment-controller
  get,list,update,watch apps,extensions deployments
  update apps,extensions deployments/status
  update apps,extensions deployments/finalizers
  create,delete,get,list,patch,update,watch apps,extensions replicasets
  get,list,update,watch core pods
  events
device-taint-eviction-controller
  delete,get,list,watch core pods
  patch,update core pods/status
  R resource.k8s.io resourceclaims
  R resource.k8s.io resourceslices
  R resource.k8s.io deviceclasses
  R resource.k8s.io devicetaintrules
  events
disruption-controller
  R apps,extensions deployments
  R apps,extensions replicasets
  R core replicationcontrollers
  R policy poddisruptionbudgets
  R apps statefulsets
  update policy poddisruptionbudgets/status
  patch,update core pods/status
  get * */scale
  events
endpoint-controller
  R core pods,services
  create,delete,get,list,update,watch core endpoints
  create core endpoints/restricted
  events
endpointslice-controller
  R core nodes,pods,services
  update core services/finalizers
  create,delete,get,list,update,watch discovery.k8s.io endpointslices
  events
endpointslicemirroring-controller
  R core endpoints,services
  update core services/finalizers
  update core endpoints/finalizers
  create,delete,get,list,update,watch discovery.k8s.io endpointslices
  events
ephemeral-volume-controller
  R core pods
  update core pods/finalizers
  create,get,list,watch core persistentvolumeclaims
  events
expand-controller
  get,list,patch,update,watch core persistentvolumes
  patch,update core persistentvolumeclaims/status
  R core persistentvolumeclaims
  events
  get core services
generic-garbage-collector
  delete,get,list,patch,update,watch * *
  events
horizontal-pod-autoscaler
  R autoscaling horizontalpodautoscalers
  update autoscaling horizontalpodautoscalers/status
  get,update * */scale
  list,watch core pods
  list,watch metrics.k8s.io pods
  R custom.metrics.k8s.io *
  R external.metrics.k8s.io *
  events
job-controller
  get,list,patch,update,watch batch jobs
  update batch jobs/status
  update batch jobs/finalizers
  create,delete,list,patch,watch core pods
  events
legacy-service-account-token-cleaner
  get core configmaps kube-apiserver-legacy-service-account-token-tracking
  delete,patch core secrets
namespace-controller
  delete,get,list,watch core namespaces
  update core namespaces/finalize,namespaces/status
  delete,deletecollection,get,list,watch * *
node-controller
  delete,get,list,patch,update,watch core nodes
  patch,update core nodes/status
  patch,update core pods/status
  delete,get,list,watch core pods
  events
persistent-volume-binder
  create,delete,get,list,update,watch core persistentvolumes
  update core persistentvolumes/status
  get,list,update,watch core persistentvolumeclaims
  update core persistentvolumeclaims/status
  create,delete,get,list,watch core pods
  R storage.k8s.io storageclasses
  list,watch core nodes
  events
  watch core events
  get core services
pod-garbage-collector
  delete,list,watch core pods
  R core nodes
  patch core pods/status
pv-protection-controller
  get,list,update,watch core persistentvolumes
  events
pvc-protection-controller
  get,list,update,watch core persistentvolumeclaims
  R core pods
  events
replicaset-controller
  get,list,update,watch apps,extensions replicasets
  update apps,extensions replicasets/status
  update apps,extensions replicasets/finalizers
  create,delete,list,patch,watch core pods
  events
replication-controller
  get,list,update,watch core replicationcontrollers
  update core replicationcontrollers/status
  update core replicationcontrollers/finalizers
  create,delete,list,patch,watch core pods
  events
resource-claim-controller
  R core pods
  update core pods/finalizers
  create,delete,get,list,watch resource.k8s.io resourceclaims
  patch,update resource.k8s.io resourceclaims,resourceclaims/status
  patch,update core pods/status
  events
resourcequota-controller
  list,watch * *
  update core resourcequotas/status
  events
root-ca-cert-publisher
  create,update core configmaps
  events
route-controller
  list,watch core nodes
  patch core nodes/status
  events
selinux-warning-controller
  events
  R core persistentvolumes
  R core persistentvolumeclaims
  R core pods
  R storage.k8s.io csidrivers
service-account-controller
  create core serviceaccounts
  events
service-cidrs-controller
  get,list,patch,update,watch networking.k8s.io servicecidrs
  patch,update networking.k8s.io servicecidrs/finalizers
  patch,update networking.k8s.io servicecidrs/status
  R networking.k8s.io ipaddresses
  events
service-controller
  R core services
  patch,update core services/status
  list,watch core nodes
  events
statefulset-controller
  list,watch core pods
  R apps statefulsets
  update apps statefulsets/status
  update apps statefulsets/finalizers
  create,delete,get,patch,update core pods
  create,delete,get,list,patch,update,watch apps controllerrevisions
  create,get,list,watch core persistentvolumeclaims
  delete,update core persistentvolumeclaims
  update core pods/finalizers
  events
ttl-after-finished-controller
  delete,get,list,watch batch jobs
  events
ttl-controller
  list,patch,update,watch core nodes
  events
validatingadmissionpolicy-status-controller
  R admissionregistration.k8s.io validatingadmissionpolicies
  get,patch,update admissionregistration.k8s.io validatingadmissionpolicies/status
  events
volumeattributesclass-protection-controller
  R core persistentvolumeclaims
  R core persistentvolumes
  get,list,update,watch storage.k8s.io volumeattributesclasses
  events
"""

_NAMESPACED: Final = """
kube-system/extension-apiserver-authentication-reader
  R core configmaps extension-apiserver-authentication
kube-system/system::leader-locking-kube-controller-manager
  watch core configmaps
  get,update core configmaps kube-controller-manager
kube-system/system::leader-locking-kube-scheduler
  watch core configmaps
  get,update core configmaps kube-scheduler
kube-system/system:controller:bootstrap-signer
  R core secrets
kube-system/system:controller:cloud-provider
  create,get,list,watch core configmaps
kube-system/system:controller:token-cleaner
  delete,get,list,watch core secrets
  events
kube-public/system:controller:bootstrap-signer
  R core configmaps
  update core configmaps cluster-info
  events
"""


# --- rules ------------------------------------------------------------------------------------------------


def _several(text: str) -> list[str]:
    return sorted({"" if each == "core" else each for each in text.split(",")})


def _rule(line: str) -> Object:
    words = line.split()
    if words == ["events"]:
        words = _EVENTS.split()
    if words[0] == "urls":
        return {"verbs": [words[1]], "nonResourceURLs": _several(words[2])}
    verbs = _several(",".join(_VERBS.get(each, each) for each in words[0].split(",")))
    rule: Object = {"verbs": verbs, "apiGroups": _several(words[1]), "resources": _several(words[2])}
    if len(words) > _URL_FIELDS:
        rule["resourceNames"] = _several(words[3])
    return rule


def _parsed(text: str) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    rules: list[Object] = []
    for line in text.strip().splitlines():
        if line.startswith(" "):
            rules.append(_rule(line))
        else:
            rules = found[line] = []
    return found


# --- objects ----------------------------------------------------------------------------------------------


def _fields(kind: str, operation: str, fields: Object) -> Object:
    """An entry of managedFields; the time is the server's to add."""
    return {
        "manager": kind,
        "operation": operation,
        "apiVersion": f"{_API_GROUP}/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _owned(labels: dict[str, str], *fields: str) -> Object:
    """What the API server owns of an object that it has made."""
    owned: Object = {
        "f:metadata": {
            "f:annotations": {".": {}, **{f"f:{key}": {} for key in _AUTOUPDATE}},
            "f:labels": {".": {}, **{f"f:{key}": {} for key in sorted(labels)}},
        }
    }
    return {**{f"f:{field}": {} for field in fields if field < "metadata"}, **owned} | {
        f"f:{field}": {} for field in fields if field > "metadata"
    }


def _made(resource: Resource, metadata: Object, entries: list[Object], **fields: object) -> Object:
    labels = metadata.pop("labels", _BOOTSTRAPPING)
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {**metadata, "labels": labels, "annotations": _AUTOUPDATE, "managedFields": entries},
        **fields,
    }


_PLAIN: Final = [_fields("kube-apiserver", "Update", _owned(_BOOTSTRAPPING, "rules"))]
_BOUND: Final = [_fields("kube-apiserver", "Update", _owned(_BOOTSTRAPPING, "roleRef", "subjects"))]


def _role(name: str, rules: list[Object]) -> Object:
    if not name.startswith("system:aggregate-to-"):
        return _made(CLUSTERROLES, {"name": name}, _PLAIN, rules=rules)
    labels = {**_BOOTSTRAPPING, _AGGREGATE_TO + name.rpartition("-")[2]: "true"}
    entries = [_fields("kube-apiserver", "Update", _owned(labels, "rules"))]
    return _made(CLUSTERROLES, {"name": name, "labels": labels}, entries, rules=rules)


def _aggregate(name: str, into: str, rules: list[Object]) -> Object:
    """A role that has the rules of others, as the controller that sees to that has left it."""
    labels = {**_BOOTSTRAPPING, **({_AGGREGATE_TO + into: "true"} if into else {})}
    owned = {"f:aggregationRule": {".": {}, "f:clusterRoleSelectors": {}}, **_owned(labels)}
    entries = [
        _fields(_AGGREGATOR, "Apply", {"f:rules": {}}),
        _fields("kube-apiserver", "Update", owned),
    ]
    selector = {"clusterRoleSelectors": [{"matchLabels": {_AGGREGATE_TO + name: "true"}}]}
    metadata = {"name": name, "labels": labels}
    return _made(CLUSTERROLES, metadata, entries, rules=rules, aggregationRule=selector)


def _group(*names: str) -> list[Object]:
    return [{"kind": "Group", "apiGroup": _API_GROUP, "name": name} for name in names]


def _user(name: str) -> list[Object]:
    return [{"kind": "User", "apiGroup": _API_GROUP, "name": name}]


def _account(name: str) -> list[Object]:
    return [{"kind": "ServiceAccount", "name": name, "namespace": _SYSTEM}]


def _binding(
    resource: Resource, metadata: Object, subjects: list[Object], role: str, kind: str = "ClusterRole"
) -> Object:
    to = {"apiGroup": _API_GROUP, "kind": kind, "name": role}
    given = {"subjects": subjects} if subjects else {}
    return _made(resource, metadata, _BOUND, **given, roleRef=to)


def _cluster_bindings() -> Iterator[Object]:
    everyone = ("system:authenticated", "system:unauthenticated")
    for role, subjects in (
        ("cluster-admin", _group("system:masters")),
        ("system:basic-user", _group("system:authenticated")),
        ("system:discovery", _group("system:authenticated")),
        ("system:kube-controller-manager", _user("system:kube-controller-manager")),
        ("system:kube-dns", _account("kube-dns")),
        ("system:kube-scheduler", _user("system:kube-scheduler")),
        ("system:monitoring", _group("system:monitoring")),
        ("system:node", []),
        ("system:node-proxier", _user("system:kube-proxy")),
        ("system:public-info-viewer", _group(*everyone)),
        ("system:service-account-issuer-discovery", _group("system:serviceaccounts")),
        ("system:volume-scheduler", _user("system:kube-scheduler")),
    ):
        yield _binding(CLUSTERROLEBINDINGS, {"name": role}, subjects, role)


def _bindings(names: Iterator[tuple[str, str]]) -> Iterator[Object]:
    """Who has the roles of a namespace."""
    reader = "extension-apiserver-authentication-reader"
    for namespace, name in names:
        metadata = {"name": name, "namespace": namespace}
        if name == reader:
            metadata["name"] = f"system::{reader}"
            subjects = _user("system:kube-controller-manager") + _user("system:kube-scheduler")
        elif name.startswith("system::leader-locking-"):
            component = name.removeprefix("system::leader-locking-")
            subjects = _user(f"system:{component}") + _account(component)
        else:
            subjects = _account(name.removeprefix(_CONTROLLER))
        yield _binding(ROLEBINDINGS, metadata, subjects, name, "Role")


@cache
def objects() -> tuple[tuple[Resource, Object], ...]:
    """Every role and binding; `metadata` is short of what the server adds."""
    roles, controllers, namespaced = _parsed(_ROLES), _parsed(_CONTROLLERS), _parsed(_NAMESPACED)
    view = roles["system:aggregate-to-view"]
    edit = [*roles["system:aggregate-to-edit"], *view]
    admin = [*edit, *roles["system:aggregate-to-admin"]]
    made = [(CLUSTERROLES, _role(name, rules)) for name, rules in roles.items()]
    made += [(CLUSTERROLES, _role(_CONTROLLER + name, rules)) for name, rules in controllers.items()]
    made += [(CLUSTERROLES, _aggregate(*each)) for each in (("admin", "", admin), ("edit", "admin", edit))]
    made.append((CLUSTERROLES, _aggregate("view", "edit", view)))
    made += [(CLUSTERROLEBINDINGS, each) for each in _cluster_bindings()]
    for name in controllers:
        metadata = {"name": _CONTROLLER + name}
        made.append(
            (
                CLUSTERROLEBINDINGS,
                _binding(CLUSTERROLEBINDINGS, metadata, _account(name), _CONTROLLER + name),
            )
        )
    places = {place: (place.partition("/")[0], place.partition("/")[2]) for place in namespaced}
    for place, rules in namespaced.items():
        namespace, name = places[place]
        made.append((ROLES, _made(ROLES, {"name": name, "namespace": namespace}, _PLAIN, rules=rules)))
    made += [(ROLEBINDINGS, each) for each in _bindings(iter(places.values()))]
    return tuple(made)
