"""The plugins that are switched on, in Kubernetes' order, and the three points at which they are asked.

What is missing of Kubernetes' list (policies, webhooks) has its place here.

Source: k8s.io/kubernetes/pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins,
DefaultOffAdmissionPlugins).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.apiserver.admission import (
    certificatesubjectrestriction,
    defaultingressclass,
    defaultstorageclass,
    defaulttolerationseconds,
    limitranger,
    namespaces,
    persistentvolumeclaimresize,
    podsecurity,
    podtopologylabels,
    priority,
    resourcequota,
    runtimeclass,
    serviceaccount,
    storageobjectinuseprotection,
    taintnodesbycondition,
)
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

PLUGINS: Final[tuple[Plugin, ...]] = (
    namespaces.PLUGIN,
    limitranger.PLUGIN,
    serviceaccount.PLUGIN,
    taintnodesbycondition.PLUGIN,
    podsecurity.PLUGIN,
    priority.PLUGIN,
    priority.CLASS_PLUGIN,
    defaulttolerationseconds.PLUGIN,
    defaultstorageclass.PLUGIN,
    storageobjectinuseprotection.PLUGIN,
    persistentvolumeclaimresize.PLUGIN,
    runtimeclass.PLUGIN,
    certificatesubjectrestriction.PLUGIN,
    defaultingressclass.PLUGIN,
    podtopologylabels.PLUGIN,
    resourcequota.PLUGIN,
)


@cache
def plugins_for(operation: str, resource: Resource, subresource: str) -> tuple[Plugin, ...]:
    """The plugins that are asked about a write."""
    return tuple(plugin for plugin in PLUGINS if plugin.handles(operation, resource, subresource))


def _selected(attributes: Attributes) -> tuple[Plugin, ...]:
    return plugins_for(attributes.operation, attributes.resource, attributes.subresource)


def admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    """The object as plugins want it, before it is validated.

    Raises:
        APIError: One of them refuses it.
    """
    for plugin in _selected(attributes):
        if plugin.admit is not None:
            obj = plugin.admit(env, attributes, obj)
    return obj


def decorate(env: Environment, attributes: Attributes, obj: Object) -> Object:
    """The validated object with what plugins add to it."""
    for plugin in _selected(attributes):
        if plugin.decorate is not None:
            obj = plugin.decorate(env, attributes, obj)
    return obj


def validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    """Judge the object as it would be stored.

    Raises:
        APIError: A plugin refuses it.
    """
    for plugin in _selected(attributes):
        if plugin.validate is not None:
            plugin.validate(env, attributes, obj)
