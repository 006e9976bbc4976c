"""Watches on the wire: order, joining, slow readers, the end."""

import asyncio

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.rest.streams import (
    CROWD,
    CROWD_WRITE_BYTES,
    WRITE_BUFFER_HIGH_BYTES,
    Turn,
    WatchStream,
    as_chunk,
)
from kubelite.runtime import tasks


class Wire(asyncio.Transport):
    """A transport whose reader takes only what it is told to."""

    def __init__(self, *, reads=True):
        super().__init__()
        self.writes: list[bytes] = []
        self.unread = 0
        self.reads = reads
        self.aborted = False
        self.drained = asyncio.Event()

    def write(self, data):
        self.writes.append(bytes(data))
        if not self.reads:
            self.unread += len(data)

    def get_write_buffer_size(self):
        return self.unread

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True
        self.drained.set()

    async def drain(self):
        while self.unread > WRITE_BUFFER_HIGH_BYTES and not self.aborted:
            self.drained.clear()
            await self.drained.wait()

    def read_all(self):
        self.unread = 0
        self.drained.set()

    def lines(self):
        body = b""
        for write in self.writes:
            size, _, rest = write.partition(b"\r\n")
            assert rest.endswith(b"\r\n")
            assert int(size, 16) == len(rest) - 2
            body += rest[:-2]
        return body.splitlines()


def make_event(index, size=0):
    return WatchEvent("ADDED", {"metadata": {"name": str(index)}, "x": "y" * size})


def make_stream(watcher, wire, **options):
    return WatchStream(watcher, wire, wire, options.pop("encode", WatchEvent.frame), **options)


async def settle():
    for _ in range(5):
        await tasks.checkpoint()


async def test_events_of_one_turn_are_one_write():
    watcher, wire = Watcher(), Wire()
    task = tasks.start(make_stream(watcher, wire).run(), name="stream")
    await settle()
    for index in range(10):
        watcher.push(make_event(index))
    await settle()
    assert len(wire.writes) == 1
    assert len(wire.lines()) == 10
    watcher.end(make_event("last"))
    await task
    assert len(wire.lines()) == 11


async def test_a_slow_reader_is_cut_off_and_nothing_else():
    watcher, wire = Watcher(), Wire(reads=False)
    stream = make_stream(watcher, wire, backlog_bytes_max=100_000)
    task = tasks.start(stream.run(), name="stream")
    await settle()
    watcher.push(make_event(0, size=WRITE_BUFFER_HIGH_BYTES + 10))
    await settle()
    for index in range(1, 4):
        watcher.push(make_event(index, size=40_000))
        await settle()
    assert wire.aborted
    await task
    assert watcher.ended
    assert len(wire.lines()) == 1


async def test_the_initial_state_may_be_large():
    watcher, wire = Watcher(), Wire(reads=False)
    for index in range(40):
        watcher.push(make_event(index, size=100_000))
    stream = make_stream(watcher, wire, backlog_bytes_max=1000)
    task = tasks.start(stream.run(), name="stream")
    while len(wire.lines()) < 40:
        await settle()
        assert not wire.aborted
        wire.read_all()
    await settle()
    stream.finish()
    await task
    assert [b'"name":"%d"' % index in line for index, line in enumerate(wire.lines())] == [True] * 40


async def test_what_comes_between_two_portions_of_the_initial_state_waits_behind_it():
    watcher, wire = Watcher(), Wire()
    for index in range(3):
        watcher.push(make_event(index, size=WRITE_BUFFER_HIGH_BYTES))
    later = [make_event("later")]

    def encode(event):
        while later:
            watcher.push(later.pop())
        return WatchEvent.frame(event)

    task = tasks.start(make_stream(watcher, wire, encode=encode).run(), name="stream")
    await settle()
    watcher.end()
    await task
    assert [orjson.loads(line)["object"]["metadata"]["name"] for line in wire.lines()] == [*"012", "later"]


async def test_what_comes_with_the_end_while_the_client_reads_is_still_sent():
    watcher = Watcher()

    class Ending(Wire):
        async def drain(self):
            if not watcher.ended:
                watcher.push(make_event("last"))
                watcher.end()

    wire = Ending()
    watcher.push(make_event("first"))
    await make_stream(watcher, wire).run()
    assert [orjson.loads(line)["object"]["metadata"]["name"] for line in wire.lines()] == ["first", "last"]


async def test_the_end_in_good_order():
    watcher, wire = Watcher(), Wire()
    stream = make_stream(watcher, wire)
    task = tasks.start(stream.run(), name="stream")
    await settle()
    watcher.push(make_event(1))
    stream.finish()
    await task
    assert len(wire.lines()) == 1
    assert watcher.ended
    assert "1 sent" in repr(stream)


async def test_a_client_that_has_gone():
    watcher, wire = Watcher(), Wire()
    task = tasks.start(make_stream(watcher, wire).run(), name="stream")
    await settle()
    wire.aborted = True
    watcher.push(make_event(1))
    await asyncio.wait_for(task, 1)
    assert watcher.ended


async def test_cancellation_ends_the_watch():
    watcher, wire = Watcher(), Wire()
    task = tasks.start(make_stream(watcher, wire).run(), name="stream")
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watcher.ended


async def run_streams(turn, wires, encode=WatchEvent.frame):
    """Streams of one server, each with a watcher of its own."""
    watchers = [Watcher() for _ in wires]
    streams = [
        make_stream(watcher, wire, encode=encode, turn=turn)
        for watcher, wire in zip(watchers, wires, strict=True)
    ]
    running = [tasks.start(stream.run(), name="stream") for stream in streams]
    await settle()
    return watchers, running


async def test_what_several_watches_see_alike_is_encoded_and_joined_once():
    encoded = []

    def encode(event):
        encoded.append(event)
        return event.frame()

    turn, wires = Turn(), [Wire() for _ in range(5)]
    watchers, running = await run_streams(turn, wires, encode)
    events = [make_event(index) for index in range(8)]
    for watcher in watchers:
        for event in events:
            watcher.push(event)
    await settle()
    assert encoded == events
    assert {tuple(wire.writes) for wire in wires} == {tuple(wires[0].writes)}
    assert len(wires[0].writes) == 1
    assert not turn._chunks
    await tasks.cancel(*running)


async def test_many_watches_write_in_smaller_pieces_what_few_write_at_once():
    for count in (1, CROWD):
        wires = [Wire() for _ in range(count)]
        watchers, running = await run_streams(Turn(), wires)
        events = [make_event(number, CROWD_WRITE_BYTES) for number in range(2)]
        for watcher in watchers:
            for event in events:
                watcher.push(event)
        await settle()
        text = as_chunk(b"".join(event.frame() for event in events))
        assert all(b"".join(wire.writes) == text for wire in wires)
        longest = max(len(piece) for wire in wires for piece in wire.writes)
        assert longest == (len(text) if count == 1 else CROWD_WRITE_BYTES)
        await tasks.cancel(*running)


async def test_watches_that_see_different_events_between_the_same_ends_do_not_share():
    wires = [Wire(), Wire()]
    watchers, running = await run_streams(Turn(), wires)
    first, one, other, last = (make_event(name) for name in ("first", "one", "other", "last"))
    for watcher, middle in zip(watchers, (one, other), strict=True):
        for event in (first, middle, last):
            watcher.push(event)
    await settle()
    assert b'"one"' in wires[0].lines()[1]
    assert b'"other"' in wires[1].lines()[1]
    await tasks.cancel(*running)


async def test_a_slow_watch_delays_neither_the_write_nor_another_watch():
    slow, quick = Wire(reads=False), Wire()
    watchers, running = await run_streams(Turn(), [slow, quick])
    for index in range(100):
        event = make_event(index, size=100_000)
        for watcher in watchers:
            watcher.push(event)
        await tasks.checkpoint()
        await tasks.checkpoint()
        assert len(quick.writes) == index + 1
    assert len(slow.writes) < 20
    assert slow.unread < 2 * WRITE_BUFFER_HIGH_BYTES
    while len(slow.lines()) < 100:
        slow.read_all()
        await settle()
    assert slow.lines() == quick.lines()
    await tasks.cancel(*running)


async def test_slow_watches_wait_with_the_same_bytes():
    wires = [Wire(reads=False) for _ in range(3)]
    turn = Turn()
    watchers = [Watcher() for _ in wires]
    streams = [make_stream(watcher, wire, turn=turn) for watcher, wire in zip(watchers, wires, strict=True)]
    running = [tasks.start(stream.run(), name="stream") for stream in streams]
    await settle()
    for event in (make_event(0, size=WRITE_BUFFER_HIGH_BYTES + 10), make_event(1), make_event(2)):
        for watcher in watchers:
            watcher.push(event)
        await settle()
    waiting = [tuple(map(id, stream._backlog)) for stream in streams]
    assert len(waiting[0]) == 2
    assert waiting == [waiting[0]] * 3
    await tasks.cancel(*running)


async def test_a_watch_whose_events_cannot_be_encoded_is_cut_off_and_nothing_else():
    def broken(event):
        raise RuntimeError("no form")

    turn, good, bad = Turn(), Wire(), Wire()
    watchers, running = await run_streams(turn, [good])
    others, failing = await run_streams(turn, [bad], broken)
    for watcher in (*others, *watchers):
        watcher.push(make_event(0))
    await settle()
    assert bad.aborted
    assert len(good.lines()) == 1
    await asyncio.wait_for(failing[0], 1)
    await tasks.cancel(*running)


STEPS = st.lists(st.sampled_from(["push", "big", "turn", "read"]), max_size=40)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_order_is_kept_whatever_the_reader_does(steps):
    async def run():
        watcher, wire = Watcher(), Wire(reads=False)
        stream = make_stream(watcher, wire)
        task = tasks.start(stream.run(), name="stream")
        count = 0
        for step in steps:
            match step:
                case "push" | "big":
                    watcher.push(make_event(count, size=700_000 if step == "big" else 0))
                    count += 1
                case "turn":
                    await settle()
                case "read":
                    wire.read_all()
        watcher.end()
        while not task.done():
            wire.read_all()
            await settle()
        await task
        return [line.split(b'"name":"')[1].split(b'"')[0] for line in wire.lines()], count

    loop = asyncio.new_event_loop()
    try:
        names, count = loop.run_until_complete(run())
    finally:
        loop.close()
    assert names == [str(index).encode() for index in range(count)]
