"""The mailbox against a plain list: order, bound, and what each policy gives up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kubelite.runtime import Mailbox, MailboxFull
from kubelite.runtime.mailbox import Asked, Unfinished

MESSAGES = st.tuples(st.sampled_from("abc"), st.integers(0, 9))


class MailboxMachine(RuleBasedStateMachine):
    """A mailbox does what a list with the same policy does."""

    @initialize(bound=st.integers(1, 4), policy=st.sampled_from(["raise", "drop_oldest", "coalesce"]))
    def begin(self, bound, policy):
        key = (lambda message: message[0]) if policy == "coalesce" else None
        self.mailbox = Mailbox(bound, policy, key)
        self.bound, self.policy, self.model, self.dropped, self.peak = bound, policy, [], 0, 0

    @rule(message=MESSAGES)
    def put(self, message):
        if self.policy == "coalesce":
            for index, (key, _) in enumerate(self.model):
                if key == message[0]:
                    self.model[index] = message
                    self.dropped += 1
                    self.mailbox.put(message)
                    return
        if len(self.model) == self.bound:
            if self.policy != "drop_oldest":
                with pytest.raises(MailboxFull):
                    self.mailbox.put(message)
                return
            self.model.pop(0)
            self.dropped += 1
        self.model.append(message)
        self.mailbox.put(message)

    @precondition(lambda self: self.model)
    @rule()
    def take(self):
        self.peak = max(self.peak, len(self.model))
        assert self.mailbox.take() == self.model.pop(0)

    @invariant()
    def same(self):
        assert list(self.mailbox.queue) == self.model
        assert len(self.mailbox) == len(self.model) <= self.bound
        assert (self.mailbox.dropped, self.mailbox.peak) == (self.dropped, self.peak)


TestMailboxMachine = MailboxMachine.TestCase


@given(st.lists(st.integers()))
def test_without_a_bound_nothing_is_lost_and_the_order_is_kept(messages):
    mailbox = Mailbox()
    for message in messages:
        mailbox.put(message)
    assert [mailbox.take() for _ in messages] == messages


def test_the_repr_shows_the_state():
    mailbox = Mailbox(2, "drop_oldest")
    assert repr(mailbox) == "<Mailbox 0/2, peak 0>"
    for message in "abc":
        mailbox.put(message)
    mailbox.take()
    assert repr(mailbox) == "<Mailbox 1/2, peak 2, 1 dropped>"
    assert repr(Mailbox()) == "<Mailbox 0, peak 0>"


async def test_what_a_handler_has_begun_takes_no_room_and_is_not_dropped():
    mailbox = Mailbox(1, "drop_oldest")

    async def rest():
        return 1

    begun = Asked(Unfinished("ask", rest()), asyncio.get_running_loop().create_future())
    mailbox.queue.appendleft(begun)
    mailbox.put("a")
    mailbox.put("b")
    assert list(mailbox.queue) == [begun, "b"]
    assert not begun.reply.done()
    assert await begun.request.work == 1


def test_coalescing_needs_no_bound():
    mailbox = Mailbox(0, "coalesce", lambda message: message[0])
    mailbox.put(("a", 1))
    mailbox.put(("a", 2))
    assert list(mailbox.queue) == [("a", 2)]
