"""Tasks that are awaited to their end."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.runtime import tasks


async def test_what_is_finished_gives_its_result_or_raises():
    async def answer():
        await asyncio.sleep(0)
        return 42

    async def fail():
        raise KeyError("broken")

    assert await tasks.finish(answer(), name="answer") == 42
    with pytest.raises(KeyError, match="broken"):
        await tasks.finish(fail(), name="fail")


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_is_cancelled_while_it_is_finished_is_so_at_its_end(fails):
    door, done = asyncio.Event(), []

    async def work():
        await door.wait()
        done.append("done")
        if fails:
            raise KeyError("broken")

    waiting = asyncio.ensure_future(tasks.finish(work(), name="work"))
    for _ in range(2):
        await asyncio.sleep(0)
        waiting.cancel("enough")
    await asyncio.sleep(0)
    assert not waiting.done()
    door.set()
    with pytest.raises(asyncio.CancelledError, match="enough") as raised:
        await waiting
    assert done == ["done"]
    assert isinstance(raised.value.__cause__, KeyError) is fails
