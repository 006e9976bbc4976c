"""StatefulSet controller: members with names of their own, made and removed in order, each with its claims.

What comes next is said by `plan`; who a member is, by `pods`. A look takes one step, and the
pods' events ask for the next.

Source: k8s.io/kubernetes/pkg/controller/statefulset/{stateful_set,stateful_pod_control}.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import ClassVar, Final

from kubelite.api.features import MAX_UNAVAILABLE_STATEFUL_SET, Features
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PODS, STATEFULSETS
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.history import revisions as history
from kubelite.controllers.history.revisedset import RevisedSet, Revisions
from kubelite.controllers.history.revisions import HASH
from kubelite.controllers.statefulset import plan as statefulplan
from kubelite.controllers.statefulset import pods as members
from kubelite.controllers.statefulset.plan import Plan, Situation
from kubelite.reconcile.controller import Environment, Watch
from kubelite.reconcile.executor import is_namespace_terminating
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcome,
    Outcomes,
    PatchObject,
    RecordEvent,
    RequeueAfter,
    SlowStart,
    Steps,
    Together,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import key_of, split_key

BURST_REPLICAS: Final = 500
"""Pods that one look creates or deletes at most."""
_COMPARED: Final = (
    "observedGeneration",
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "currentRevision",
    "updateRevision",
)

Part = Generator[Sequence[Intent], Outcomes, bool]
"""Part of a step; False if it failed, and the step is over."""


class StatefulSetController(RevisedSet):
    """Keys are StatefulSets."""

    name = "statefulset-controller"
    component = "statefulset-controller"
    kind: ClassVar[Resource] = STATEFULSETS

    def __init__(self, environment: Environment, features: Features = frozenset()) -> None:
        super().__init__(environment)
        self._limits_unavailable = MAX_UNAVAILABLE_STATEFUL_SET in features
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)

    def watches(self) -> Sequence[Watch]:
        """StatefulSets, their pods and revisions, and claims that are gone."""
        return *super().watches(), Watch(PERSISTENTVOLUMECLAIMS, self._claim_keys)

    def _claim_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """A claim that is gone is missed by the member that waits for it, or made way for another."""
        if old is None or new is not None:
            return ()
        name = old["metadata"]["name"]
        return [
            key_of(each)
            for each in self._owners.list(old["metadata"]["namespace"])
            for template in each["spec"].get("volumeClaimTemplates") or ()
            if name.startswith(f"{members.template_name(template)}-{each['metadata']['name']}-")
        ]

    def name_revision(self, owner: Object, collisions: int | None) -> tuple[str, Mapping[str, str]]:
        """The hash of what the revision holds."""
        hash_ = history.data_hash(history.data_of(owner), collisions or 0)
        return hash_, {HASH: hash_}

    # --- a look -----------------------------------------------------------------------------------------

    def sync(self, key: str) -> Steps:
        """See to the revision, take a step, write the status, forget old revisions."""
        namespace, name = split_key(key)
        owner = self._owners.get(namespace, name)
        if owner is None:
            self._expectations.forget(key)
            return
        if from_label_selector(owner["spec"].get("selector") or {}).empty:
            return
        is_current = self._expectations.is_satisfied(key, self.clock.now())
        revisions = yield from self.revise(owner)
        if revisions is None:
            return

        def is_member(pod: Object) -> bool:
            return members.ordinal_of(owner, pod["metadata"]["name"]) is not None

        pods = yield from self._claim(owner, is_member)
        situation = self._situation(owner, revisions, pods)
        if is_current and not owner["metadata"].get("deletionTimestamp"):
            yield from self._step(key, owner, statefulplan.plan(situation))
        yield from self._write_status(situation, revisions.collisions or 0)
        live = {situation.current["metadata"]["name"], situation.update["metadata"]["name"]}
        yield from self.forget_revisions(owner, revisions.all, live | {*map(members.revision_of, pods)})

    def _situation(self, owner: Object, revisions: Revisions, pods: Sequence[Object]) -> Situation:
        told = (owner.get("status") or {}).get("currentRevision")
        named = {each["metadata"]["name"]: each for each in revisions.all}
        return Situation(
            owner,
            named.get(told, revisions.current),
            revisions.current,
            tuple(pods),
            lambda name: members.is_stale(owner, name, self._claims_of(owner, name)),
            self.clock.now(),
            limits_unavailable=self._limits_unavailable,
        )

    def _claims_of(self, owner: Object, name: str) -> members.Claims:
        """The claims of a member that are there."""
        namespace = owner["metadata"]["namespace"]
        found = {each: self._claims.get(namespace, each) for each in members.claim_names(owner, name)}
        return {each: claim for each, claim in found.items() if claim is not None}

    def _write_status(self, situation: Situation, collisions: int) -> Steps:
        owner = situation.stateful_set
        before, status = owner.get("status") or {}, statefulplan.make_status(situation, collisions)
        if any(before.get(field) != status.get(field) for field in _COMPARED):
            yield (UpdateStatus(self.kind, {**owner, "status": status}),)
        left_s = statefulplan.next_available_s(situation)
        if left_s is not None:
            yield (RequeueAfter(left_s),)

    # --- a step -----------------------------------------------------------------------------------------

    def _step(self, key: str, owner: Object, plan: Plan) -> Part:
        """Carry out a plan, up to the first thing that fails."""
        create, delete = plan.create[:BURST_REPLICAS], plan.delete[:BURST_REPLICAS]
        for pod in (*create, *plan.claims):
            if not (yield from self._make_claims(owner, pod)):
                return False
        if create or delete:
            uids = [pod["metadata"]["uid"] for pod in delete]
            self._expectations.expect(key, creations=len(create), deletions=uids, now=self.clock.now())
        if create and not (yield from self._make_members(key, owner, create)):
            self._forgo(key, delete)
            return False
        for pod in plan.settled:
            if not (yield from self._settle(owner, pod)):
                self._forgo(key, delete)
                return False
        if delete:
            yield from self._remove_members(key, owner, delete)
        return True

    def _forgo(self, key: str, pods: Sequence[Object]) -> None:
        """Deletions that were expected will not be asked for."""
        for pod in pods:
            self._expectations.deletion_seen(key, pod["metadata"]["uid"])

    def _make_claims(self, owner: Object, pod: Object) -> Part:
        """Make the claims of a member that are not there. One that is about to go has to be gone first."""
        name = pod["metadata"]["name"]
        claims = self._claims_of(owner, name)
        problems = [
            f"pvc {each['metadata']['name']} is being deleted"
            for each in claims.values()
            if each["metadata"].get("deletionTimestamp")
        ]
        missing = members.missing_claims(owner, pod, claims)
        if not missing and not problems:
            return True
        outcomes = yield [CreateObject(PERSISTENTVOLUMECLAIMS, each, exists_ok=True) for each in missing]
        events: list[Intent] = []
        for claim, outcome in zip(missing, outcomes, strict=True):
            claim_name = claim["metadata"]["name"]
            of = f"in StatefulSet {owner['metadata']['name']}"
            if outcome.failed and outcome.error is not None:
                problems.append(f"failed to create PVC {claim_name}: {outcome.error.message}")
                text = f"Create Claim {claim_name} for Pod {name} {of} failed error: {outcome.error.message}"
                events.append(RecordEvent(owner, "Warning", "FailedCreate", text))
            elif outcome.object is not None:
                text = f"Create Claim {claim_name} Pod {name} {of} success"
                events.append(RecordEvent(owner, "Normal", "SuccessfulCreate", text))
        if problems:
            events.append(_told(owner, pod, "Create", _aggregate(problems)))
        yield events
        return not problems

    def _make_members(self, key: str, owner: Object, pods: Sequence[Object]) -> Part:
        outcomes = yield (SlowStart(tuple(CreateObject(PODS, pod) for pod in pods)),)
        events: list[Intent] = []
        for pod, outcome in zip(pods, outcomes, strict=True):
            if outcome.object is None:
                self._expectations.creation_seen(key)
            if _is_worth_telling(outcome):
                events.append(_told(owner, pod, "Create", outcome.error))
        yield events
        return not any(outcome.error or outcome.skipped for outcome in outcomes)

    def _settle(self, owner: Object, pod: Object) -> Part:
        """Give a member back its labels, and its claims their owners.

        Both count as an update of the member, but for members that are too many.
        """
        metadata = pod["metadata"]
        name = metadata["name"]
        changes: list[Intent] = []
        if not members.has_identity(pod) and not metadata.get("deletionTimestamp"):
            labels = members.identity(name, members.ordinal_of(owner, name) or 0)
            patch = {"metadata": {"uid": metadata["uid"], "labels": labels}}
            changes.append(PatchObject(PODS, metadata["namespace"], name, patch))
        claims = members.misowned(owner, pod, self._claims_of(owner, name))
        changes += [UpdateObject(PERSISTENTVOLUMECLAIMS, each) for each in claims]
        if not changes:
            return True
        outcomes = yield changes
        failure = next((outcome.error for outcome in outcomes if outcome.failed), None)
        if members.is_wanted(owner, members.ordinal_of(owner, name) or 0):
            yield (_told(owner, pod, "Update", failure),)
        return failure is None

    def _remove_members(self, key: str, owner: Object, pods: Sequence[Object]) -> Steps:
        deletions = [
            DeleteObject(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"], pod["metadata"]["uid"])
            for pod in pods
        ]
        outcomes = yield (Together(tuple(deletions)),)
        events: list[Intent] = []
        for pod, outcome in zip(pods, outcomes, strict=True):
            if outcome.error is not None:
                self._expectations.deletion_seen(key, pod["metadata"]["uid"])
            if not outcome.ignored:
                events.append(_told(owner, pod, "Delete", outcome.error))
        yield events


def _is_worth_telling(outcome: Outcome) -> bool:
    """Not a pod that was not tried, is there already, or is in a namespace that is about to go."""
    error = outcome.error
    if outcome.skipped or (error is not None and error.reason == "AlreadyExists"):
        return False
    return error is None or not is_namespace_terminating(error)


def _aggregate(problems: Sequence[str]) -> str:
    """Several problems as Go shows them together."""
    different = list(dict.fromkeys(problems))
    return different[0] if len(different) == 1 else f"[{', '.join(different)}]"


def _told(owner: Object, pod: Object, verb: str, problem: APIError | str | None) -> RecordEvent:
    """The Event that tells what became of a member."""
    about = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']}"
    if problem is None:
        return RecordEvent(owner, "Normal", f"Successful{verb}", f"{about} successful")
    message = problem if isinstance(problem, str) else problem.message
    return RecordEvent(owner, "Warning", f"Failed{verb}", f"{about} failed error: {message}")
