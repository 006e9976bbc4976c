"""Controllers that own pods: whom a pod concerns, what was asked for and not yet seen, what Events tell.

Here is what ReplicationControllers, ReplicaSets and Jobs do alike; how many pods there are to be is theirs.

Invariant: no pods are created or deleted while earlier creations or deletions have not been seen.

Source: k8s.io/kubernetes/pkg/controller/{controller_utils,controller_ref_manager}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import ClassVar

from kubelite.api import podutil
from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.replicas import Matcher, matters
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.executor import is_namespace_terminating
from kubelite.reconcile.expectations import Expectations
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcomes,
    RecordEvent,
    SlowStart,
    Together,
)
from kubelite.reconcile.ownership import ORPHANS, claimed, controller_of, key_of, orphan_keys
from kubelite.reconcile.resting import rest_s

Failure = tuple[str, str]
"""The reason of an Event, and the message of the first error."""
Done = Generator[Sequence[Intent], Outcomes, tuple[int, Failure | None]]
"""Part of a look: how many pods were created or deleted, and what went wrong."""


class PodOwners(Reconciler):
    """Keys are the owners of pods."""

    kind: ClassVar[Resource]
    finalizers: ClassVar[tuple[str, ...]] = ()
    """What pods that are adopted get, and those that are released lose."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._owners = self.informer(self.kind)
        self._pods = self.informer(PODS)
        self._pods.add_index(ORPHANS, orphan_keys)
        self._expectations = Expectations()
        self._sizes: dict[str, int] = {}

    def matcher(self, owner: Object) -> Matcher:
        """The owner's selector, as a question to labels. An empty selector matches nothing."""
        selector = from_label_selector(owner["spec"].get("selector") or {})
        return lambda labels: not selector.empty and selector.matches(labels)

    def matters(self, old: Object, new: Object) -> bool:
        """Whether the change of a pod is worth a look at its owner."""
        return matters(old, new)

    def watches(self) -> Sequence[Watch]:
        """The owners, and their pods."""
        return Watch(self.kind, self._owner_keys), Watch(PODS, self._pod_keys)

    def interval_s(self, key: str) -> float:
        """The more pods, the longer the rest between looks."""
        return rest_s(self._sizes.get(key, 0))

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
            return dict.fromkeys([*self._pod_keys(old, None), *self._pod_keys(None, new)])
        if not self.matters(old, new):
            return ()
        keys = dict.fromkeys(self._deleted(new) if podutil.is_terminating(new) else self._owner_key(new))
        for key in self._owner_key(old):
            if key not in keys:  # it left its owner, who would wait in vain to see it deleted
                self._expectations.deletion_seen(key, old["metadata"]["uid"])
                self._hurry(key)
            keys[key] = None
        if controller_of(new) is None and not podutil.is_terminating(new):
            keys |= dict.fromkeys(self._matching(new))
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

    # --- parts of a look ------------------------------------------------------------------------------------

    def _claim(
        self, owner: Object, counts: Callable[[Object], bool] = podutil.is_active
    ) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
        """The owner's pods, after adoption and release.

        Args:
            owner: Whose they are.
            counts: Which pods are looked at.
        """
        matches = self.matcher(owner)
        return (
            yield from claimed(
                self._pods,
                owner,
                self.kind,
                PODS,
                lambda pod: matches(pod["metadata"].get("labels")),
                counts=counts,
                finalizers=self.finalizers,
            )
        )

    def _create(self, key: str, owner: Object, pods: Sequence[Object], *, is_expected: bool = False) -> Done:
        """Create pods.

        Args:
            is_expected: Whether it has been noted already that they are to be seen.
            key: Of the owner.
            owner: Whose they are.
            pods: Which.
        """
        if not is_expected:
            self._expectations.expect(key, creations=len(pods), now=self.clock.now())
        outcomes = yield (SlowStart(tuple(CreateObject(PODS, pod) for pod in pods)),)
        events: list[Intent] = []
        first: APIError | None = None
        created = 0
        for outcome in outcomes:
            if outcome.object is not None:
                created += 1
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
        return created, None if first is None else ("FailedCreate", first.message)

    def _delete(self, key: str, owner: Object, pods: Sequence[Object], *, is_expected: bool = True) -> Done:
        """Delete pods.

        Args:
            is_expected: Whether nothing more is done before the deletions are seen.
            key: Of the owner.
            owner: Whose they are.
            pods: Which.
        """
        if is_expected:
            expected = [pod["metadata"]["uid"] for pod in pods]
            self._expectations.expect(key, deletions=expected, now=self.clock.now())
        deletions = tuple(
            DeleteObject(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods
        )
        outcomes = yield (Together(deletions),)
        events: list[Intent] = []
        first: APIError | None = None
        deleted = 0
        for pod, outcome in zip(pods, outcomes, strict=True):
            if outcome.error is None:
                deleted += 1
                name = pod["metadata"]["name"]
                events.append(RecordEvent(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}"))
                continue
            self._expectations.deletion_seen(key, pod["metadata"]["uid"])
            if outcome.ignored:
                deleted += 1
            else:
                first = first or outcome.error
                events.append(
                    RecordEvent(owner, "Warning", "FailedDelete", f"Error deleting: {outcome.error.message}")
                )
        yield events
        return deleted, None if first is None else ("FailedDelete", f"unable to delete pods: {first.message}")
