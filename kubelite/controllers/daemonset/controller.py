"""DaemonSet controller: a pod on every node that the template fits, and the way from old pods to new ones.

Pods are pinned to their node and then scheduled like others. Where they go is said by `pods`, which
step of an update comes next by `update`; here is what was asked for and not yet seen, and the patience
with pods that fail.

Source: k8s.io/kubernetes/pkg/controller/daemon/daemon_controller.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import ClassVar, Final

import attrs

from kubelite.api.resources import CONTROLLERREVISIONS, DAEMONSETS, NODES, PODS
from kubelite.api.templatehash import template_hash
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.daemonset import pods as daemonpods
from kubelite.controllers.daemonset import update as daemonupdate
from kubelite.controllers.daemonset.pods import Placing
from kubelite.controllers.history import revisions as history
from kubelite.controllers.history.revisedset import RevisedSet, Revisions
from kubelite.controllers.history.revisions import REVISION_HASH
from kubelite.controllers.replicas import BURST_REPLICAS
from kubelite.reconcile.controller import Environment, Watch
from kubelite.reconcile.intents import (
    DeleteObject,
    Intent,
    Outcomes,
    PatchObject,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import key_of, split_key

BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 900.0

Part = Generator[Sequence[Intent], Outcomes, bool]


@attrs.define(eq=False)
class Patience:
    """How long failed pods are left alone, by node: from 1 s, doubling to 15 minutes.

    Twice the longest wait without a failure, and all is forgiven.
    """

    waits: dict[tuple[str, int, str], tuple[float, float]] = attrs.field(factory=dict)

    def left_s(self, key: tuple[str, int, str], now: float) -> float:
        """Seconds until the next failed pod may be deleted; at once (0) counts as another failure."""
        wait_s, since = self.waits.get(key, (0.0, now))
        left_s = since + wait_s - now
        if left_s > 0:
            return left_s
        self.waits = {each: wait for each, wait in self.waits.items() if now - wait[1] <= 2 * BACKOFF_MAX_S}
        doubled = min(2 * wait_s, BACKOFF_MAX_S)
        self.waits[key] = (doubled if key in self.waits else BACKOFF_FIRST_S, now)
        return 0.0

    def forget(self, uid: str) -> None:
        """The DaemonSet is gone."""
        self.waits = {key: value for key, value in self.waits.items() if key[0] != uid}


class DaemonSetController(RevisedSet):
    """Keys are DaemonSets."""

    name = "daemonset-controller"
    component = "daemonset-controller"
    kind: ClassVar[Resource] = DAEMONSETS

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._nodes = self.informer(NODES)
        self._patience = Patience()

    def watches(self) -> Sequence[Watch]:
        """DaemonSets, their pods and revisions, and nodes."""
        return *super().watches(), Watch(NODES, self._node_keys)

    def _owner_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if old is not None and (new is None or new["metadata"]["uid"] != old["metadata"]["uid"]):
            self._patience.forget(old["metadata"]["uid"])
        return super()._owner_keys(old, new)

    def _node_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """The DaemonSets for which a node is now another than before."""
        if old is not None and new is not None and not daemonpods.node_matters(old, new):
            return ()
        nowhere = (False, False)
        return [
            key_of(each)
            for each in self._owners.list()
            if (daemonpods.should_run(each, old) if old is not None else nowhere)
            != (daemonpods.should_run(each, new) if new is not None else nowhere)
        ]

    def name_revision(self, owner: Object, collisions: int | None) -> tuple[str, Mapping[str, str]]:
        """The hash of the template, which pods are labelled with as well."""
        hash_ = template_hash(owner["spec"]["template"], collisions)
        return hash_, {REVISION_HASH: hash_}

    def sync(self, key: str) -> Steps:
        """See to the revision, place pods or take a step of an update, write the status."""
        namespace, name = split_key(key)
        owner = self._owners.get(namespace, name)
        if owner is None:
            self._expectations.forget(key)
            self._sizes.pop(key, None)
            return
        if from_label_selector(owner["spec"].get("selector") or {}).empty:
            text = "This daemon set is selecting all pods. A non-empty selector is required."
            yield (RecordEvent(owner, "Warning", "SelectingAll", text),)
            return
        if owner["metadata"].get("deletionTimestamp"):
            return
        is_current = self._expectations.is_satisfied(key, self.clock.now())
        revisions = yield from self.revise(owner)
        if revisions is None:
            return
        pods: Sequence[Object] = yield from self._claim(owner, _any)
        self._sizes[key] = len(pods)
        revisions = yield from self._unify(revisions, pods)
        if is_current:
            if (yield from self._place(key, owner, pods, revisions)):
                pods = self._pods.by_owner(owner["metadata"]["uid"])
            yield from self._forget_past(owner, pods, revisions)
        yield from self._write_status(owner, pods, revisions, observed=is_current)

    def _unify(
        self, revisions: Revisions, pods: Sequence[Object]
    ) -> Generator[Sequence[Intent], Outcomes, Revisions]:
        """Of several revisions with the present template one is left, whose hash all pods then have.

        A revision that somebody else has made is known by its name. For a moment it may stand beside another:
        whoever made it may go on with either, as between two looks of a real controller.
        """
        known: dict[str, Object] = {}
        for each in revisions.all:
            name = each["metadata"]["name"]
            labels = each["metadata"].get("labels") or {}
            known[name] = each
            if REVISION_HASH not in labels:
                metadata = {**each["metadata"], "labels": {**labels, REVISION_HASH: name}}
                (outcome,) = yield (UpdateObject(CONTROLLERREVISIONS, {**each, "metadata": metadata}),)
                known[name] = outcome.object or each
        data = revisions.current.get("data")
        kept = history.plan_doubles(
            [each for each in known.values() if each.get("data") == data], self.clock.now()
        )
        current, doubles = kept.current, kept.doubles
        if kept.wait_s:
            yield (RequeueAfter(kept.wait_s),)
        if doubles:
            hash_ = _hash(current)
            yield [
                PatchObject(
                    PODS,
                    pod["metadata"]["namespace"],
                    pod["metadata"]["name"],
                    {"metadata": {"uid": pod["metadata"]["uid"], "labels": {REVISION_HASH: hash_}}},
                )
                for pod in pods
                if (pod["metadata"].get("labels") or {}).get(REVISION_HASH) != hash_
            ]
        for double in doubles:
            name = double["metadata"]["name"]
            del known[name]
            yield (DeleteObject(CONTROLLERREVISIONS, double["metadata"]["namespace"], name),)
        return Revisions(current, tuple(known.values()), revisions.collisions)

    def _place(self, key: str, owner: Object, pods: Sequence[Object], revisions: Revisions) -> Part:
        """Place pods; where all are in place, take the next step of an update. True if anything was done."""
        nodes, by_node = self._nodes.list(), daemonpods.pods_by_node(pods)
        hash_, now = _hash(revisions.current), self.clock.now()
        placing = daemonpods.plan_placing(owner, nodes, by_node, hash_, now)
        if (yield from self._carry_out(key, owner, placing, hash_)):
            return True
        strategy = (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        if strategy != "RollingUpdate":
            return False
        placing = daemonupdate.plan_update(owner, nodes, by_node, hash_, now)
        return (yield from self._carry_out(key, owner, placing, hash_))

    def _carry_out(self, key: str, owner: Object, placing: Placing, hash_: str) -> Part:
        delete = [*placing.delete, *(yield from self._ended(owner, placing))][:BURST_REPLICAS]
        create = placing.create[:BURST_REPLICAS]
        if not create and not delete:
            return False
        uids = [pod["metadata"]["uid"] for pod in delete]
        self._expectations.expect(key, creations=len(create), deletions=uids, now=self.clock.now())
        if create:
            pod = daemonpods.make_daemon_pod(owner, self.kind, hash_)
            pods = [daemonpods.pinned(pod, node) for node in create]
            yield from self._create(key, owner, pods, is_expected=True)
        if delete:
            yield from self._delete(key, owner, delete, is_expected=False)
        return True

    def _ended(self, owner: Object, placing: Placing) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
        """Pods that have ended and go now; for those whose time has not come, another look."""
        uid = owner["metadata"]["uid"]
        generation = (owner.get("status") or {}).get("observedGeneration") or 0
        gone: list[Object] = []
        intents: list[Intent] = []
        for node, pod in placing.failed:
            left_s = self._patience.left_s((uid, generation, node), self.clock.now())
            if left_s:
                intents.append(RequeueAfter(left_s))
                continue
            text = f"Found failed daemon pod {key_of(pod)} on node {node}, will try to kill it"
            intents.append(RecordEvent(owner, "Warning", "FailedDaemonPod", text))
            gone.append(pod)
        for node, pod in placing.succeeded:
            text = f"Found succeeded daemon pod {key_of(pod)} on node {node}, will try to delete it"
            intents.append(RecordEvent(owner, "Normal", "SucceededDaemonPod", text))
            gone.append(pod)
        if intents:
            yield intents
        return gone

    def _forget_past(self, owner: Object, pods: Sequence[Object], revisions: Revisions) -> Steps:
        used = {(pod["metadata"].get("labels") or {}).get(REVISION_HASH) for pod in pods}
        live = {
            each["metadata"]["name"]
            for each in revisions.all
            if each is revisions.current or (each["metadata"].get("labels") or {}).get(REVISION_HASH) in used
        }
        yield from self.forget_revisions(owner, revisions.all, live, counted=len(live) - 1)

    def _write_status(
        self, owner: Object, pods: Sequence[Object], revisions: Revisions, *, observed: bool
    ) -> Steps:
        by_node = daemonpods.pods_by_node(pods)
        counts = daemonpods.count_nodes(
            owner, self._nodes.list(), by_node, _hash(revisions.current), self.clock.now()
        )
        status = daemonpods.make_status(owner, counts, collisions=revisions.collisions, observed=observed)
        if status != owner.get("status"):
            yield (UpdateStatus(self.kind, {**owner, "status": status}),)
        left_s = daemonpods.next_available_s(owner, pods, self.clock.now())
        if left_s is not None:
            yield (RequeueAfter(left_s),)


def _any(_pod: Object) -> bool:
    """All pods are looked at: one that has ended, or is about to, still has its place."""
    return True


def _hash(revision: Object) -> str:
    return str((revision["metadata"].get("labels") or {}).get(REVISION_HASH, ""))
