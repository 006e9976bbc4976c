"""ResourceQuota controller: counts what a namespace uses, when a quota is new or changed and when things go.

What comes is counted by admission at once; the two agree because both ask `api.quota`. Only what is seen to
come right after a look is looked at again: admission had counted it before, and the look did not.

Source: k8s.io/kubernetes/pkg/controller/resourcequota/resource_quota_controller.go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kubelite.api import podutil, quota
from kubelite.api.customresources.served import served_resources
from kubelite.api.podresize import given
from kubelite.api.resources import (
    COLLECTED,
    CUSTOMRESOURCEDEFINITIONS,
    EVENTS,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    RESOURCEQUOTAS,
    SERVICES,
)
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, RequeueAfter, Steps, UpdateStatus
from kubelite.reconcile.ownership import key_of, split_key
from kubelite.reconcile.resting import rest_s

Keys = Callable[[Object | None, Object | None], Iterable[str]]
RESYNC_S: Final = 300.0
LAG_S: Final = 1.0
"""By how much informers may be behind what admission has counted."""
COUNTED: Final = tuple(resource for resource in COLLECTED if resource.namespaced and resource != EVENTS)
"""Kinds whose objects may be limited."""


def plan(quota_: Object, objects: Iterable[tuple[Resource, Object]], now: float) -> tuple[Intent, ...]:
    """Write what is limited and what is used of it, if the status says otherwise.

    Args:
        quota_: The quota.
        objects: What is in its namespace, of the kinds that it limits.
        now: Unix seconds.
    """
    hard = quota_["spec"].get("hard") or {}
    used = quota.total(
        quota.usage_of(resource, obj, now)
        for resource, obj in objects
        if quota.applies(quota_, resource, obj)
    )
    names = [name for name in hard if quota.counted(name)]
    status = {"hard": hard, "used": {name: str(used.get(name, quota.ZERO)) for name in sorted(names)}}
    before = quota_.get("status") or {}
    if status == {"hard": before.get("hard") or {}, "used": before.get("used") or {}}:
        return ()
    return (UpdateStatus(RESOURCEQUOTAS, {**quota_, "status": status}),)


def counts_otherwise(old: Object, new: Object) -> bool:
    """Whether the change of a pod is one that quotas are to hear of: it has ended, or got other resources.

    Source: k8s.io/kubernetes/pkg/quota/v1/install/update_filter.go.
    """
    if podutil.is_terminal(new) != podutil.is_terminal(old):
        return True
    deadline = "activeDeadlineSeconds"  # by which scopes tell pods
    if (old["spec"].get(deadline) is None) != (new["spec"].get(deadline) is None):
        return True
    before = given(old)
    return any(before.get(name) != each for name, each in given(new).items())


def kinds_of(hard: Iterable[str]) -> set[Resource]:
    """The kinds whose objects matter to a quota."""
    names = set(hard)
    found = {each for each in COUNTED if {quota.count_name(each), each.plural} & names}
    if any(not name.startswith("count/") for name in names):
        found |= {each for each in COUNTED if each.plural in {"pods", "services", "persistentvolumeclaims"}}
    return found


class ResourceQuotaController(Reconciler):
    """Keys are quotas."""

    name = "resourcequota-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._quotas = self.informer(RESOURCEQUOTAS)
        self._served: dict[str, Resource] = {}
        self._watched: dict[str, Resource] = {}
        self._sizes: dict[str, int] = {}
        self._looked: dict[str, float] = {}

    def watches(self) -> Sequence[Watch]:
        """Quotas that say something new, and things that are no longer used."""
        gone = [Watch(resource, self._gone(resource)) for resource in COUNTED if resource != RESOURCEQUOTAS]
        definitions = Watch(CUSTOMRESOURCEDEFINITIONS, self._definition_keys)
        return (Watch(RESOURCEQUOTAS, self._quota_keys), definitions, *gone)

    def interval_s(self, key: str) -> float:
        """The more there is to count, the longer the rest between looks."""
        return rest_s(self._sizes.get(key, 0))

    def _definition_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """Know the custom kinds that can be counted, by the names of their limits."""
        name = f"count/{(new or old or {})['metadata']['name']}"
        served = served_resources(new) if new is not None else []
        first = served[0] if served and served[0].namespaced else None
        if self._served.get(name) == first:
            return ()
        if first is None:
            del self._served[name]
        else:
            self._served[name] = first
        watched = self._watched.pop(name, None)
        if watched is not None:
            self.environment.forget(watched)
        return [key_of(each) for each in self._quotas.list() if name in (each["spec"].get("hard") or {})]

    def _custom(self, hard: Iterable[str]) -> set[Resource]:
        """The custom kinds that a quota counts; they are watched from now on."""
        found = {name: self._served[name] for name in hard if name in self._served}
        for name, resource in found.items():
            if name not in self._watched:
                self._watched[name] = resource
                self.environment.watch(Watch(resource, self._any))
        return set(found.values())

    def _any(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """Custom objects that come count, too: those that are there when the watching begins are new then."""
        if old is not None and new is not None:
            return ()
        return self._all_of((new or old or {})["metadata"]["namespace"])

    def _quota_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None:
            return self._all_of((old or {})["metadata"]["namespace"])
        if old is not None and old["spec"] == new["spec"]:
            return ()
        return (key_of(new),)

    def _gone(self, resource: Resource) -> Keys:
        def keys(old: Object | None, new: Object | None) -> Iterable[str]:
            if old is None:
                return self._just_looked(new) if self._looked and new is not None else ()
            if not self._quotas.list(old["metadata"].get("namespace")):
                return ()
            uses_less = new is None or (
                (resource == PODS and counts_otherwise(old, new))
                or (resource == SERVICES and old["spec"] != new["spec"])
                or (resource == PERSISTENTVOLUMECLAIMS and quota.says_more_of_itself(old, new))
            )
            return self._all_of(old["metadata"]["namespace"]) if uses_less else ()

        return keys

    def _just_looked(self, new: Object) -> Iterable[str]:
        """The quotas that were looked at when what comes was perhaps counted by admission, but not seen."""
        since = self.clock.now() - LAG_S
        quotas = self._all_of(new["metadata"].get("namespace"))
        return [key for key in quotas if self._looked.get(key, -math.inf) >= since]

    def _all_of(self, namespace: str) -> list[str]:
        return [key_of(each) for each in self._quotas.list(namespace)]

    def sync(self, key: str) -> Steps:
        """One quota."""
        namespace, name = split_key(key)
        found = self._quotas.get(namespace, name)
        if found is None:
            self._sizes.pop(key, None)
            self._looked.pop(key, None)
            return
        hard = found["spec"].get("hard") or {}
        objects = [
            (resource, obj)
            for resource in sorted(kinds_of(hard) | self._custom(hard), key=lambda each: each.plural)
            for obj in self.informer(resource).list(namespace)
        ]
        self._sizes[key], self._looked[key] = len(objects), self.clock.now()
        yield plan(found, objects, self.clock.now())
        yield (RequeueAfter(RESYNC_S),)
