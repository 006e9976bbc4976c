"""ReplicationController manager: as many pods as the spec says, adopted, released, ranked, counted.

The shell around `replicas`: who is looked at when a pod changes, what was asked for and not yet seen, which
Events tell of it. `replicaset` is the same with another kind and selector.

Invariant: no pods are created or deleted while earlier creations or deletions have not been seen.

Source: k8s.io/kubernetes/pkg/controller/replicaset/replica_set.go, pkg/controller/replication.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import ClassVar, Final

from kubelite.api import podutil
from kubelite.api.resources import PODS, REPLICATIONCONTROLLERS
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.replicas import (
    Matcher,
    count_pods,
    is_subset,
    make_pod,
    make_status,
    matters,
    plan_scaling,
)
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.executor import is_namespace_terminating
from kubelite.reconcile.expectations import Expectations
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcomes,
    PatchObject,
    RecordEvent,
    RequeueAfter,
    SlowStart,
    Steps,
    Together,
    UpdateStatus,
)
from kubelite.reconcile.ownership import claim, controller_of, key_of, plan_claims, split_key

REST_PER_POD_S: Final = 1e-4
"""Seconds between two looks that pod events ask for, per pod of the owner: bursts cost a look or two."""
REST_MAX_S: Final = 0.1
_RESTING_FROM: Final = 10
ORPHANS: Final = "controllerless"
"""Index: namespace -> pods without a controller."""

Part = Generator[Sequence[Intent], Outcomes, tuple[str, str] | None]


def orphan_keys(obj: Object) -> tuple[str, ...]:
    """The index `ORPHANS`."""
    return () if controller_of(obj) is not None else (obj["metadata"].get("namespace", ""),)


class ReplicationManager(Reconciler):
    """Keeps the pods of each ReplicationController."""

    name = "replication-controller"
    component = "replication-controller"
    kind: ClassVar[Resource] = REPLICATIONCONTROLLERS
    counts_terminating: ClassVar[bool] = False
    """Whether the status tells of pods that are being deleted."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._owners = self.informer(self.kind)
        self._pods = self.informer(PODS)
        self._pods.add_index(ORPHANS, orphan_keys)
        self._expectations = Expectations()
        self._sizes: dict[str, int] = {}

    def matcher(self, owner: Object) -> Matcher:
        """The owner's selector, as a question to labels. An empty selector matches nothing."""
        selector = owner["spec"].get("selector") or {}
        return lambda labels: bool(selector) and is_subset(selector, labels)

    def watches(self) -> Sequence[Watch]:
        """The owners, and their pods."""
        return Watch(self.kind, self._owner_keys), Watch(PODS, self._pod_keys)

    def interval_s(self, key: str) -> float:
        """The more pods, the longer the rest between looks."""
        size = self._sizes.get(key, 0)
        return min(REST_MAX_S, size * REST_PER_POD_S) if size > _RESTING_FROM else 0.0

    # --- events to keys -------------------------------------------------------------------------------------

    def _owner_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        owner = new or old
        assert owner is not None
        key = key_of(owner)
        if old is None or new is None or old["metadata"]["uid"] != new["metadata"]["uid"]:
            self._expectations.forget(key)
        elif old["metadata"].get("generation") == new["metadata"].get("generation"):
            return (key,)
        self.environment.enqueue(key, 0.0)
        return ()

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if old is None:
            assert new is not None
            if podutil.is_terminating(new):
                return self._deleted(new)
            return self._created(new)
        if new is None:
            return self._deleted(old)
        if old["metadata"]["uid"] != new["metadata"]["uid"]:
            return {*self._pod_keys(old, None), *self._pod_keys(None, new)}
        if not matters(old, new):
            return ()
        keys = set(self._deleted(new) if podutil.is_terminating(new) else self._owner_key(new))
        keys.update(self._owner_key(old))
        if controller_of(new) is None and not podutil.is_terminating(new):
            keys.update(self._matching(new))
        return keys

    def _owner_key(self, pod: Object) -> tuple[str, ...]:
        reference = controller_of(pod)
        if reference is None or reference["kind"] != self.kind.kind:
            return ()
        owner = self._owners.get(pod["metadata"]["namespace"], reference["name"])
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return ()
        return (key_of(owner),)

    def _created(self, pod: Object) -> Iterable[str]:
        if controller_of(pod) is None:
            return self._matching(pod)
        keys = self._owner_key(pod)
        for key in keys:
            self._expectations.creation_seen(key)
            self._hurry(key)
        return keys

    def _deleted(self, pod: Object) -> Iterable[str]:
        keys = self._owner_key(pod)
        for key in keys:
            self._expectations.deletion_seen(key, pod["metadata"]["uid"])
            self._hurry(key)
        return keys

    def _hurry(self, key: str) -> None:
        """Do not rest once all is seen: there may be more to create or delete."""
        if self._expectations.has_just_been_satisfied(key):
            self.environment.enqueue(key, 0.0)

    def _matching(self, pod: Object) -> list[str]:
        """Who may want to adopt an orphan."""
        labels = pod["metadata"].get("labels")
        if not labels:
            return []
        owners = self._owners.list(pod["metadata"]["namespace"])
        return [key_of(owner) for owner in owners if self.matcher(owner)(labels)]

    # --- a look ---------------------------------------------------------------------------------------------

    def related(self, owner: Object, pods: Sequence[Object]) -> Sequence[Object]:
        """Pods which count as "the same" when victims are chosen by node."""
        return pods

    def sync(self, key: str) -> Steps:
        """Adopt and release, create or delete, write the status."""
        namespace, name = split_key(key)
        owner = self._owners.get(namespace, name)
        if owner is None:
            self._expectations.forget(key)
            self._sizes.pop(key, None)
            return
        is_current = self._expectations.is_satisfied(key, self.clock.now())
        pods = yield from self._claim(owner)
        self._sizes[key] = max(len(pods), owner["spec"].get("replicas") or 0)
        failure: tuple[str, str] | None = None
        if is_current and not owner["metadata"].get("deletionTimestamp"):
            failure = yield from self._scale(key, owner, pods)
        now = self.clock.now()
        min_ready_s = owner["spec"].get("minReadySeconds") or 0
        counts = count_pods(pods, owner["spec"].get("template") or {}, min_ready_s, now)
        terminating = self._terminating(owner) if self.counts_terminating else None
        status = make_status(owner, counts, failure=failure, now=now, terminating=terminating)
        if status != owner.get("status"):
            yield (UpdateStatus(self.kind, {**owner, "status": status}),)
        if counts.next_available is not None:
            yield (RequeueAfter(max(0.0, counts.next_available - now)),)

    def _terminating(self, owner: Object) -> int:
        """The owner's pods that are being deleted and have not ended."""
        return sum(
            podutil.is_terminating(pod) and not podutil.is_terminal(pod)
            for pod in self._pods.by_owner(owner["metadata"]["uid"])
        )

    def _claim(self, owner: Object) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
        """The owner's active pods, after adoption and release."""
        matches = self.matcher(owner)
        own = self._pods.by_owner(owner["metadata"]["uid"])
        orphans = self._pods.by_index(ORPHANS, owner["metadata"]["namespace"])
        candidates = [pod for pod in own if podutil.is_active(pod)]
        candidates += [
            pod for pod in orphans if matches(pod["metadata"].get("labels")) and podutil.is_active(pod)
        ]
        claims = claim(owner, candidates, lambda pod: matches(pod["metadata"].get("labels")))
        pods = list(claims.owned)
        if claims.adopt or claims.release:
            outcomes = yield plan_claims(claims, owner, self.kind, PODS)
            adopted = {pod["metadata"]["name"] for pod in claims.adopt}
            pods += [
                outcome.object
                for outcome in outcomes
                if isinstance(outcome.intent, PatchObject)
                and outcome.object is not None
                and outcome.intent.name in adopted
            ]
        return pods

    def _scale(self, key: str, owner: Object, pods: Sequence[Object]) -> Part:
        now = self.clock.now()
        scaling = plan_scaling(owner, pods, self.related(owner, pods), now)
        if scaling.create:
            return (yield from self._create(key, owner, scaling.create, now))
        if scaling.delete:
            return (yield from self._delete(key, owner, scaling.delete, now))
        return None

    def _create(self, key: str, owner: Object, count: int, now: float) -> Part:
        pod = make_pod(owner, self.kind)
        self._expectations.expect(key, creations=count, now=now)
        outcomes = yield (SlowStart((CreateObject(PODS, pod),) * count),)
        events: list[Intent] = []
        first: APIError | None = None
        for outcome in outcomes:
            if outcome.object is not None:
                name = outcome.object["metadata"]["name"]
                events.append(RecordEvent(owner, "Normal", "SuccessfulCreate", f"Created pod: {name}"))
                continue
            self._expectations.creation_seen(key)
            if outcome.error is not None and not is_namespace_terminating(outcome.error):
                first = first or outcome.error
                events.append(
                    RecordEvent(owner, "Warning", "FailedCreate", f"Error creating: {outcome.error.message}")
                )
        yield events
        return None if first is None else ("FailedCreate", first.message)

    def _delete(self, key: str, owner: Object, pods: Sequence[Object], now: float) -> Part:
        self._expectations.expect(key, deletions=[pod["metadata"]["uid"] for pod in pods], now=now)
        deletions = tuple(
            DeleteObject(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods
        )
        outcomes = yield (Together(deletions),)
        events: list[Intent] = []
        first: APIError | None = None
        for pod, outcome in zip(pods, outcomes, strict=True):
            if outcome.error is None:
                name = pod["metadata"]["name"]
                events.append(RecordEvent(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}"))
                continue
            self._expectations.deletion_seen(key, pod["metadata"]["uid"])
            if not outcome.ignored:
                first = first or outcome.error
                events.append(
                    RecordEvent(owner, "Warning", "FailedDelete", f"Error deleting: {outcome.error.message}")
                )
        yield events
        return None if first is None else ("FailedDelete", first.message)
