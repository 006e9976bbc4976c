"""Deployment controller: a ReplicaSet for each template, and the way from the old ones to the new one.

A look either brings the Deployment's size to its ReplicaSets, or takes one step of the rollout; each step
changes the sizes of old or new ReplicaSets only as far as maxSurge and maxUnavailable allow, and the next is
taken when their status says what came of it. The arithmetic is `rollout`'s, the status `status`'s.

Source: k8s.io/kubernetes/pkg/controller/deployment/{deployment_controller,sync,rolling,recreate,progress}.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import ClassVar

import attrs

from kubelite.api import podutil
from kubelite.api.conditions import get_condition
from kubelite.api.resources import DEPLOYMENTS, PODS, REPLICASETS
from kubelite.api.templatehash import template_hash
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.deployment import rollback, rollout
from kubelite.controllers.deployment import status as progress
from kubelite.controllers.deployment.rollback import revision_asked_for
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.executor import is_namespace_terminating
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcomes,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import (
    ORPHANS,
    claimed,
    controller_of,
    controller_ref,
    key_of,
    orphan_keys,
    split_key,
)

Part = Generator[Sequence[Intent], Outcomes, bool]
"""Part of a look; True if it did something, after which the look is over."""


@attrs.define(eq=False)
class Rollout:
    """A Deployment and its ReplicaSets, as they are in the course of one look."""

    deployment: Object
    sets: dict[str, Object]
    new_name: str = ""

    @property
    def all(self) -> list[Object]:
        """All ReplicaSets."""
        return list(self.sets.values())

    @property
    def new(self) -> Object | None:
        """The one with the present template."""
        return self.sets.get(self.new_name)

    @property
    def old(self) -> list[Object]:
        """The others."""
        return [each for name, each in self.sets.items() if name != self.new_name]


class DeploymentController(Reconciler):
    """Keys are Deployments."""

    name = "deployment-controller"
    component = "deployment-controller"
    kind: ClassVar[Resource] = DEPLOYMENTS

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._deployments = self.informer(DEPLOYMENTS)
        self._sets = self.informer(REPLICASETS)
        self._sets.add_index(ORPHANS, orphan_keys)
        self._pods = self.informer(PODS)

    def watches(self) -> Sequence[Watch]:
        """Deployments, their ReplicaSets, and pods whose end a Recreate waits for."""
        return (
            Watch(DEPLOYMENTS, lambda old, new: (key_of(new or old or {}),)),
            Watch(REPLICASETS, self._set_keys),
            Watch(PODS, self._pod_keys),
        )

    def _set_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        keys: list[str] = []
        for each in (old, new):
            if each is None:
                continue
            reference = controller_of(each)
            namespace = each["metadata"]["namespace"]
            if reference is not None:
                owner = self._deployments.get(namespace, reference["name"])
                if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
                    keys.append(key_of(owner))
            elif each is new:
                keys += [
                    key_of(deployment)
                    for deployment in self._deployments.list(namespace)
                    if self._selects(deployment, each)
                ]
        return dict.fromkeys(keys)

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """Only the end of a pod matters, and only to a Deployment that waits for it."""
        gone = old if new is None else new
        if gone is None or (new is not None and not podutil.is_terminal(new)):
            return ()
        reference = controller_of(gone)
        if reference is None or reference["kind"] != REPLICASETS.kind:
            return ()
        replica_set = self._sets.get(gone["metadata"]["namespace"], reference["name"])
        if replica_set is None:
            return ()
        owner = controller_of(replica_set)
        if owner is None:
            return ()
        deployment = self._deployments.get(gone["metadata"]["namespace"], owner["name"])
        if deployment is None or rollout.is_rolling(deployment):
            return ()
        return (key_of(deployment),)

    @staticmethod
    def _selects(deployment: Object, replica_set: Object) -> bool:
        selector = from_label_selector(deployment["spec"].get("selector") or {})
        return not selector.empty and selector.matches(replica_set["metadata"].get("labels"))

    # --- a look -----------------------------------------------------------------------------------------

    def sync(self, key: str) -> Steps:
        """Claim ReplicaSets, then scale or take a step of the rollout, then write the status."""
        namespace, name = split_key(key)
        deployment = self._deployments.get(namespace, name)
        if deployment is None:
            return
        selector = deployment["spec"].get("selector") or {}
        if from_label_selector(selector).empty:
            yield (
                RecordEvent(
                    deployment,
                    "Warning",
                    "SelectingAll",
                    "This deployment is selecting all pods. A non-empty selector is required.",
                ),
            )
            return
        work = yield from self._claim(deployment)
        work.new_name = _name(rollout.find_new(deployment, work.all))
        if deployment["metadata"].get("deletionTimestamp"):
            yield from self._revise(work, create=False)
            yield from self._write_status(work)
            return
        if (yield from self._note_pause(work)):
            return
        paused, revision = bool(deployment["spec"].get("paused")), revision_asked_for(deployment)
        if revision is not None and not paused:
            yield from self._roll_back(work, revision)
        elif paused or rollout.is_scaled(deployment, work.all):
            yield from self._revise(work, create=False)
            yield from self._resize(work, rollout.plan_scaling(deployment, work.new, work.old))
            if paused and revision is None:
                yield from self._clean_up(work)
            yield from self._write_status(work)
        elif rollout.is_rolling(deployment):
            yield from self._roll(work)
        else:
            yield from self._recreate(work)

    def _claim(self, deployment: Object) -> Generator[Sequence[Intent], Outcomes, Rollout]:
        sets = yield from claimed(
            self._sets, deployment, DEPLOYMENTS, REPLICASETS, lambda each: self._selects(deployment, each)
        )
        return Rollout(deployment, {each["metadata"]["name"]: each for each in sets})

    def _roll(self, work: Rollout) -> Steps:
        if not (yield from self._revise(work, create=True)):
            return
        new = work.new
        assert new is not None
        moved = yield from self._resize(work, rollout.plan_new(work.deployment, work.all, new))
        if not moved:
            steps = rollout.plan_old(work.deployment, work.all, work.old, new)
            moved = yield from self._resize(work, steps)
        if not moved and progress.is_complete(work.deployment, work.deployment.get("status") or {}):
            yield from self._clean_up(work)
        yield from self._write_progress(work)

    def _roll_back(self, work: Rollout, revision: int) -> Steps:
        if not (yield from self._revise(work, create=True)):
            return
        update, event = rollback.plan(work.deployment, work.all, revision)
        (outcome,) = yield (update,)
        if outcome.object is not None or event.type == "Warning":
            yield (event,)

    def _recreate(self, work: Rollout) -> Steps:
        """No new pod before all old ones are gone."""
        yield from self._revise(work, create=False)
        surplus = [rollout.Resize(each, 0) for each in work.old if rollout.replicas_of(each)]
        if (yield from self._resize(work, surplus)) or self._old_pods_run(work):
            yield from self._write_progress(work)
            return
        if work.new is None and not (yield from self._revise(work, create=True)):
            return
        new = work.new
        assert new is not None
        wanted = rollout.replicas_of(work.deployment)
        if rollout.replicas_of(new) != wanted:
            yield from self._resize(work, [rollout.Resize(new, wanted)])
        if progress.is_complete(work.deployment, work.deployment.get("status") or {}):
            yield from self._clean_up(work)
        yield from self._write_progress(work)

    def _old_pods_run(self, work: Rollout) -> bool:
        return any(
            not podutil.is_terminal(pod)
            for each in work.old
            for pod in self._pods.by_owner(each["metadata"]["uid"])
        )

    # --- the new ReplicaSet -----------------------------------------------------------------------------

    def _revise(self, work: Rollout, *, create: bool) -> Part:
        """See to the new ReplicaSet and to the revisions; False if there is none and none could be made."""
        revision = max((rollout.revision_of(each) for each in work.old), default=0) + 1
        if work.new is not None:
            return (yield from self._renew(work, work.new, revision))
        if not create:
            return False
        return (yield from self._create(work, revision))

    def _renew(self, work: Rollout, new: Object, revision: int) -> Part:
        """An old template that is wanted again, or changes that concern the ReplicaSet itself."""
        deployment = work.deployment
        present = new["metadata"].get("annotations") or {}
        annotations = rollout.annotations_of_new(deployment, present, revision)
        annotations |= {
            key: present[key]
            for key in (rollout.DESIRED_REPLICAS, rollout.MAX_REPLICAS)
            if key in present and rollout.replicas_of(new)
        }
        wanted = rollout.with_annotations(new, annotations)
        ready_s = deployment["spec"].get("minReadySeconds") or 0
        if (new["spec"].get("minReadySeconds") or 0) != ready_s:
            wanted = {**wanted, "spec": {**wanted["spec"], "minReadySeconds": ready_s}}
        if wanted is not new and not (yield from self._update_set(work, wanted)):
            return False
        found = work.new
        assert found is not None
        reason = (progress.NEW_FOUND, f'Found new replica set "{found["metadata"]["name"]}"')
        return (yield from self._set_revision(work, rollout.revision_of(found), reason, only_first=True))

    def _create(self, work: Rollout, revision: int) -> Part:
        deployment = work.deployment
        collisions = (deployment.get("status") or {}).get("collisionCount")
        hash_ = template_hash(deployment["spec"]["template"], collisions)
        size = rollout.new_size(deployment, work.all, None)
        owner = controller_ref(deployment, DEPLOYMENTS)
        made = rollout.make_replica_set(deployment, owner, hash_, size, revision)
        (outcome,) = yield (CreateObject(REPLICASETS, made),)
        if outcome.object is None:
            return (yield from self._not_created(work, made, outcome))
        name = outcome.object["metadata"]["name"]
        work.sets[name], work.new_name = outcome.object, name
        if size:
            text = f"Scaled up replica set {name} from 0 to {size}"
            yield (RecordEvent(deployment, "Normal", "ScalingReplicaSet", text),)
        reason = (progress.NEW_CREATED, f'Created new replica set "{name}"')
        return (yield from self._set_revision(work, revision, reason))

    def _not_created(self, work: Rollout, made: Object, outcome: object) -> Part:
        """The name is taken: by an earlier look of ours, or by another template, which a new hash avoids.

        Whose it is may not be seen yet; it is a failure in any case, after which there is another look.
        """
        deployment = work.deployment
        error = getattr(outcome, "error", None)
        if error is None or error.reason != "AlreadyExists":
            if error is not None and not is_namespace_terminating(error):
                yield from self._tell_failure(work, made, error)
            return False
        present = self._sets.get(made["metadata"]["namespace"], made["metadata"]["name"])
        owner = None if present is None else controller_of(present)
        is_ours = owner is not None and owner["uid"] == deployment["metadata"]["uid"]
        if present is None or (is_ours and rollout.find_new(deployment, [present]) is not None):
            return False
        before = deployment.get("status") or {}
        status = {**before, "collisionCount": (before.get("collisionCount") or 0) + 1}
        yield (UpdateStatus(DEPLOYMENTS, {**deployment, "status": status}),)
        return False

    def _tell_failure(self, work: Rollout, made: Object, error: APIError) -> Steps:
        text = f'Failed to create new replica set "{made["metadata"]["name"]}": {error.message}'
        if progress.has_deadline(work.deployment):
            failed = progress.condition(
                progress.PROGRESSING, "False", "ReplicaSetCreateError", text, self.clock.now()
            )
            yield from self._set_condition(work, failed)
        yield (RecordEvent(work.deployment, "Warning", "ReplicaSetCreateError", text),)

    def _set_revision(
        self, work: Rollout, revision: int, why: tuple[str, str], *, only_first: bool = False
    ) -> Part:
        """The Deployment tells its revision, and of the ReplicaSet that was made or found."""
        deployment, now = work.deployment, self.clock.now()
        changed = deployment
        annotations = deployment["metadata"].get("annotations") or {}
        if annotations.get(rollout.REVISION) != str(revision):
            metadata = deployment["metadata"]
            annotated = {**annotations, rollout.REVISION: str(revision)}
            changed = {**changed, "metadata": {**metadata, "annotations": annotated}}
        if progress.has_deadline(deployment) and not (
            only_first and get_condition(deployment, progress.PROGRESSING) is not None
        ):
            status = changed.get("status") or {}
            made = progress.condition(progress.PROGRESSING, "True", *why, now)
            conditions = progress.with_condition(status.get("conditions") or (), made)
            changed = {**changed, "status": {**status, "conditions": conditions}}
        if changed is deployment or changed == deployment:
            return True
        (outcome,) = yield (UpdateStatus(DEPLOYMENTS, changed),)
        if outcome.object is None:
            return False
        work.deployment = outcome.object
        return True

    # --- what is done to ReplicaSets --------------------------------------------------------------------

    def _resize(self, work: Rollout, resizes: Sequence[rollout.Resize]) -> Part:
        """Change sizes; True if there was anything to change."""
        for resize in resizes:
            name = resize.replica_set["metadata"]["name"]
            present = work.sets[name]  # one may be changed twice
            before = rollout.replicas_of(present)
            annotations = present["metadata"].get("annotations") or {}
            wanted = rollout.with_annotations(present, annotations | rollout.sizes_annotated(work.deployment))
            wanted = {**wanted, "spec": {**wanted["spec"], "replicas": resize.replicas}}
            if not (yield from self._update_set(work, wanted)) or before == resize.replicas:
                continue
            way = "up" if resize.replicas > before else "down"
            text = f"Scaled {way} replica set {name} from {before} to {resize.replicas}"
            yield (RecordEvent(work.deployment, "Normal", "ScalingReplicaSet", text),)
        return bool(resizes)

    def _update_set(self, work: Rollout, wanted: Object) -> Part:
        (outcome,) = yield (UpdateObject(REPLICASETS, wanted),)
        if outcome.object is None:
            return False
        work.sets[wanted["metadata"]["name"]] = outcome.object
        return True

    def _clean_up(self, work: Rollout) -> Part:
        """Forget what lies beyond the history's limit."""
        surplus = rollout.plan_cleanup(work.deployment, work.old)
        for each in surplus:
            yield (DeleteObject(REPLICASETS, each["metadata"]["namespace"], each["metadata"]["name"]),)
        return bool(surplus)

    # --- the status -------------------------------------------------------------------------------------

    def _note_pause(self, work: Rollout) -> Part:
        """Say that the rollout is paused, or goes on; the clock of its deadline starts anew."""
        deployment = work.deployment
        if not progress.has_deadline(deployment):
            return False
        known = get_condition(deployment, progress.PROGRESSING)
        if known is not None and known["reason"] == progress.TIMED_OUT:
            return False
        is_noted = known is not None and known["reason"] == progress.PAUSED
        paused = bool(deployment["spec"].get("paused"))
        if paused == is_noted:
            return False
        reason, text = (
            (progress.PAUSED, "Deployment is paused")
            if paused
            else (progress.RESUMED, "Deployment is resumed")
        )
        made = progress.condition(progress.PROGRESSING, "Unknown", reason, text, self.clock.now())
        return (yield from self._set_condition(work, made))

    def _set_condition(self, work: Rollout, made: Object) -> Part:
        deployment = work.deployment
        status = deployment.get("status") or {}
        conditions = progress.with_condition(status.get("conditions") or (), made)
        changed = {**deployment, "status": {**status, "conditions": conditions}}
        (outcome,) = yield (UpdateStatus(DEPLOYMENTS, changed),)
        if outcome.object is not None:
            work.deployment = outcome.object
        return outcome.object is None

    def _write_status(self, work: Rollout) -> Steps:
        """Counts and availability, outside of a rollout."""
        now = self.clock.now()
        status = progress.make_status(work.deployment, work.all, work.new, now)
        if status != work.deployment.get("status"):
            yield (UpdateStatus(DEPLOYMENTS, {**work.deployment, "status": status}),)

    def _write_progress(self, work: Rollout) -> Steps:
        """Counts, availability, and how the rollout goes on."""
        now = self.clock.now()
        counted = progress.make_status(work.deployment, work.all, work.new, now)
        status = progress.with_progress(work.deployment, counted, work.all, work.new, now)
        if status != work.deployment.get("status"):
            yield (UpdateStatus(DEPLOYMENTS, {**work.deployment, "status": status}),)
        elif not progress.is_complete(work.deployment, status):
            left_s = progress.due_s(work.deployment, status, now)
            if left_s is not None and left_s > 0:
                yield (RequeueAfter(left_s + 1),)


def _name(replica_set: Object | None) -> str:
    return "" if replica_set is None else str(replica_set["metadata"]["name"])
