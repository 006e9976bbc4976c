"""Logs and exec over the kubelet's HTTP API."""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientError

from kubelite.images.container import CommandNotFoundError
from kubelite.images.registry import Image
from kubelite.network import client_session


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


async def main(container):
    for number in range(3):
        container.log(f"line {number}")
    await container.terminating.wait()
    container.stdout.write("bye")
    return 0


async def command(container):
    match container.argv:
        case ["echo", *words]:
            container.log(" ".join(words))
        case ["cat"]:
            container.stdout.write(await container.stdin.read())
        case ["exit", code]:
            container.stderr.write("going\n")
            return int(code)
        case _:
            raise CommandNotFoundError(container.argv[0])
    return 0


@pytest.fixture
async def http(node):
    node.images["talker"] = Image(program=main, kind="main", exec=command)
    await node.run(containers=[{"name": "c", "image": "talker"}])
    await node.until(is_ready)
    async with client_session(node.machine.network) as session:
        session.base = f"http://{node.machine.address}:10250"
        yield session


async def get(http, path):
    async with http.get(http.base + path) as answer:
        return answer.status, await answer.text()


async def test_logs(http):
    assert await get(http, "/containerLogs/default/web/c") == (200, "line 0\nline 1\nline 2\n")
    assert await get(http, "/containerLogs/default/web/c?tailLines=1") == (200, "line 2\n")
    assert await get(http, "/containerLogs/default/web/c?limitBytes=4") == (200, "line")
    status, text = await get(http, "/containerLogs/default/web/c?tailLines=1&timestamps=true")
    assert text.startswith("2026-01-01T00:00:00.")
    assert text.endswith("Z line 2\n")
    status, text = await get(http, "/containerLogs/default/web/c?previous=true")
    assert (status, text) == (400, 'previous terminated container "c" in pod "web" not found')
    assert (await get(http, "/containerLogs/default/other/c"))[0] == 404
    assert await get(http, "/healthz") == (200, "ok")


async def test_a_follower_that_goes_away_is_forgotten(node, http):
    path = "/containerLogs/default/web/c?follow=true"
    async with http.get(http.base + path) as answer:
        await answer.content.readline()
        log = node.machine.runtime.log((await node.get())["metadata"]["uid"], "c", previous=False)
        assert len(log._followers) == 1
        answer.close()
    await node.clock.sleep(1)
    assert log._followers == []


async def test_a_follower_does_not_hold_up_the_stop_of_the_server(node, http):
    async with http.get(http.base + "/containerLogs/default/web/c?follow=true") as answer:
        await answer.content.readline()
        await node.client.system.stop()
        with pytest.raises(ClientError):
            await answer.content.read()


async def test_followed_logs_end_with_the_container(node, http):
    from kubelite.api.resources import PODS

    async with http.get(http.base + "/containerLogs/default/web/c?follow=true&tailLines=1") as answer:
        assert await answer.content.readline() == b"line 2\n"
        await node.client.delete(PODS, "web", "default")
        assert await answer.content.read() == b"bye"


async def run(http, query, *, stdin=None, protocols=("v5.channel.k8s.io",)):
    url = f"{http.base}/exec/default/web/c?{query}"
    channels = {}
    async with http.ws_connect(url, protocols=protocols) as socket:
        if stdin is not None:
            await socket.send_bytes(b"\x00" + stdin)
            await socket.send_bytes(b"\xff\x00")
        async for message in socket:
            channels[message.data[0]] = channels.get(message.data[0], b"") + message.data[1:]
    return channels


async def test_exec_gives_output_and_success(http):
    channels = await run(http, "command=echo&command=a&command=b&stdout=true&stderr=true")
    assert channels[1] == b"a b\n"
    assert json.loads(channels[3]) == {"metadata": {}, "status": "Success"}


async def test_exec_takes_input_until_the_client_closes_it(http):
    channels = await run(http, "command=cat&stdin=true&stdout=true", stdin=b"hello")
    assert channels[1] == b"hello"


async def test_exec_tells_the_exit_code(http):
    channels = await run(http, "command=exit&command=3&stdout=1&stderr=1", protocols=("v4.channel.k8s.io",))
    status = json.loads(channels[3])
    assert channels[2] == b"going\n"
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_exec_of_an_unknown_command(http):
    status = json.loads((await run(http, "command=nope&stdout=1"))[3])
    assert status["reason"] == "InternalError"
    assert 'exec: "nope": executable file not found in $PATH' in status["message"]


async def test_a_terminal_shows_errors_with_the_output(http):
    channels = await run(http, "command=exit&command=3&stdout=1&stderr=1&tty=1")
    assert (channels[1], 2 in channels) == (b"going\n", False)
