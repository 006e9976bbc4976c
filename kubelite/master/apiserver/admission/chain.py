"""The plugins that are switched on, in Kubernetes' order, and the three points at which they are asked.

What is missing of Kubernetes' list (policies, webhooks) has its place here.

Source: k8s.io/kubernetes/pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins,
DefaultOffAdmissionPlugins).
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

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
from kubelite.master.apiserver.admission.attributes import Attributes, Change, Judge, Plugin
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
    resourcequota.UPDATE_PLUGIN,
)


class Asked(NamedTuple):
    """The plugins that are asked about a write, point by point."""

    changes: tuple[Change, ...]
    additions: tuple[Change, ...]
    judgements: tuple[Judge, ...]

    def admit(self, env: Environment, attributes: Attributes, obj: Object) -> Object:
        """The object as plugins want it, before it is validated.

        Raises:
            APIError: One of them refuses it.
        """
        for change in self.changes:
            obj = change(env, attributes, obj)
        return obj

    def decorate(self, env: Environment, attributes: Attributes, obj: Object) -> Object:
        """The validated object with what plugins add to it."""
        for add in self.additions:
            obj = add(env, attributes, obj)
        return obj

    def validate(self, env: Environment, attributes: Attributes, obj: Object) -> None:
        """Judge the object as it would be stored.

        Raises:
            APIError: A plugin refuses it.
        """
        for judge in self.judgements:
            judge(env, attributes, obj)


@cache
def asked(operation: str, resource: Resource, subresource: str = "") -> Asked:
    """Who is asked about such a write."""
    found = [plugin for plugin in PLUGINS if plugin.handles(operation, resource, subresource)]
    return Asked(
        tuple(plugin.admit for plugin in found if plugin.admit is not None),
        tuple(plugin.decorate for plugin in found if plugin.decorate is not None),
        tuple(plugin.validate for plugin in found if plugin.validate is not None),
    )
