"""Controllers' plans in worlds where everything may happen: what must never be, and that all comes to an end.

A world is what a plan sees. In turns, chance does something to it (pods become ready, fail, end, are
deleted), and the plan is carried out. After the chaos everything goes well, and the plans have to settle.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kubelite.api import podutil
from kubelite.controllers.daemonset import pods as daemonpods
from kubelite.controllers.daemonset import update as daemonupdate
from kubelite.controllers.deployment import rollout
from kubelite.controllers.job import plan as jobplan
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job import scaling as jobscaling
from kubelite.controllers.job import status as jobstatus
from kubelite.controllers.job.backoff import NO_FAILURES
from kubelite.controllers.statefulset import plan as statefulplan
from kubelite.controllers.statefulset import pods as members
from tests.unit.controllers import test_daemon_plans as daemons
from tests.unit.controllers import test_job_plans as jobs
from tests.unit.controllers import test_rollout_plans as rollouts
from tests.unit.controllers import test_stateful_plans as stateful

CHANCE = st.randoms(use_true_random=False)
TURNS = 30
ENOUGH = 200
"""Turns in which all must have settled."""


# --- Deployments ------------------------------------------------------------------------------------------


class Rollouts:
    """A Deployment whose template and size change now and then, and its ReplicaSets."""

    def __init__(self, replicas, surge, unavailable):
        self.replicas, self.surge, self.unavailable = replicas, surge, unavailable
        self.sets = {}
        self.revise()

    @property
    def deployment(self):
        made = rollouts.deployment(self.replicas, self.surge, self.unavailable)
        container = {"image": self.image}
        template = {**made["spec"]["template"], "spec": {"containers": [container]}}
        return {**made, "spec": {**made["spec"], "template": template}}

    @property
    def total(self):
        return rollout.total_of(list(self.sets.values()))

    @property
    def available(self):
        return rollout.available_of(list(self.sets.values()))

    def revise(self):
        self.image = f"i:{len(self.sets)}"
        sets = list(self.sets.values())
        size = rollout.new_size(self.deployment, sets, None)
        made = rollouts.replica_set(f"rs{len(sets)}", size, 0, image=self.image, age=40 - len(sets))
        self.sets[f"rs{len(sets)}"] = self.annotated(made)

    def annotated(self, replica_set):
        present = replica_set["metadata"]["annotations"]
        return rollout.with_annotations(replica_set, present | rollout.sizes_annotated(self.deployment))

    def resize(self, resizes):
        for resize in resizes:
            name = resize.replica_set["metadata"]["name"]
            found = self.annotated(self.sets[name])
            available = min(found["status"]["availableReplicas"], resize.replicas)  # the unavailable go first
            self.sets[name] = {
                **found,
                "spec": {**found["spec"], "replicas": resize.replicas},
                "status": {**found["status"], "availableReplicas": available},
            }
        return bool(resizes)

    def become_available(self, name, number):
        found = self.sets[name]
        number = max(0, min(number, rollout.replicas_of(found)))
        self.sets[name] = {**found, "status": {**found["status"], "availableReplicas": number}}

    def act(self):
        """One look; True if it did anything."""
        deployment, sets = self.deployment, list(self.sets.values())
        new = rollout.find_new(deployment, sets)
        old = [each for each in sets if each is not new]
        if rollout.is_scaled(deployment, sets):
            return self.resize(rollout.plan_scaling(deployment, new, old))
        return self.resize(rollout.plan_new(deployment, sets, new)) or self.resize(
            rollout.plan_old(deployment, sets, old, new)
        )


@given(
    chance=CHANCE,
    replicas=st.integers(0, 12),
    bounds=st.sampled_from([(1, 0), (0, 1), ("25%", "25%"), (3, 2), ("100%", 0), (0, "100%"), (2, 50)]),
)
def test_a_rollout_keeps_its_bounds_and_ends(chance, replicas, bounds):
    world = Rollouts(replicas, *bounds)
    for _ in range(TURNS):
        surge, unavailable = rollout.surge_and_unavailable(world.deployment)
        match chance.randrange(8):
            case 0:
                world.revise()
            case 1:
                world.replicas = chance.randrange(13)
            case _:
                world.become_available(chance.choice(sorted(world.sets)), chance.randrange(14))
        surge, unavailable = rollout.surge_and_unavailable(world.deployment)
        is_scaled = rollout.is_scaled(world.deployment, list(world.sets.values()))
        total, available = world.total, world.available
        world.act()
        assert world.total <= max(total, world.replicas + surge)
        if not is_scaled:
            assert world.available >= min(available, world.replicas - unavailable)
    for _ in range(ENOUGH):
        for name, each in list(world.sets.items()):
            world.become_available(name, rollout.replicas_of(each))
        if world.act():
            continue
        if not rollout.is_scaled(world.deployment, list(world.sets.values())):
            break
        world.replicas += 1  # it hangs, as in Kubernetes: see the test of this in test_rollout_plans
    new = rollout.find_new(world.deployment, list(world.sets.values()))
    assert rollout.replicas_of(new) == world.total == world.available == world.replicas


# --- StatefulSets -----------------------------------------------------------------------------------------


class Members:
    """A StatefulSet amid an update, and its pods by name."""

    def __init__(self, owner, *, is_limited, start):
        self.owner, self.is_limited = owner, is_limited
        self.pods = {each["metadata"]["name"]: each for each in start}
        self.made = 0

    def situation(self):
        pods = tuple(self.pods.values())
        return stateful.situation(self.owner, *pods, current=stateful.OLD, limits_unavailable=self.is_limited)

    def is_available(self, pod):
        return self.situation().is_available(pod)

    def befall(self, name, chance, *, well=False):
        """Something happens to a pod; if all is well the best, and those that have failed are deleted."""
        pod = self.pods[name]
        ordinal, revision = int(name.rpartition("-")[2]), members.revision_of(pod)
        if podutil.is_terminating(pod) or (well and podutil.is_terminal(pod)):
            if well or chance.random() < 0.5:
                del self.pods[name]
            return
        fate = "ready" if well else chance.choice(["ready", "ready", "unready", "failed", "deleted", ""])
        if podutil.is_terminal(pod) or not fate:
            return
        self.pods[name] = {
            "ready": lambda: stateful.pod(ordinal, revision),
            "unready": lambda: stateful.pod(ordinal, revision, ready=False),
            "failed": lambda: stateful.pod(ordinal, revision, "Failed", ready=False),
            "deleted": lambda: stateful.pod(ordinal, revision, deleted=True),
        }[fate]()

    def act(self):
        plan = statefulplan.plan(self.situation())
        for pod in plan.create:
            name = pod["metadata"]["name"]
            assert name not in self.pods, "made twice"
            revision = pod["metadata"]["labels"]["controller-revision-hash"]
            self.pods[name] = stateful.pod(int(name.rpartition("-")[2]), revision, "Pending", ready=False)
        for pod in plan.delete:
            name = pod["metadata"]["name"]
            assert not podutil.is_terminating(self.pods[name]), "deleted twice"
            ordinal, revision = int(name.rpartition("-")[2]), members.revision_of(pod)
            phase = podutil.phase(pod)
            self.pods[name] = stateful.pod(ordinal, revision, phase, ready=False, deleted=True)
        return plan

    def available(self):
        wanted = range(members.replicas_of(self.owner))
        return sum(f"web-{n}" in self.pods and self.is_available(self.pods[f"web-{n}"]) for n in wanted)


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
@given(
    chance=CHANCE,
    replicas=st.integers(0, 6),
    size=st.integers(0, 6),
    partition=st.integers(0, 7),
    most=st.sampled_from([None, 1, 2, 3, "50%"]),
)
def test_members_are_made_in_order_and_replaced_as_far_as_may_be(  # noqa: PLR0913, PLR0917
    policy, chance, replicas, size, partition, most
):
    rolling = {"partition": partition} | ({} if most is None else {"maxUnavailable": most})
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    owner = stateful.stateful_set(replicas, updateStrategy=strategy, podManagementPolicy=policy)
    start = [stateful.pod(n, stateful.OLD) for n in range(size)]
    world = Members(owner, is_limited=most is not None, start=start)
    missing_max = 1 if most is None else statefulplan.max_unavailable_of(owner)
    for _ in range(TURNS):
        if world.pods and chance.random() < 0.8:
            world.befall(chance.choice(sorted(world.pods)), chance)
        before, available = dict(world.pods), world.available()
        plan = world.act()
        wanted = {f"web-{n}" for n in range(replicas)}
        updated = [pod for pod in plan.delete if pod["metadata"]["name"] in wanted]
        running = [pod for pod in updated if world_is_available(world, pod)]
        if policy == "OrderedReady":
            assert len(plan.create) + len(plan.delete) <= max(1, missing_max)
            for pod in plan.create:
                ordinal = int(pod["metadata"]["name"].rpartition("-")[2])
                lower = [before.get(f"web-{n}") for n in range(ordinal)]
                assert all(each is not None and world_is_available(world, each) for each in lower)
        if running and most is not None:
            assert available - len(running) >= replicas - missing_max
        assert len(running) <= missing_max
        assert all(int(pod["metadata"]["name"].rpartition("-")[2]) >= partition for pod in running)
    for _ in range(ENOUGH):
        for name in sorted(world.pods):
            world.befall(name, chance, well=True)
        plan = world.act()
        if not plan.create and not plan.delete and all(map(world.is_available, world.pods.values())):
            break
    assert sorted(world.pods) == [f"web-{n}" for n in range(replicas)]
    for name, pod in world.pods.items():
        if int(name.rpartition("-")[2]) >= partition:
            assert members.revision_of(pod) == stateful.NEW


def world_is_available(world, pod):
    """As it was when the plan was made."""
    return not podutil.is_terminating(pod) and members.is_available(world.owner, pod, stateful.NOW)


# --- DaemonSets -------------------------------------------------------------------------------------------


class Daemons:
    """A DaemonSet amid an update, some nodes, and its pods by name."""

    def __init__(self, owner, nodes):
        self.owner = owner
        self.nodes = [daemons.node(f"n{number}") for number in range(nodes)]
        self.pods = {f"old{n}": daemons.pod(f"old{n}", f"n{n}", "old") for n in range(nodes)}
        self.made = 0

    def act(self):
        by_node = daemonpods.pods_by_node(list(self.pods.values()))
        nodes, hash_, now = self.nodes, daemons.HASH, daemons.NOW
        placing = daemonpods.plan_placing(self.owner, nodes, by_node, hash_, now)
        is_update = False
        if not (placing.create or placing.delete or placing.failed or placing.succeeded):
            placing = daemonupdate.plan_update(self.owner, nodes, by_node, hash_, now)
            is_update = True
        ended = [pod for _, pod in (*placing.failed, *placing.succeeded)]
        for node in placing.create:
            self.made += 1
            name = f"new{self.made}"
            self.pods[name] = daemons.pod(name, node, phase="Pending", ready=False)
        for pod in (*placing.delete, *ended):
            name = pod["metadata"]["name"]
            assert not podutil.is_terminating(self.pods[name]), "deleted twice"
            metadata = {**pod["metadata"], "deletionTimestamp": "2026-01-01T01:00:00Z"}
            self.pods[name] = {**pod, "metadata": metadata}
        return placing, is_update

    def befall(self, name, chance, *, well=False):
        pod = self.pods[name]
        if podutil.is_terminating(pod):
            if well or chance.random() < 0.5:
                del self.pods[name]
            return
        fate = "ready" if well else chance.choice(["ready", "ready", "unready", "failed", "deleted"])
        if podutil.is_terminal(pod):
            return
        hash_ = pod["metadata"]["labels"]["controller-revision-hash"]
        phase = "Failed" if fate == "failed" else "Running"
        is_deleted, is_ready = fate == "deleted", fate == "ready"
        on = pod["spec"]["nodeName"]
        self.pods[name] = daemons.pod(name, on, hash_, phase=phase, ready=is_ready, deleted=is_deleted)

    def served(self):
        """The nodes that have an available pod."""
        return {
            pod["spec"]["nodeName"]
            for pod in self.pods.values()
            if not podutil.is_terminating(pod) and podutil.is_ready(pod) and not podutil.is_terminal(pod)
        }


@given(
    chance=CHANCE,
    nodes=st.integers(1, 5),
    bounds=st.sampled_from([(0, 1), (0, 2), (0, "50%"), (1, 0), (2, 0), ("100%", 0)]),
)
def test_daemons_are_replaced_as_far_as_may_be_and_no_node_has_three(chance, nodes, bounds):
    surge, unavailable = bounds
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    world = Daemons(
        daemons.daemon_set(updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling}), nodes
    )
    _, missing_max = daemonpods.surge_and_unavailable(world.owner, nodes)
    for _ in range(TURNS):
        if world.pods and chance.random() < 0.7:
            world.befall(chance.choice(sorted(world.pods)), chance)
        served = world.served()
        _, is_update = world.act()
        if is_update:
            assert len(world.served()) >= min(len(served), nodes - missing_max)
        for node in world.nodes:
            living = [
                pod
                for pod in world.pods.values()
                if pod["spec"]["nodeName"] == node["metadata"]["name"] and podutil.is_active(pod)
            ]
            assert len(living) <= (2 if surge else 1)
    for _ in range(ENOUGH):
        for name in sorted(world.pods):
            world.befall(name, chance, well=True)
        placing, _ = world.act()
        if not (placing.create or placing.delete or placing.failed) and len(world.pods) == nodes:
            break
    assert sorted(pod["spec"]["nodeName"] for pod in world.pods.values()) == [f"n{n}" for n in range(nodes)]
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in world.pods.values()} == {
        daemons.HASH
    }


# --- Jobs -------------------------------------------------------------------------------------------------


class Work:
    """A Job, its pods by uid, and what has been counted."""

    def __init__(self, job):
        self.job, self.pods, self.made, self.backoff = job, {}, 0, NO_FAILURES
        self.verdict = None
        self.ended = {"Succeeded": 0, "Failed": 0}

    @property
    def status(self):
        return self.job["status"]

    def standing(self):
        return jobplan.assess(self.job, list(self.pods.values()), self.backoff, frozenset())

    def change_pods(self, change):
        for pod in change.delete:
            self.pods.pop(pod["metadata"]["uid"])
        for pod in change.create:
            self.made += 1
            uid = f"u{self.made}"
            index = jobpods.index_of(pod)
            self.pods[uid] = jobs.pod(uid, index=index)

    def act(self, now):
        standing = self.standing()
        self.verdict = jobplan.judge(standing, now)
        if self.verdict is None:
            self.change_pods(jobscaling.plan_pods(standing, now))
            active = sum(map(podutil.is_active, self.pods.values()))
            if jobplan.is_done(standing, active):
                self.verdict = jobplan.COMPLETIONS_REACHED
        else:
            for pod in standing.active:
                self.pods[pod["metadata"]["uid"]] = jobs.pod(
                    pod["metadata"]["uid"], index=jobpods.index_of(pod), deleted=True
                )
            standing = self.standing()
        self.track(standing, now)

    def track(self, standing, now):
        tracking = jobstatus.plan_tracking(standing, self.status, self.verdict, now)
        for pod in tracking.release:
            uid = pod["metadata"]["uid"]
            assert jobpods.is_tracked(self.pods[uid]), "counted twice"
            self.pods.pop(uid)
            phase = podutil.phase(pod)
            self.ended[phase if phase in self.ended else "Failed"] += 1
        held = tracking.held - {pod["metadata"]["uid"] for pod in tracking.release}
        status = jobstatus.settle(tracking.status, held)
        finished = None if self.verdict is None else jobstatus.finish(status, self.verdict, now)
        self.job = {**self.job, "status": finished or status}

    def befall(self, uid, chance, *, well=False):
        pod = self.pods[uid]
        if podutil.is_terminal(pod):
            return
        index = jobpods.index_of(pod)
        fate = "Succeeded" if well else chance.choice(["Succeeded", "Failed", "deleted", "Running"])
        is_deleted = fate == "deleted" or podutil.is_terminating(pod)
        self.pods[uid] = jobs.pod(
            uid, "Running" if fate == "deleted" else fate, index=index, deleted=is_deleted
        )


@given(
    chance=CHANCE,
    completions=st.integers(0, 6),
    parallelism=st.integers(1, 5),
    is_indexed=st.booleans(),
    limit=st.integers(0, 6),
)
def test_a_job_runs_no_more_pods_than_it_may_counts_each_once_and_ends(
    chance, completions, parallelism, is_indexed, limit
):
    make = jobs.indexed if is_indexed else jobs.job
    world = Work(make(completions, parallelism, backoffLimit=limit))
    for turn in range(ENOUGH):
        now = jobs.NOW + turn * 1000  # no back-off lasts as long
        well = turn > TURNS
        for uid in sorted(world.pods):
            if well or chance.random() < 0.5:
                world.befall(uid, chance, well=well)
        world.act(now)
        active = [pod for pod in world.pods.values() if podutil.is_active(pod)]
        assert len(active) <= min(parallelism, completions)
        if is_indexed:
            indexes = [jobpods.index_of(pod) for pod in active]
            assert len(set(indexes)) == len(indexes)
        assert world.status.get("failed", 0) <= world.ended["Failed"]
        if jobplan.is_finished(world.job):
            break
    assert jobplan.is_finished(world.job)
    succeeded = world.status.get("succeeded", 0)
    assert succeeded <= completions
    if jobplan.is_condition_true(world.job, jobplan.COMPLETE):
        assert succeeded == completions
        assert world.status.get("failed", 0) <= limit
    else:
        assert world.status["failed"] > limit
