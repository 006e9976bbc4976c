"""What an actor may rely on: order, one message at a time, replies, and who hears of a crash."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import attrs
import pytest

from kubelite.runtime import Actor, ActorStopped, ChildSpec, MailboxFull, Request, System, WrongLoop


@attrs.frozen
class Add:
    """Adds a number."""

    number: int


@attrs.frozen
class Total(Request[int]):
    """What is the sum?"""


@attrs.frozen
class Break(Request[int]):
    """Raises."""


class Refused(Exception):
    pass


class Adder(Actor):
    reply_errors = (Refused,)

    def __init__(self):
        self.numbers = []

    def receive(self, message):
        match message:
            case Add(number):
                self.numbers.append(number)
            case Total():
                return sum(self.numbers)
            case Break():
                raise ValueError("broken")
            case Exception() as error:
                raise error
        return None


class AsyncAdder(Adder):
    async def receive(self, message):
        await asyncio.sleep(0)
        return super().receive(message)


@pytest.fixture(params=[Adder, AsyncAdder])
async def adder(request, run):
    return (await run(ChildSpec("adder", request.param))).ref("adder")


async def test_messages_of_one_sender_keep_their_order(adder, answered):
    for number in range(30):
        adder.tell(Add(number))
    assert await answered(Total().ask(adder)) == sum(range(30))


async def test_an_ask_is_handled_after_what_was_told_before_it(adder, answered):
    adder.tell(Add(1))
    assert await answered(Total().ask(adder)) == 1


async def test_a_crash_fails_the_ask_that_did_it_and_starts_afresh(adder, answered):
    adder.tell(Add(7))
    with pytest.raises(ActorStopped, match="ValueError: broken") as failure:
        await answered(Break().ask(adder))
    assert isinstance(failure.value.__cause__, ValueError)
    assert await answered(Total().ask(adder)) == 0


async def test_what_waits_in_the_mailbox_survives_a_crash(adder, answered):
    adder.tell(ValueError())
    adder.tell(Add(5))
    assert await answered(Total().ask(adder)) == 5


async def test_an_operating_error_is_a_reply_and_no_crash(run, answered):
    class Refuser(Adder):
        def receive(self, message):
            if isinstance(message, Break):
                raise Refused("no")
            return super().receive(message)

    ref = (await run(ChildSpec("r", Refuser))).ref("r")
    ref.tell(Add(3))
    with pytest.raises(Refused):
        await answered(Break().ask(ref))
    assert await answered(Total().ask(ref)) == 3


async def test_a_stopped_actor_fails_asks_and_ignores_tells(run, answered):
    system = await run(ChildSpec("a", Adder))
    ref = system.ref("a")
    await system.stop()
    ref.tell(Add(1))
    with pytest.raises(ActorStopped, match="a has stopped"):
        await answered(Total().ask(ref))


async def test_what_waits_for_a_reply_when_the_system_stops_gets_none(run, turns):
    class Deaf(Actor):
        async def receive(self, message):
            await asyncio.Event().wait()

    system = await run(ChildSpec("deaf", Deaf))
    asks = [asyncio.ensure_future(Total().ask(system.ref("deaf"))) for _ in range(3)]
    await turns()
    await system.stop()
    for ask in asks:
        with pytest.raises(ActorStopped):
            await ask


async def test_the_askers_cancellation_does_not_reach_an_async_handler(run, turns):
    finished = []

    class Slow(Actor):
        async def receive(self, message):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            finished.append(message)

    system = await run(ChildSpec("slow", Slow))
    ask = asyncio.ensure_future(Total().ask(system.ref("slow")))
    await asyncio.sleep(0)
    ask.cancel()
    await turns()
    assert ask.cancelled()
    assert finished == [Total()]


async def test_a_sync_handler_of_an_idle_actor_runs_in_the_askers_turn(run):
    ref = (await run(ChildSpec("a", Adder))).ref("a")
    turned = []
    asyncio.get_running_loop().call_soon(turned.append, 1)
    await Total().ask(ref)
    assert not turned


async def test_a_batch_lets_others_run(run, turns):
    ref = (await run(ChildSpec("a", Adder))).ref("a")
    seen = []
    for number in range(1000):
        ref.tell(Add(number))
    for _ in range(20):
        seen.append(ref.slot.handled)
        await asyncio.sleep(0)
    assert max(after - before for before, after in zip(seen, seen[1:], strict=False)) <= 128


async def test_a_deferred_reply_lets_the_mailbox_go_on(run, turns, answered):
    class Deferring(Actor):
        async def started(self):
            self.reply = asyncio.get_running_loop().create_future()

        def receive(self, message):
            if isinstance(message, Total):
                return self.reply
            self.reply.set_result(message.number)
            return None

    ref = (await run(ChildSpec("d", Deferring))).ref("d")
    ask = asyncio.ensure_future(_ask(Total(), ref))
    await turns()
    assert not ask.done()
    ref.tell(Add(4))
    assert await answered(ask) == 4


async def _ask(request, ref):
    return await request.ask(ref)


async def test_a_task_that_raises_crashes_its_actor(run, turns):
    class Starter(Actor):
        def receive(self, message):
            self.context.start_task(self.fail(), name="bad")

        async def fail(self):
            raise ValueError("in a task")

    system = await run(ChildSpec("s", Starter))
    system.ref("s").tell(1)
    await turns()
    assert system.statistics()["s"]["restarts"] == 1


async def test_tasks_and_timers_end_with_the_actor(run, turns):
    told, ended = [], []

    class Busy(Actor):
        async def started(self):
            self.context.start_task(self.wait(), name="wait")
            self.context.call_later(0.0, "late")

        async def wait(self):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(1)

        def receive(self, message):
            told.append(message)

    system = System()
    await system.start(ChildSpec("b", Busy))
    await asyncio.sleep(0)
    await system.stop()
    await turns()
    assert ended == [1]
    assert told in ([], ["late"])


async def test_stopped_runs_after_the_tasks_and_after_a_crash(run, turns):
    order = []

    class Orderly(Actor):
        async def started(self):
            order.append("started")

        def receive(self, message):
            raise ValueError

        async def stopped(self):
            order.append("stopped")

    system = await run(ChildSpec("o", Orderly))
    system.ref("o").tell(1)
    await turns()
    await system.stop()
    assert order == ["started", "stopped", "started", "stopped"]


async def test_a_bounded_mailbox_raises(run):
    ref = (await run(ChildSpec("a", AsyncAdder, bound=2))).ref("a")
    ref.tell(Add(1))
    ref.tell(Add(1))
    with pytest.raises(MailboxFull, match="2/2"):
        ref.tell(Add(1))


async def test_reprs_tell_the_state(run):
    system = await run(ChildSpec("a", Adder))
    assert repr(system) == "<System system running, 1 actors>"
    assert repr(system.ref("a")) == "<Ref a>"
    await system.stop()
    assert repr(system) == "<System system stopped, 0 actors>"


# -- what once was wrong


async def test_a_deferred_reply_whose_actor_stops_is_actor_stopped(run, turns):
    class Deferring(Actor):
        def receive(self, message):
            return self.context.start_task(asyncio.Event().wait(), name="work")

    system = await run(ChildSpec("d", Deferring))
    ask = asyncio.ensure_future(_ask(Total(), system.ref("d")))
    await turns()
    await system.stop()
    with pytest.raises(ActorStopped):
        await asyncio.wait_for(ask, 0.2)


async def test_a_deferred_future_of_a_stopped_actor_fails(run, turns):
    class Deferring(Actor):
        def receive(self, message):
            return asyncio.get_running_loop().create_future()

    system = await run(ChildSpec("d", Deferring))
    ask = asyncio.ensure_future(_ask(Total(), system.ref("d")))
    await turns()
    await system.stop()
    await turns()
    assert ask.done()


async def test_the_error_of_a_deferred_reply_goes_to_the_asker_alone(run, answered, turns):
    class Deferring(Actor):
        reply_errors = (Refused,)

        async def fail(self):
            raise Refused("to the asker")

        def receive(self, message):
            return self.context.start_task(self.fail(), name="work")

    system = await run(ChildSpec("d", Deferring))
    with pytest.raises(Refused):
        await answered(Total().ask(system.ref("d")))
    await turns()
    assert system.statistics()["d"]["restarts"] == 0


async def test_an_ask_that_is_dropped_for_a_newer_message_fails(run, turns):
    ref = (await run(ChildSpec("a", AsyncAdder, bound=1, policy="drop_oldest"))).ref("a")
    ref.tell(Add(1))
    await asyncio.sleep(0)
    ask = asyncio.ensure_future(_ask(Total(), ref))
    await asyncio.sleep(0)
    ref.tell(Add(2))
    await turns()
    assert ask.done()


async def test_an_actors_tasks_do_not_see_the_askers_context(run, turns):
    variable = contextvars.ContextVar("variable", default="clean")
    seen = []

    class Looking(Actor):
        def receive(self, message):
            self.context.start_task(self.look(), name="look")

        async def look(self):
            seen.append(variable.get())

    ref = (await run(ChildSpec("l", Looking))).ref("l")
    variable.set("of a pod")
    await Total().ask(ref)
    await turns()
    assert seen == ["clean"]


async def test_use_from_another_loop_is_refused(run):
    refs = [(await run(ChildSpec("a", kind))).ref("a") for kind in (Adder, AsyncAdder)]
    outcomes = []

    def elsewhere():
        async def use():
            for ref in refs:
                with pytest.raises(WrongLoop, match="another event loop"):
                    ref.tell(Add(1))
                with pytest.raises(WrongLoop, match="another event loop"):
                    await Total().ask(ref)
                outcomes.append("refused")

        asyncio.run(use())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert outcomes == ["refused", "refused"]
