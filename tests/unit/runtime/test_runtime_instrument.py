"""Hooks see each message sent and handled, and what caused it."""

from __future__ import annotations

import pytest

from kubelite.runtime import Actor, ChildSpec, instrument


class Recorder:
    def __init__(self):
        self.seen = []

    def sent(self, receiver, message, cause):
        self.seen.append(("sent", receiver, message, cause))

    def handled(self, receiver, message):
        self.seen.append(("handled", receiver, message))


@pytest.fixture
def recorder():
    observer = Recorder()
    former = instrument.install(observer)
    yield observer
    instrument.install(former)


async def test_a_message_carries_the_message_that_led_to_it(run, recorder, turns):
    class Relay(Actor):
        def receive(self, message):
            system.ref("sink").tell(f"because of {message}")

    class Sink(Actor):
        def receive(self, message):
            pass

    system = await run(ChildSpec("relay", Relay), ChildSpec("sink", Sink))
    system.ref("relay").tell("x")
    await turns()
    assert recorder.seen == [
        ("sent", "relay", "x", None),
        ("handled", "relay", "x"),
        ("sent", "sink", "because of x", "x"),
        ("handled", "sink", "because of x"),
    ]


def test_install_answers_with_the_former_observer(recorder):
    assert instrument.install(None) is recorder
    assert instrument.install(recorder) is None
