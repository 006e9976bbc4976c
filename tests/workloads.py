"""Objects for tests of workloads, and what the API makes of them."""

from typing import Any

from kubelite.api import resources as r
from kubelite.api.defaults import apply_defaults
from kubelite.api.strategy import prepare_for_create, prepare_for_status_update, prepare_for_update
from kubelite.api.validation import validate_create, validate_status_update, validate_update

UID = "11111111-2222-3333-4444-555555555555"
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
}
SELECTOR = {"matchLabels": {"a": "b"}}
ENDING = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
SPECS: dict[Any, Any] = {
    r.DEPLOYMENTS: {"selector": SELECTOR, "template": TEMPLATE},
    r.REPLICASETS: {"selector": SELECTOR, "template": TEMPLATE},
    r.DAEMONSETS: {"selector": SELECTOR, "template": TEMPLATE},
    r.STATEFULSETS: {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"},
    r.JOBS: {"template": ENDING},
    r.CRONJOBS: {"schedule": "@daily", "jobTemplate": {"spec": {"template": ENDING}}},
    r.HORIZONTALPODAUTOSCALERS: {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 3},
    r.PERSISTENTVOLUMECLAIMS: {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
    r.PERSISTENTVOLUMES: {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/x"},
    },
}


def merged(base, changes):
    """`base` with `changes` laid over it; None takes a key out."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    result = {key: value for key, value in base.items() if changes.get(key, value) is not None}
    for key, value in changes.items():
        if value is not None:
            result[key] = merged(base.get(key), value)
    return result


def made(resource, spec=None, **rest):
    """A new object of a kind, its usual spec changed, as it is to be stored."""
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {"name": "x", "uid": UID}}
    if resource.namespaced:
        obj["metadata"]["namespace"] = "ns"
    if resource in SPECS:
        obj["spec"] = merged(SPECS[resource], spec or {})
    elif spec is not None:
        obj["spec"] = spec
    return prepare_for_create(resource, apply_defaults(resource, merged(obj, rest)))


def faults(resource, spec=None, **rest):
    """What is wrong with a new object."""
    return [str(error) for error in validate_create(resource, made(resource, spec, **rest))]


def stored(obj):
    """An object as the store would give it back."""
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "1"}}


def updated(resource, old, changes, *, status=False):
    """What an update makes of a stored object."""
    new = apply_defaults(resource, merged(old, changes))
    prepare = prepare_for_status_update if status else prepare_for_update
    return prepare(resource, new, old)


def update_faults(resource, old, changes, *, status=False):
    """What is wrong with an update, each fault once."""
    new = updated(resource, old, changes, status=status)
    validate = validate_status_update if status else validate_update
    return list(dict.fromkeys(str(error) for error in validate(resource, new, old)))
