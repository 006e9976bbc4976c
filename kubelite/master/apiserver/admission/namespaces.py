"""Nothing is made in a namespace that is absent or being deleted; three namespaces cannot be deleted.

Source: k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.defaults.core import NAMESPACE_NAME_LABEL
from kubelite.api.resources import NAMESPACES
from kubelite.apimachinery.apierrors import Forbidden, NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.errors import namespace_terminating
from kubelite.master.store.store import Store

IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})


def admit_create(store: Store, resource: Resource, namespace: str, name: str) -> None:
    """Judge the creation of a namespaced object.

    Raises:
        NotFound: The namespace does not exist.
        Forbidden: It is being deleted.
    """
    entry = store.get(NAMESPACES, "", namespace)
    if entry is None:
        raise NotFound(NAMESPACES, namespace)
    obj = entry.object
    if "deletionTimestamp" in obj["metadata"] or obj["status"].get("phase") == "Terminating":
        raise namespace_terminating(resource, name, namespace)


def with_name_label(namespace: Object) -> Object:
    """The namespace with the label that names it, whatever the client made of it."""
    metadata = namespace["metadata"]
    labels = metadata.get("labels") or {}
    if labels.get(NAMESPACE_NAME_LABEL) == metadata["name"]:
        return namespace
    labels = {**labels, NAMESPACE_NAME_LABEL: metadata["name"]}
    return {**namespace, "metadata": {**metadata, "labels": labels}}


def admit_delete(resource: Resource, name: str) -> None:
    """Judge a deletion.

    Raises:
        Forbidden: It is of a namespace that must stay.
    """
    if name in IMMORTAL and resource.group_resource == NAMESPACES.group_resource:
        raise Forbidden("this namespace may not be deleted", resource=resource, name=name)


def _admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.resource.group_resource == NAMESPACES.group_resource:
        return with_name_label(obj) if attributes.operation == UPDATE else obj
    if attributes.operation == CREATE and attributes.resource.namespaced:
        admit_create(env.store, attributes.resource, attributes.namespace, attributes.name)
    return obj


PLUGIN: Final = Plugin(
    name="NamespaceLifecycle", resources=None, operations=frozenset({CREATE, UPDATE}), admit=_admit
)
