"""Deleting what a namespace contains, in order: pods first, then every other kind, then the namespace itself.

Each kind is deleted through the API (`deletecollection`), so finalizers and grace periods hold. While
something is left, conditions say what and why, and the namespace is tried again after the longest grace
period of its pods, or after `RETRY_S`. Once it is empty its finalizer is taken away through `/finalize`.

Source: k8s.io/kubernetes/pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kubelite.api import podutil
from kubelite.api.conditions import set_condition
from kubelite.api.customresources.served import served_resources
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, NAMESPACES, PODS, STORED
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    CountObjects,
    DeleteCollection,
    Intent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)

FINALIZER: Final = "kubernetes"
RETRY_S: Final = 1.0
"""Seconds between two tries while only finalizers are waited for."""
_GONE: Final[Mapping[str, tuple[str, str]]] = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


def make_conditions(
    old: Sequence[Object] | None,
    remaining: Mapping[str, int],
    finalizers: Mapping[str, int],
    errors: Sequence[str],
    now: float,
) -> list[Object]:
    """The conditions of a namespace that is being deleted.

    Args:
        now: Unix seconds.
        old: The conditions as they are.
        remaining: "plural.group" -> how many objects are left.
        finalizers: Finalizer -> in how many objects.
        errors: What went wrong.
    """
    texts = {name: ("False", *words) for name, words in _GONE.items()}
    if errors:
        text = f"Failed to delete all resource types, {len(errors)} remaining: {', '.join(sorted(errors))}"
        texts["NamespaceDeletionContentFailure"] = ("True", "ContentDeletionFailed", text)
    if remaining:
        parts = [f"{kind} has {count} resource instances" for kind, count in sorted(remaining.items())]
        text = f"Some resources are remaining: {', '.join(parts)}"
        texts["NamespaceContentRemaining"] = ("True", "SomeResourcesRemain", text)
    if finalizers:
        parts = [f"{name} in {count} resource instances" for name, count in sorted(finalizers.items())]
        text = f"Some content in the namespace has finalizers remaining: {', '.join(parts)}"
        texts["NamespaceFinalizersRemaining"] = ("True", "SomeFinalizersRemain", text)
    conditions = list(old or ())
    for name, (status, reason, message) in texts.items():
        condition = {
            "type": name,
            "status": status,
            "lastTransitionTime": None,
            "reason": reason,
            "message": message,
        }
        conditions = set_condition(conditions, condition, now)
    return conditions


def without_finalizer(namespace: Object) -> Object:
    """The namespace without our finalizer, for `/finalize`."""
    spec = namespace.get("spec") or {}
    return {
        **namespace,
        "spec": {**spec, "finalizers": [f for f in spec.get("finalizers") or () if f != FINALIZER]},
    }


def retry_after_s(pods: Sequence[Object]) -> float:
    """Seconds before another try: half the longest grace period of the pods, at least `RETRY_S`."""
    graces = (float(pod["metadata"].get("deletionGracePeriodSeconds") or 0) / 2 for pod in pods)
    return max(RETRY_S, *graces, 0.0)


class NamespaceController(Reconciler):
    """Keys are names of namespaces."""

    name = "namespace-controller"
    workers = 10

    def __init__(self, environment: Environment, resources: Sequence[Resource] = STORED) -> None:
        super().__init__(environment)
        self._resources = tuple(
            resource
            for resource in resources
            if resource.namespaced and {"list", "delete"} <= set(resource.verbs)
        )
        self._namespaces = self.informer(NAMESPACES)
        self._definitions = self.informer(CUSTOMRESOURCEDEFINITIONS)

    def watches(self) -> Sequence[Watch]:
        """Namespaces being deleted, and the pods that leave them; definitions for what else may be in one."""
        return (
            Watch(NAMESPACES, self._keys),
            Watch(PODS, self._pod_keys),
            Watch(CUSTOMRESOURCEDEFINITIONS),
        )

    def _custom(self) -> list[Resource]:
        """The custom kinds that live in namespaces, each in one version."""
        served = (served_resources(each) for each in self._definitions.list())
        return [resources[0] for resources in served if resources and resources[0].namespaced]

    def _keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None or not new["metadata"].get("deletionTimestamp"):
            return ()
        finalizers = (new.get("spec") or {}).get("finalizers") or ()
        return (new["metadata"]["name"],) if FINALIZER in finalizers else ()

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None or old is None:
            return ()
        namespace = old["metadata"]["namespace"]
        found = self._namespaces.get(None, namespace)
        return (namespace,) if found is not None and found["metadata"].get("deletionTimestamp") else ()

    def interval_s(self, key: str) -> float:
        """The last pods of a namespace leave in a burst."""
        return 0.05

    def sync(self, key: str) -> Steps:
        """One try: delete, see what is left, say so, and finalize once nothing is."""
        namespace = self._namespaces.get(None, key)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        if FINALIZER not in ((namespace.get("spec") or {}).get("finalizers") or ()):
            return
        left, errors = yield from self._empty(key, [PODS])
        if not left and not errors:
            others = [resource for resource in self._resources if resource != PODS]
            others += self._custom()
            left, errors = yield from self._empty(key, others)
        if not left and not errors:
            yield (UpdateObject(NAMESPACES, without_finalizer(namespace), "finalize"),)
            return
        remaining = {f"{resource.plural}.{resource.group}": len(items) for resource, items in left}
        finalizers: Counter[str] = Counter()
        for _, items in left:
            for item in items:
                finalizers.update(item["metadata"].get("finalizers") or ())
        now = self.clock.now()
        status = namespace.get("status") or {}
        conditions = make_conditions(status.get("conditions"), remaining, finalizers, errors, now)
        after: list[Intent] = []
        if conditions != (status.get("conditions") or []):
            after.append(
                UpdateStatus(NAMESPACES, {**namespace, "status": {**status, "conditions": conditions}})
            )
        pods = [item for resource, items in left if resource == PODS for item in items]
        after.append(RequeueAfter(retry_after_s([p for p in pods if not podutil.is_terminal(p)])))
        yield after

    def _empty(self, namespace: str, resources: Sequence[Resource]) -> Any:
        """Delete collections; gives what is left, by kind, and what went wrong."""
        left: list[tuple[Resource, tuple[Object, ...]]] = []
        errors: list[str] = []
        for resource in resources:
            before = yield (CountObjects(resource, namespace),)
            if not before[0].items and before[0].error is None:
                continue
            outcomes = yield (DeleteCollection(resource, namespace), CountObjects(resource, namespace))
            errors += [outcome.error.message for outcome in outcomes if outcome.failed and outcome.error]
            if outcomes[1].items:
                left.append((resource, outcomes[1].items))
        return left, errors
