"""agnhost's subcommands and nginx, as what clients get of them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, make_files  # noqa: E402
from yarl import URL

from kubelite.images import agnhost, nginx  # noqa: E402


def served(container, main, talk):
    """Runs a server until `talk` is through with it; answers with the exit status."""

    async def run():
        task = asyncio.ensure_future(main(container))
        while not container.served:
            await asyncio.sleep(0)
        program, port = container.served[0]
        async with TestClient(TestServer(program)) as client:
            await talk(client, port)
        container.terminating.set()
        return await task

    return asyncio.run(run())


def output(*argv):
    async def run():
        container = FakeContainer(argv)
        container.files.write("/tmp/f", "text")
        status = await agnhost.main(container)
        return status, container.stdout.data.decode(), container.stderr.data.decode()

    return asyncio.run(run())


def test_netexec_routes():
    container = FakeContainer(("/agnhost", "netexec", "--http-port=8083"))

    async def talk(client, port):
        async def text(path):
            answer = await client.get(path)
            return answer.status, await answer.text()

        assert port == 8083
        assert await text("/hostname") == (200, "pod-0")
        assert await text("/hostName") == (200, "pod-0")
        assert await text("/echo?msg=hi") == (200, "hi")
        assert await text("/echo?msg=no&code=418") == (418, "no")
        assert (await text("/clientip"))[1].startswith("127.0.0.1:")
        assert (await text("/"))[1].startswith("NOW: ")
        assert (await text("/healthz"))[0] == 200
        assert (await text("/nowhere"))[0] == 404
        assert json.loads((await text("/shell?cmd=echo+hi;exit+3"))[1]) == {
            "output": "hi\n",
            "error": "exit status 3",
        }
        assert json.loads((await text("/shell?cmd=hostname"))[1]) == {"output": "pod-0\n"}
        form = FormData()
        form.add_field("file", b"#!/bin/sh\necho up", filename="x")
        path = json.loads(await (await client.post("/upload", data=form)).text())["output"]
        assert json.loads((await text(f"/shell?cmd={path}"))[1]) == {"output": "up\n"}
        assert (await text("/exit?code=5"))[0] == 200

    assert served(container, agnhost.main, talk) == 5


def test_serve_hostname():
    async def talk(client, port):
        assert port == 9376
        assert await (await client.get("/")).text() == "pod-0"

    assert served(FakeContainer(("/agnhost", "serve-hostname")), agnhost.main, talk) == 0


def test_liveness_is_well_for_ten_seconds():
    container = FakeContainer(("/agnhost", "liveness"))
    now = [0.0]

    class Clock:
        def monotonic(self):
            return now[0]

    container.clock = Clock()

    async def talk(client, port):
        assert port == 8080
        assert (await client.get("/healthz")).status == 200
        now[0] = 10.5
        assert (await client.get("/healthz")).status == 500

    served(container, agnhost.main, talk)


def test_entrypoint_tester_mounttest_and_unknown():
    assert output("/agnhost", "entrypoint-tester", "a", "b")[:2] == (0, "[/agnhost entrypoint-tester a b]\n")
    status, out, _ = output("/agnhost", "mounttest", "--file_content=/tmp/f", "--file_mode=/tmp/f")
    assert (status, out) == (0, 'mode of file "/tmp/f": -rw-r--r--\ncontent of file "/tmp/f": text\n')
    assert output("/agnhost", "mounttest", "--file_content=/tmp/none")[0] == 1
    assert output("/agnhost", "nonsense")[0] == 1
    assert output("sh", "-c", "echo $((6*7))")[:2] == (0, "42\n")


def test_pause_is_the_default():
    async def run():
        container = FakeContainer(("/agnhost",))
        task = asyncio.ensure_future(agnhost.main(container))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        container.terminating.set()
        await task
        return container.stdout.data

    assert asyncio.run(run()) == b"Paused\n"


def test_nginx():
    container = FakeContainer(
        ("/docker-entrypoint.sh", "nginx"), files=make_files(image=nginx.make_image(nginx.NGINX))
    )

    container.files.mkdir("/usr/share/nginx/html-secret")
    container.files.write("/usr/share/nginx/html-secret/key", "k")

    async def talk(client, port):
        assert port == 80
        answer = await client.get("/")
        assert (answer.status, "Welcome to nginx!" in await answer.text()) == (200, True)
        assert (await client.get("/none")).status == 404
        for path in ("/..%2F..%2Fetc/passwd", "/..%2Fhtml-secret/key"):
            assert (await client.get(URL(path, encoded=True))).status == 404
        assert (await client.delete("/")).status == 405

    assert served(container, nginx.main, talk) == 0
    assert b'"GET /none HTTP/1.1" 404' in container.stdout.data
