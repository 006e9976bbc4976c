"""The work queue: three sets, delays, back-off."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubelite.reconcile.workqueue import WorkQueue

KEYS = st.sampled_from("abcd")


def test_a_key_is_looked_at_once_however_often_it_is_added():
    queue = WorkQueue()
    for _ in range(3):
        queue.add("a")
    assert queue.take() == "a"
    assert queue.take() is None
    queue.add("a")
    assert queue.take() is None, "it is being processed"
    queue.done("a")
    assert queue.take() == "a"


def test_back_off_doubles_up_to_the_longest():
    queue = WorkQueue(backoff_base_s=1, backoff_max_s=5)
    assert [queue.fail("a") for _ in range(4)] == [1, 2, 4, 5]
    queue.forget("a")
    assert queue.fail("a") == 1


def test_the_earliest_of_several_times_counts():
    queue = WorkQueue()
    queue.add_at("a", 5)
    queue.add_at("a", 3)
    queue.add_at("a", 9)
    assert queue.next_due == 3
    queue.release_due(2.9)
    assert queue.take() is None
    queue.release_due(3)
    assert queue.take() == "a"
    assert queue.next_due is None


def test_repr_shows_state():
    queue = WorkQueue()
    queue.add("a")
    assert repr(queue) == "<WorkQueue 1 queued, 0 processing, 0 waiting>"


class Machine(RuleBasedStateMachine):
    """Against a model that counts which keys still need a look."""

    def __init__(self):
        super().__init__()
        self.queue = WorkQueue()
        self.wanted = set()
        self.processing = set()
        self.waiting = {}
        self.now = 0

    @rule(key=KEYS)
    def add(self, key):
        self.queue.add(key)
        self.wanted.add(key)

    @rule(key=KEYS, delay=st.integers(0, 5))
    def add_at(self, key, delay):
        self.queue.add_at(key, self.now + delay)
        self.waiting[key] = min(self.waiting.get(key, 10**6), self.now + delay)

    @rule(seconds=st.integers(0, 4))
    def time_passes(self, seconds):
        self.now += seconds
        self.queue.release_due(self.now)
        for key in [key for key, due in self.waiting.items() if due <= self.now]:
            del self.waiting[key]
            self.wanted.add(key)

    @rule()
    def take(self):
        key = self.queue.take()
        if key is None:
            assert not self.wanted - self.processing
        else:
            assert key in self.wanted
            assert key not in self.processing
            self.wanted.discard(key)
            self.processing.add(key)

    @precondition(lambda self: self.processing)
    @rule(data=st.data())
    def done(self, data):
        key = data.draw(st.sampled_from(sorted(self.processing)))
        self.processing.discard(key)
        self.queue.done(key)

    @invariant()
    def holds(self):
        self.queue.check()
        assert self.queue.next_due == min(self.waiting.values(), default=None)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
