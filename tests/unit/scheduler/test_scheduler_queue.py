"""The queue: who is next, how long the refused rest, and what wakes them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.queue import UNSCHEDULABLE_MAX_S, SchedulingQueue


def info(name, priority=0, **spec):
    metadata = {"name": name, "namespace": "default", "uid": name}
    return PodInfo.of({"metadata": metadata, "spec": {"containers": [], "priority": priority, **spec}})


FIT = frozenset({"NodeResourcesFit"})


def always(_):
    return True


def gated(pod):
    return bool(pod.spec.get("schedulingGates"))


@pytest.fixture
def queue():
    return SchedulingQueue(is_gated=gated)


def names(queue):
    """Whom the queue gives out, in order."""
    popped = []
    while entry := queue.pop():
        popped.append(entry.info.uid)
        queue.remove(entry.info.uid)
    return popped


def test_higher_priority_goes_first_then_the_earlier(queue):
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        queue.add(info(name, priority), 0)
    assert names(queue) == ["b", "d", "a", "c"]


def test_who_was_refused_stands_behind_those_that_came_meanwhile(queue):
    queue.add(info("refused"), 0)
    queue.fail(queue.pop(), FIT, 0)
    queue.add(info("new"), 1)
    queue.move(always, 20)
    assert names(queue) == ["new", "refused"]


def test_the_back_off_doubles_from_one_second_to_ten(queue):
    queue.add(info("a"), 0)
    entry, now, rests = queue.pop(), 0.0, []
    for _ in range(6):
        queue.retry(entry, now)
        rests.append(queue.flush(now) - now)
        now += rests[-1]
        assert queue.pop() is None
        queue.flush(now)
        assert queue.pop() is entry
    assert rests == [1, 2, 4, 8, 10, 10]


def test_the_back_off_is_as_configured():
    queue = SchedulingQueue(5, 20)
    assert [queue.backoff_s(failures) for failures in range(5)] == [0, 5, 10, 20, 20]


def test_the_refused_wait_until_something_helps(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.fail(entry, FIT, 0)
    queue.flush(100)
    queue.move(lambda each: "NodePorts" in each.rejected_by, 100)
    assert queue.pop() is None
    queue.move(lambda each: "NodeResourcesFit" in each.rejected_by, 100)
    assert queue.pop() is entry


def test_what_nobody_waits_for_concerns_nobody(queue):
    queue.add(info("a"), 0)
    queue.fail(queue.pop(), FIT, 0)
    assert queue.concerns(frozenset({"NodeResourcesFit", "NodePorts"}))
    assert not queue.concerns(frozenset({"NodePorts"}))
    queue.remove("a")
    assert not queue.concerns(FIT)


def test_everything_concerns_a_pod_that_no_plugin_rejected(queue):
    queue.add(info("a"), 0)
    queue.fail(queue.pop(), frozenset(), 0)
    assert queue.concerns(FIT)


def test_a_back_off_gives_way_to_those_that_are_active_and_to_nobody_else(queue):
    queue.add(info("refused", 9), 0)
    queue.fail(queue.pop(), FIT, 0)
    queue.move(always, 0.5)
    queue.add(info("new"), 0.5)
    assert queue.flush(0.5) == 1.0
    assert names(queue) == ["new", "refused"]


def test_a_back_off_after_an_error_is_kept(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.retry(entry, 0)
    assert queue.pop() is None
    queue.flush(1.0)
    assert queue.pop() is entry


def test_after_five_minutes_it_is_tried_again_anyhow(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.fail(entry, FIT, 0)
    assert queue.flush(1) == UNSCHEDULABLE_MAX_S
    queue.flush(UNSCHEDULABLE_MAX_S)
    assert queue.pop() is entry


def test_a_gated_pod_stays_until_its_gates_are_gone(queue):
    queue.add(info("a", schedulingGates=[{"name": "wait"}]), 0)
    queue.move(always, 1)
    queue.flush(10 * UNSCHEDULABLE_MAX_S)
    assert queue.pop() is None
    queue.add(info("a"), 2)
    assert names(queue) == ["a"]


def test_a_changed_pod_is_known_by_its_new_self(queue):
    queue.add(info("a"), 0)
    queue.fail(queue.pop(), FIT, 0)
    queue.add(info("a", tolerations=[{"operator": "Exists"}]), 0)
    assert queue.pop() is None
    queue.move(always, 2)
    assert queue.pop().info.tolerations


def test_the_repr_counts(queue):
    for name in "abcd":
        queue.add(info(name, schedulingGates=[{"name": "g"}] if name == "d" else []), 0)
    queue.fail(queue.pop(), FIT, 0)
    queue.retry(queue.pop(), 0)
    assert repr(queue) == "<SchedulingQueue 1 active, 1 backing off, 1 waiting, 1 gated>"


class QueueMachine(RuleBasedStateMachine):
    """No pod is lost and none is given out twice, whatever happens in whatever order.

    The model: where each pod is; an entry that the model has in flight must not be given out.
    """

    def __init__(self):
        super().__init__()
        self.queue, self.now = SchedulingQueue(is_gated=gated), 0.0
        self.known, self.flying = {}, {}

    @rule(name=st.sampled_from("abcde"), priority=st.integers(0, 2), is_gated=st.booleans())
    def add(self, name, priority, is_gated):
        if name in self.known:
            return
        spec = {"schedulingGates": [{"name": "g"}]} if is_gated else {}
        self.queue.add(info(name, priority, **spec), self.now)
        self.known[name] = "gated" if is_gated else "active"

    @rule(name=st.sampled_from("abcde"))
    def open_gates(self, name):
        if self.known.get(name) == "gated":
            self.queue.add(info(name), self.now)
            self.known[name] = "active"

    @rule(name=st.sampled_from("abcde"))
    def remove(self, name):
        self.queue.remove(name)
        self.known.pop(name, None)
        self.flying.pop(name, None)

    @rule()
    def pop(self):
        entry = self.queue.pop()
        if entry is None:
            assert not {"active", "resting"} & set(self.known.values())
            return
        name = entry.info.uid
        assert self.known[name] in {"active", "resting", "erring"}
        if self.known[name] == "resting":
            assert "active" not in self.known.values()
        self.known[name], self.flying[name] = "flying", entry

    @precondition(lambda self: self.flying)
    @rule(outcome=st.sampled_from(["waiting", "erring"]))
    def put_back(self, outcome):
        name, entry = self.flying.popitem()
        self.known[name] = outcome
        if outcome == "waiting":
            self.queue.fail(entry, FIT, self.now)
        else:
            self.queue.retry(entry, self.now)

    @rule()
    def change(self):
        for name, place in self.known.items():
            if place == "waiting":
                entry = self.queue.get(name)
                due = entry.since_s + self.queue.backoff_s(entry.refusals)
                self.known[name] = "resting" if due > self.now else "active"
        self.queue.move(always, self.now)

    @rule(seconds=st.sampled_from([0.5, 5.0, 400.0]))
    def wait(self, seconds):
        self.now += seconds
        for name, place in self.known.items():
            if place in {"resting", "erring"} and seconds > 100:
                self.known[name] = "active"
            if place == "waiting" and self.queue.get(name).since_s + UNSCHEDULABLE_MAX_S <= self.now:
                self.known[name] = "active"
        self.queue.flush(self.now)
        for name, place in self.known.items():
            if place in {"resting", "erring"} and self.queue._is_active(name):
                self.known[name] = "active"

    @invariant()
    def all_are_known(self):
        assert len(self.queue) == len(self.known)
        assert self.queue.waiting == list(self.known.values()).count("waiting")


TestQueueMachine = QueueMachine.TestCase
