"""What may stand in the registry, and how it becomes one kind of program."""

from __future__ import annotations

import asyncio
import functools

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from kubelite import images
from kubelite.images.builtin import make_registry
from kubelite.images.programs import host
from kubelite.images.registry import (
    Image,
    ImageNotFound,
    ImageRegistry,
    InvalidImageName,
    full_name,
    image,
    image_id,
    kind_of,
)


async def main(container):
    return 0


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"].upper()})
        await send({"type": "websocket.close"})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send(
        {"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["path"].encode())]}
    )
    await send({"type": "http.response.body", "body": b"got ", "more_body": True})
    await send({"type": "http.response.body", "body": body})


class Callable3:
    async def __call__(self, scope, receive, send): ...


def factory():
    return web.Application()


async def async_factory():
    return web.Application()


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (web.Application(), "app"),
        (factory, "factory"),
        (async_factory, "factory"),
        (main, "main"),
        (functools.partial(main), "main"),
        (asgi, "asgi"),
        (Callable3(), "asgi"),
    ],
)
def test_kinds_are_told(program, kind):
    assert kind_of(program) == kind


def test_ambiguous_programs_need_to_be_named():
    def what(thing): ...

    for program in (what, lambda *args: None, lambda a, b: None, 7):
        with pytest.raises(TypeError):
            kind_of(program)
    assert image(what, kind="main").kind == "main"
    with pytest.raises(TypeError, match="kind must be one of"):
        image(what, kind="other")


def test_names():
    registry = ImageRegistry()
    registry["busybox"] = main
    registry["shop/backend:1"] = factory
    for name in (
        "busybox",
        "busybox:1.36",
        "docker.io/library/busybox",
        "registry.k8s.io/e2e-test-images/busybox:1",
    ):
        assert registry.resolve(name).program is main
    assert registry.resolve("docker.io/shop/backend:1").kind == "factory"
    with pytest.raises(ImageNotFound, match='failed to resolve reference "docker.io/shop/backend:2"'):
        registry.resolve("shop/backend:2")
    with pytest.raises(InvalidImageName, match="invalid reference format"):
        registry.resolve("Bad Name")
    assert sorted(registry) == ["busybox", "shop/backend:1"]
    del registry["busybox"]
    assert "busybox" not in registry
    assert isinstance(registry["shop/backend:1"], Image)


def test_a_star_stands_for_every_name_that_is_not_published():
    registry = ImageRegistry()
    registry["*"] = main
    registry["busybox"] = factory
    assert registry.resolve("quay.io/some/thing:7").program is main
    assert registry.resolve("busybox").kind == "factory"
    with pytest.raises(InvalidImageName):
        registry.resolve("*")
    del registry["*"]
    with pytest.raises(ImageNotFound):
        registry.resolve("quay.io/some/thing:7")


@pytest.mark.parametrize(
    "name",
    [
        "nginx:latest",
        "nginx:1.27.0-alpine3.19-slim",
        "nginx:2",
        "busybox:1.36.1-musl",
        "alpine:3.19",
        "alpine:edge",
        "ubuntu:22.04",
        "ubuntu:jammy-20240111",
        "debian:bookworm-slim",
        "centos:centos7",
        "httpd:2.4.38-alpine",
        "gcr.io/google_containers/pause",
        "pause:anything",
        "docker.io/nginxinc/nginx-unprivileged:stable-alpine",
    ],
)
def test_well_known_images_have_the_tags_that_are_usual(name):
    assert make_registry().resolve(name).size


@pytest.mark.parametrize(
    "name",
    ["nginx:1.161", "nginx:nonexistent", "busybox:1.0.23449928384992872784", "ubuntu:none", "adslfkjad"],
)
def test_there_are_no_tags_that_cannot_be(name):
    with pytest.raises(ImageNotFound):
        make_registry().resolve(name)


def test_who_publishes_a_well_known_name_gets_all_of_its_tags():
    registry = make_registry()
    registry["nginx:mine"] = main
    assert registry.resolve("nginx:mine").program is main
    registry["nginx"] = factory
    assert registry.resolve("nginx:nonexistent").kind == "factory"


def test_full_names():
    assert full_name("nginx") == "docker.io/library/nginx:latest"
    assert full_name("quay.io/a/b:1") == "quay.io/a/b:1"
    assert full_name("localhost:5000/a") == "localhost:5000/a:latest"
    assert image_id("nginx").startswith("docker.io/library/nginx@sha256:")


async def test_asgi_over_http_and_websocket():
    hosted = await host(asgi)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", hosted.handler)
    async with TestClient(TestServer(app)) as client:
        async with client.post("/a%20b?q=1", data=b"body") as answer:
            assert answer.status == 201
            assert answer.headers["x-path"] == "/a b"
            assert await answer.text() == "got body"
        async with client.ws_connect("/ws") as socket:
            await socket.send_str("hi")
            assert (await socket.receive()).data == "HI"
    await hosted.close()


async def test_asgi_without_lifespan_and_with_a_failing_one():
    async def plain(scope, receive, send):
        assert scope["type"] == "http"

    await (await host(plain)).close()

    async def failing(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RuntimeError, match="no database"):
        await host(failing)


async def test_a_shared_application_is_started_once():
    calls = []
    app = web.Application()

    async def begin(_app):
        calls.append("start")

    async def end(_app):
        calls.append("end")

    app.on_startup.append(begin)
    app.on_cleanup.append(end)
    one, two = await host(app), await host(app)
    await one.close()
    assert calls == ["start"]
    await two.close()
    assert calls == ["start", "end"]
    await (await host(app)).close()
    assert calls == ["start", "end"] * 2


async def test_nobody_serves_a_shared_application_before_it_has_started_or_while_it_is_cleaned_up():
    seen, may_go_on = [], asyncio.Event()

    async def run(app):
        seen.append("starting")
        await may_go_on.wait()
        seen.append("started")
        yield
        seen.append("cleaned")

    app = web.Application()
    app.cleanup_ctx.append(run)
    hosting = [asyncio.ensure_future(host(app)) for _ in range(2)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(task.done() for task in hosting)
    may_go_on.set()
    first, second = await asyncio.gather(*hosting)
    await first.close()
    assert seen == ["starting", "started"]
    await second.close()
    await (await host(app)).close()
    assert seen == ["starting", "started", "cleaned"] * 2


def test_the_package_exports_what_programs_need():
    assert images.image is image
    assert set(images.__all__) <= set(dir(images))
