"""The queue: who is next, how long the refused rest, and what wakes them."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubelite.scheduler.nodeinfo import PodInfo
from kubelite.scheduler.queue import UNSCHEDULABLE_MAX_S, SchedulingQueue


def info(name, priority=0, **spec):
    metadata = {"name": name, "namespace": "default", "uid": name}
    return PodInfo.of({"metadata": metadata, "spec": {"containers": [], "priority": priority, **spec}})


@pytest.fixture
def queue():
    return SchedulingQueue()


def test_higher_priority_goes_first_then_the_earlier(queue):
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        queue.add(info(name, priority), 0)
    popped = []
    while entry := queue.pop():
        popped.append(entry.info.uid)
        queue.remove(entry.info.uid)
    assert popped == ["b", "d", "a", "c"]


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


def test_the_refused_wait_until_the_cluster_changes(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.fail(entry, 0)
    queue.flush(100)
    assert queue.pop() is None
    queue.cluster_changed(100)
    assert queue.pop() is entry


def test_a_change_does_not_cut_the_back_off_short(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.fail(entry, 0)
    queue.cluster_changed(0.5)
    assert queue.pop() is None
    assert queue.flush(0.5) == 1.0
    queue.flush(1.0)
    assert queue.pop() is entry


def test_after_five_minutes_it_is_tried_again_anyhow(queue):
    queue.add(info("a"), 0)
    entry = queue.pop()
    queue.fail(entry, 0)
    assert queue.flush(1) == UNSCHEDULABLE_MAX_S
    queue.flush(UNSCHEDULABLE_MAX_S)
    assert queue.pop() is entry


def test_a_changed_pod_is_tried_at_once_a_changed_status_not(queue):
    queue.add(info("a"), 0)
    queue.fail(queue.pop(), 0)
    queue.add(info("a"), 0)
    assert queue.pop() is None
    queue.add(info("a", tolerations=[{"operator": "Exists"}]), 0)
    assert queue.pop().info.tolerations


def test_the_repr_counts(queue):
    for name in "abc":
        queue.add(info(name), 0)
    queue.fail(queue.pop(), 0)
    queue.retry(queue.pop(), 0)
    assert repr(queue) == "<SchedulingQueue 1 active, 1 backing off, 1 waiting>"


@attrs.define
class Known:
    place: str = "active"
    in_flight: bool = False


class QueueMachine(RuleBasedStateMachine):
    """No pod is lost and none is given out twice, whatever happens in whatever order."""

    def __init__(self):
        super().__init__()
        self.queue, self.now, self.known, self.entries = SchedulingQueue(), 0.0, {}, {}

    @rule(name=st.sampled_from("abcde"), priority=st.integers(0, 2))
    def add(self, name, priority):
        self.queue.add(info(name, priority), self.now)
        self.known.setdefault(name, Known())

    @rule(name=st.sampled_from("abcde"))
    def remove(self, name):
        self.queue.remove(name)
        self.known.pop(name, None)
        self.entries.pop(name, None)

    @precondition(lambda self: not self.entries)
    @rule()
    def pop(self):
        entry = self.queue.pop()
        if entry is None:
            assert not any(each.place == "active" for each in self.known.values())
            return
        assert self.known[entry.info.uid].place == "active"
        self.known[entry.info.uid].place = "in flight"
        self.entries[entry.info.uid] = entry

    @precondition(lambda self: self.entries)
    @rule(outcome=st.sampled_from(["fail", "retry"]))
    def put_back(self, outcome):
        name, entry = self.entries.popitem()
        getattr(self.queue, outcome)(entry, self.now)
        self.known[name].place = "resting"

    @rule()
    def change(self):
        self.queue.cluster_changed(self.now)

    @rule(seconds=st.sampled_from([0.5, 5.0, 400.0]))
    def wait(self, seconds):
        self.now += seconds
        self.queue.flush(self.now)

    @rule()
    def wait_for_all(self):
        self.now += 2 * UNSCHEDULABLE_MAX_S
        self.queue.flush(self.now)
        for each in self.known.values():
            if each.place == "resting":
                each.place = "active"

    @invariant()
    def all_are_known(self):
        assert len(self.queue) == len(self.known)

    # What wakes earlier than the model knows is found out by looking at what is given out.
    @invariant()
    def the_woken_are_active(self):
        text = repr(self.queue)
        resting = sum(each.place == "resting" for each in self.known.values())
        numbers = [
            int(part.split()[0])
            for part in text.removeprefix("<SchedulingQueue ").removesuffix(">").split(", ")
        ]
        if sum(numbers[1:]) < resting:
            for name, each in self.known.items():
                parts = self.queue._backoff, self.queue._waiting
                if each.place == "resting" and not any(name in part for part in parts):
                    each.place = "active"


TestQueueMachine = QueueMachine.TestCase
