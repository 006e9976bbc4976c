"""The web servers of tutorials, sites of nginx and httpd, and what stands in for images nobody published."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, make_files  # noqa: E402

from kubelite.images.builtin import make_registry, publish_stand_in  # noqa: E402
from kubelite.images.container import CommandNotFoundError  # noqa: E402


def visit(image, *paths, args=(), env=None, ports=()):
    """Ports and answers of an image that is started with these arguments."""

    async def run():
        registry = make_registry()
        publish_stand_in(registry)
        found = registry.resolve(image)
        container = FakeContainer(
            (*found.entrypoint, *(args or found.default_args)),
            env=env,
            working_dir="/",
            files=make_files(image=found),
        )
        container.image, container.ports = image, ports
        task = asyncio.ensure_future(found.program(container))
        while not container.served and not task.done():
            await asyncio.sleep(0)
        app, port = container.served[0]
        async with TestClient(TestServer(app)) as client:
            answers = [
                (answer.status, await answer.text()) for answer in [await client.get(p) for p in paths]
            ]
        container.terminating.set()
        return port, answers, await task

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("image", "args", "env", "port", "words"),
    [
        ("gcr.io/kuar-demo/kuard-amd64:blue", (), {}, 8080, "KUAR Demo blue on pod-0"),
        ("gcr.io/google-samples/hello-app:2.0", (), {}, 8080, "Version: 2.0.0\nHostname: pod-0\n"),
        ("gcr.io/google-samples/hello-app:1.0", (), {"PORT": "9000"}, 9000, "Hello, world!"),
        (
            "us-docker.pkg.dev/google-samples/containers/gke/hello-go-gke:1.0",
            (),
            {},
            80,
            '{"message":"Hello"}',
        ),
        ("gcr.io/google-samples/node-hello:1.0", (), {}, 8080, "Hello Kubernetes!"),
        ("hashicorp/http-echo:0.2.3", ("-text=foo bar",), {}, 5678, "foo bar\n"),
        ("hashicorp/http-echo", ("-listen=:8080", "-text", "hi"), {}, 8080, "hi\n"),
        ("traefik/whoami:v1.10", (), {}, 80, "Hostname: pod-0\n"),
        ("kicbase/echo-server:1.0", (), {}, 8080, "Request served by pod-0\n\nGET /?a=b HTTP/1.1\n"),
        ("registry.k8s.io/echoserver:1.10", (), {}, 8080, "\treal path=/?a=b\n"),
        ("registry.k8s.io/hpa-example", (), {}, 80, "OK!"),
        ("httpd:2.4", (), {}, 80, "<h1>It works!</h1>"),
        ("nginxinc/nginx-unprivileged", (), {}, 8080, "Welcome to nginx!"),
        ("bitnami/nginx:1.25", (), {}, 8080, "Welcome to nginx!"),
        ("registry.k8s.io/nginx-slim:0.8", (), {}, 80, "Welcome to nginx!"),
    ],
)
def test_each_answers_as_its_image_does(image, args, env, port, words):
    listens, ((status, text),), code = visit(image, "/?a=b", args=args, env=env)
    assert (listens, status, code) == (port, 200, 0)
    assert words in text


def test_kuard_tells_its_health_and_knows_what_it_has_not():
    _, answers, _ = visit("gcr.io/kuar-demo/kuard-amd64:1", "/healthy", "/ready", "/none")
    assert answers == [(200, "ok"), (200, "ok"), (404, "404 page not found\n")]


def test_a_stand_in_serves_the_ports_that_are_declared():
    port, answers, _ = visit("quay.io/some/thing:7", "/any", args=("thing", "--flag"), ports=(9090,))
    assert (port, answers) == (None, [(200, "kubelite stands in for quay.io/some/thing:7 in pod-0\n")])


def run(image, *argv, execute=False):
    async def main():
        registry = make_registry()
        publish_stand_in(registry)
        found = registry.resolve(image)
        container = FakeContainer(argv)
        status = await (found.exec if execute else found.program)(container)
        return status, container.stdout.data.decode()

    return asyncio.run(main())


def test_commands_of_a_shell_are_run():
    assert run("redis:7", "sh", "-c", "echo $((6*7))") == (0, "42\n")
    assert run("ubuntu:22.04", "bash", "-c", "echo hi; exit 3") == (3, "hi\n")
    assert run("httpd", "/bin/echo", "hi") == (0, "hi\n")
    assert run("busybox", "sh", "-c", "command -v bash || echo none") == (0, "none\n")
    with pytest.raises(CommandNotFoundError):
        run("alpine:3.20", "bash", "-c", "echo hi", execute=True)
    assert run("registry.k8s.io/hpa-example", "echo", "hi", execute=True) == (0, "hi\n")


def test_images_that_have_only_their_program_refuse_commands():
    for execute in (False, True):
        with pytest.raises(CommandNotFoundError):
            run("traefik/whoami", "sh", execute=execute)


def run_in(image, *argv):
    """What an exec'd command of an image prints, and whether it told the server to end."""
    found = make_registry().resolve(image)
    container = FakeContainer(argv, files=make_files(image=found))
    container.image = image
    status = asyncio.run(found.exec(container))
    return status, (container.stdout.data + container.stderr.data).decode(), container.terminating.is_set()


def test_the_command_nginx():
    assert run_in("nginx:1.14.2", "nginx", "-v") == (0, "nginx version: nginx/1.14.2\n", False)
    assert run_in("nginx:alpine", "nginx", "-v")[1] == "nginx version: nginx/1.27.0\n"
    assert "test is successful" in run_in("nginx", "nginx", "-t")[1]
    assert run_in("nginx", "/usr/sbin/nginx", "-s", "quit") == (0, "", True)
    assert run_in("nginx", "nginx", "-s", "reload") == (0, "", False)
    assert run_in("nginx", "nginx", "-s", "x") == (1, 'nginx: invalid option: "-s x"\n', False)
    assert run_in("httpd:2.4", "httpd", "-v")[1] == "Server version: Apache/2.4 (Unix)\n"


def test_nginx_in_a_script_serves():
    port, answers, status = visit(
        "nginx", "/", args=("sh", "-c", "echo a > /tmp/a && nginx -g 'daemon off;'")
    )
    assert (port, answers[0][0], status) == (80, 200, 0)


def test_a_frontend_needs_the_name_of_its_backend():
    found = make_registry().resolve("gcr.io/google-samples/hello-frontend:1.0")
    container = FakeContainer(found.default_args)
    assert asyncio.run(found.program(container)) == 1
    assert container.stderr.data == b'nginx: [emerg] host not found in upstream "hello"\n'
