"""A minimal object of every built-in kind that is stored: what each requires, and nothing else."""

from __future__ import annotations

from kubelite.api import resources as r

CONTAINERS = {"containers": [{"name": "c", "image": "i"}]}
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": CONTAINERS}
SELECTOR = {"matchLabels": {"app": "a"}}
ONCE = {**TEMPLATE, "spec": {**CONTAINERS, "restartPolicy": "Never"}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
SUBJECTS = [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]
HOOK = {
    "name": "hook.example.com",
    "clientConfig": {"url": "https://127.0.0.1:1/"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
RULES = {
    "resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    ]
}
TARGET = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
CSR_USAGES = ["client auth"]
SCHEMA = {"openAPIV3Schema": {"type": "object"}}

FIELDS = {
    r.CONFIGMAPS: {},
    r.ENDPOINTS: {},
    r.EVENTS: {"involvedObject": {"namespace": "default"}},
    r.LIMITRANGES: {"spec": {"limits": [{"type": "Container"}]}},
    r.NAMESPACES: {},
    r.NODES: {},
    r.PERSISTENTVOLUMECLAIMS: {"spec": CLAIM},
    r.PERSISTENTVOLUMES: {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/p"},
        }
    },
    r.PODS: {"spec": CONTAINERS},
    r.PODTEMPLATES: {"template": TEMPLATE},
    r.REPLICATIONCONTROLLERS: {"spec": {"selector": {"app": "a"}, "template": TEMPLATE}},
    r.RESOURCEQUOTAS: {"spec": {"hard": {"pods": "1"}}},
    r.SECRETS: {},
    r.SERVICEACCOUNTS: {},
    r.SERVICES: {"spec": {"ports": [{"port": 80}]}},
    r.APISERVICES: {
        "metadata": {"name": "v1.example.com"},
        "spec": {
            "group": "example.com",
            "version": "v1",
            "groupPriorityMinimum": 1,
            "versionPriority": 1,
        },
    },
    r.CONTROLLERREVISIONS: {"revision": 1, "data": {"x": 1}},
    r.DAEMONSETS: {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    r.DEPLOYMENTS: {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    r.REPLICASETS: {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    r.STATEFULSETS: {"spec": {"selector": SELECTOR, "serviceName": "s", "template": TEMPLATE}},
    r.EVENTS_V1: {
        "eventTime": "2024-01-02T03:04:05.000000Z",
        "reportingController": "example.com/c",
        "reportingInstance": "i",
        "action": "Act",
        "reason": "Because",
        "type": "Normal",
        "regarding": {"namespace": "default"},
    },
    r.HORIZONTALPODAUTOSCALERS: {"spec": {"maxReplicas": 3, "scaleTargetRef": TARGET}},
    r.HORIZONTALPODAUTOSCALERS_V1: {"spec": {"maxReplicas": 3, "scaleTargetRef": TARGET}},
    r.CRONJOBS: {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": ONCE}}}},
    r.JOBS: {"spec": {"template": ONCE}},
    r.INGRESSCLASSES: {"spec": {"controller": "example.com/c"}},
    r.INGRESSES: {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    r.IPADDRESSES: {
        "metadata": {"name": "192.168.1.2"},
        "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "s"}},
    },
    r.NETWORKPOLICIES: {"spec": {"podSelector": {}}},
    r.SERVICECIDRS: {"spec": {"cidrs": ["10.100.0.0/24"]}},
    r.PODDISRUPTIONBUDGETS: {"spec": {"minAvailable": 1, "selector": SELECTOR}},
    r.CLUSTERROLEBINDINGS: {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
        "subjects": SUBJECTS,
    },
    r.CLUSTERROLES: {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    r.ROLEBINDINGS: {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": SUBJECTS,
    },
    r.ROLES: {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    r.CSIDRIVERS: {"spec": {}},
    r.CSINODES: {"spec": {"drivers": []}},
    r.CSISTORAGECAPACITIES: {"storageClassName": "s"},
    r.STORAGECLASSES: {"provisioner": "example.com/p"},
    r.VOLUMEATTACHMENTS: {
        "spec": {"attacher": "example.com", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    },
    r.VOLUMEATTRIBUTESCLASSES: {"driverName": "example.com", "parameters": {"a": "b"}},
    r.MUTATINGADMISSIONPOLICIES: {
        "spec": {
            "matchConstraints": RULES,
            "reinvocationPolicy": "Never",
            "mutations": [
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": "Object{}"},
                }
            ],
        }
    },
    r.MUTATINGADMISSIONPOLICYBINDINGS: {"spec": {"policyName": "p"}},
    r.MUTATINGWEBHOOKCONFIGURATIONS: {"webhooks": [HOOK]},
    r.VALIDATINGADMISSIONPOLICIES: {
        "spec": {"matchConstraints": RULES, "validations": [{"expression": "true"}]}
    },
    r.VALIDATINGADMISSIONPOLICYBINDINGS: {"spec": {"policyName": "p", "validationActions": ["Deny"]}},
    r.VALIDATINGWEBHOOKCONFIGURATIONS: {"webhooks": [HOOK]},
    r.PRIORITYCLASSES: {"value": 5},
    r.LEASES: {"spec": {}},
    r.RUNTIMECLASSES: {"handler": "h"},
    r.ENDPOINTSLICES: {"addressType": "IPv4", "endpoints": []},
    r.DEVICECLASSES: {"spec": {}},
    r.RESOURCECLAIMS: {
        "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "c"}}]}}
    },
    r.RESOURCECLAIMTEMPLATES: {
        "spec": {
            "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "c"}}]}},
        }
    },
    r.RESOURCESLICES: {
        "spec": {
            "driver": "d.example.com",
            "nodeName": "n",
            "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
            "devices": [],
        }
    },
    r.FLOWSCHEMAS: {"spec": {"priorityLevelConfiguration": {"name": "exempt"}}},
    r.PRIORITYLEVELCONFIGURATIONS: {
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    },
}
"""All but certificate requests and definitions of custom resources, which need more than a table row."""


def make_object(resource, name="one"):
    """A minimal object; kinds whose names have a form of their own keep theirs."""
    fields = FIELDS[resource]
    metadata = {"name": name, **fields.get("metadata", {})}
    return {"apiVersion": resource.api_version, "kind": resource.kind, **fields, "metadata": metadata}
