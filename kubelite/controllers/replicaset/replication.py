"""ReplicationController manager: as many pods as the spec says, adopted, released, ranked, counted.

The shell around `replicas`; whom a pod concerns is `podowners`' to know. `replicaset` is the same with
another kind and selector.

Source: k8s.io/kubernetes/pkg/controller/replicaset/replica_set.go, pkg/controller/replication.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import ClassVar

from kubelite.api import podutil
from kubelite.api.resources import REPLICATIONCONTROLLERS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.podowners import Failure, PodOwners
from kubelite.controllers.replicas import (
    Matcher,
    count_pods,
    is_subset,
    make_pod,
    make_status,
    plan_scaling,
)
from kubelite.reconcile.intents import Intent, Outcomes, RequeueAfter, Steps, UpdateStatus
from kubelite.reconcile.ownership import controller_of, split_key

Part = Generator[Sequence[Intent], Outcomes, Failure | None]


class ReplicationManager(PodOwners):
    """Keeps the pods of each ReplicationController."""

    name = "replication-controller"
    component = "replication-controller"
    kind: ClassVar[Resource] = REPLICATIONCONTROLLERS
    counts_terminating: ClassVar[bool] = False
    """Whether the status tells of pods that are being deleted."""

    def matcher(self, owner: Object) -> Matcher:
        """The owner's selector, as a question to labels. An empty selector matches nothing."""
        selector = owner["spec"].get("selector") or {}
        return lambda labels: bool(selector) and is_subset(selector, labels)

    def related(self, owner: Object) -> Iterable[Object]:
        """Pods of whoever controls the owner: they count as "the same" when victims are chosen by node.

        For owners that nothing controls, as these are, nodes make no difference.
        """
        return ()

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
        uid, matches = owner["metadata"]["uid"], self.matcher(owner)
        return sum(
            podutil.is_terminating(pod)
            and not podutil.is_terminal(pod)
            and matches(pod["metadata"].get("labels"))
            and (controller_of(pod) or {}).get("uid") == uid
            for pod in self._pods.by_owner(uid)
        )

    def _scale(self, key: str, owner: Object, pods: Sequence[Object]) -> Part:
        scaling = plan_scaling(owner, pods, self.related(owner), self.clock.now())
        failure: Failure | None = None
        if scaling.create:
            _, failure = yield from self._create(key, owner, (make_pod(owner, self.kind),) * scaling.create)
        elif scaling.delete:
            _, failure = yield from self._delete(key, owner, scaling.delete)
        return failure
