"""curl as scripts use it, and the application of the tutorials."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, make_files  # noqa: E402

from kubelite.images import bootcamp, curl, standin  # noqa: E402
from kubelite.images.builtin import make_registry  # noqa: E402
from kubelite.images.registry import ImageNotFound  # noqa: E402


def run_curl(*args):
    async def page(request):
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/moved":
            raise web.HTTPFound("/echo")
        text = f"{request.method} {request.headers.get('X-A', '')} {await request.text()}\n"
        return web.Response(status=404 if request.path == "/none" else 200, text=text)

    async def run():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", page)
        async with TestServer(app) as server:
            address = f"127.0.0.1:{server.port}"
            argv = ["/entrypoint.sh", *(arg.replace("HOST", address) for arg in args)]
            container = FakeContainer(argv, working_dir="/tmp")
            container.http = aiohttp.ClientSession
            status = await curl.main(container)
        return status, container.stdout.data.decode(), container.stderr.data.decode(), container.files

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (["HOST/echo"], "GET  \n"),
        (["-s", "http://HOST/echo", "-H", "X-A: b"], "GET b \n"),
        (["-sXPUT", "-d", "a=1", "-d", "b=2", "HOST/echo"], "PUT  a=1&b=2\n"),
        (["--silent", "--data", "x", "HOST/echo"], "POST  x\n"),
        (["-s", "HOST/none"], "GET  \n"),
        (["-sL", "HOST/moved"], "GET  \n"),
        (["-s", "-o", "/dev/null", "-w", "%{http_code}\\n", "HOST/none"], "404\n"),
    ],
)
def test_curl_shows_what_is_answered(args, out):
    assert run_curl(*args)[:3] == (0, out, "")


def test_curl_shows_the_head_where_it_is_asked_to():
    assert run_curl("-sI", "HOST/echo")[1].startswith("HTTP/1.1 200 OK\r\n")
    shown = run_curl("-i", "HOST/echo")[1]
    assert "\r\nContent-Length: 6\r\n" in shown
    assert shown.endswith("\r\n\r\nGET  \n")


def test_curl_writes_files():
    assert run_curl("-s", "-O", "HOST/echo")[3].read("/tmp/echo") == b"GET  \n"
    assert run_curl("-so", "here", "HOST/echo")[3].read("/tmp/here") == b"GET  \n"
    status, _, err, _ = run_curl("-o", "/no/such/place", "HOST/echo")
    assert (status, err) == (23, "curl: (23) client returned ERROR on write\n")


@pytest.mark.parametrize(
    ("args", "status", "problem"),
    [
        (["-f", "HOST/none"], 22, "curl: (22) The requested URL returned error: 404\n"),
        (["-sf", "HOST/none"], 22, ""),
        (["-sSf", "HOST/none"], 22, "curl: (22) The requested URL returned error: 404\n"),
        (["-m", "0.05", "HOST/slow"], 28, "curl: (28) Connection timed out after 50 milliseconds\n"),
        (
            ["http://127.0.0.1:1/"],
            7,
            "curl: (7) Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server\n",
        ),
        ([], 2, "curl: (2) no URL specified\n"),
        (
            ["--nosuch", "x"],
            2,
            "curl: option --nosuch: is unknown\ncurl: try 'curl --help' for more information\n",
        ),
        (
            ["-X"],
            2,
            "curl: option -X: requires parameter\ncurl: try 'curl --help' for more information\n",
        ),
    ],
)
def test_curl_tells_why_there_is_no_answer(args, status, problem):
    assert run_curl(*args)[:3] == (status, "", problem)


def test_the_bootcamp_says_where_it_runs_and_counts():
    container = FakeContainer(("/bin/sh", "-c", "node server.js"))

    async def run():
        task = asyncio.ensure_future(bootcamp.main(container, 2))
        while not container.served:
            await asyncio.sleep(0)
        program, port = container.served[0]
        assert port == 8080
        async with TestClient(TestServer(program)) as client:
            texts = [await (await client.get(path)).text() for path in ("/", "/x")]
        container.terminating.set()
        return await task, texts

    status, texts = asyncio.run(run())
    assert status == 0
    assert texts == ["Hello Kubernetes bootcamp! | Running on: pod-0 | v=2\n"] * 2
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    lines = container.stdout.data.decode().splitlines()
    assert re.fullmatch(rf"Kubernetes Bootcamp App Started At: {time} \| Running On:  pod-0 ", lines[0])
    count = r"Running On: pod-0 \| Total Requests: 2 \| App Uptime: [0-9]+(?:\.[0-9]+)? seconds \| Log Time: "
    assert re.fullmatch(count + time, lines[3])


def test_commands_run_in_the_bootcamp():
    container = FakeContainer(
        ("bash", "-c", "head -n 1 server.js"), files=make_files(image=bootcamp.make_image(1))
    )

    async def run():
        return await bootcamp.main(container, 1)

    assert asyncio.run(run()) == 0
    assert container.stdout.data.startswith(b"// Stands in")


def test_the_images_of_the_tutorials_are_there_in_two_versions():
    registry = make_registry()
    for name in (
        "gcr.io/google-samples/kubernetes-bootcamp:v1",
        "jocatalin/kubernetes-bootcamp:v2",
        "docker.io/jocatalin/kubernetes-bootcamp:v2",
    ):
        version = int(name[-1])
        assert registry.resolve(name).program.keywords == {"version": version}
    for name in ("gcr.io/google-samples/kubernetes-bootcamp:v10", "docker.io/jocatalin/kubernetes-bootcamp"):
        with pytest.raises(ImageNotFound):
            registry.resolve(name)
    assert registry.resolve("curlimages/curl:8.5.0").exec is curl.main


@pytest.mark.parametrize("name", ["quay.io/fluentd_elasticsearch/fluentd:v5.0.1", "fluent/fluent-bit:3.2"])
def test_the_agents_of_daemonsets_are_there_in_versions_that_there_can_be(name):
    registry = make_registry()
    assert registry.resolve(name).program is standin.main
    with pytest.raises(ImageNotFound):
        registry.resolve(f"{name.partition(':')[0]}:v2734894949")
