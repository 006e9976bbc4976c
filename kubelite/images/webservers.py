"""The small web servers of tutorials and demonstrations: each answers as its image does, as far as it shows.

Source: what each of the images answers.
"""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

import attrs
from aiohttp import web

from kubelite.images import curl
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.container import CommandNotFoundError, Container
from kubelite.images.osrelease import OS_RELEASES
from kubelite.images.registry import Image

Answer: TypeAlias = Callable[[Container, web.Request], web.Response]

_APPLETS: Final = {**APPLETS, **curl.APPLETS}


@attrs.frozen(kw_only=True)
class Server:
    """One image.

    Attributes:
        command: What it runs unless the pod says otherwise; arguments of the pod are added.
        port: Where it listens.
        answer: Answers a request.
        port_options: Options among the arguments that name another port: `-listen=:8080`.
        port_variable: Environment variable that names another port.
        scratch: The image has nothing but its program: no shell.
    """

    command: str
    port: int
    answer: Answer
    port_options: tuple[str, ...] = ()
    port_variable: str = ""
    scratch: bool = False
    files: Mapping[str, str] = attrs.field(factory=dict)


def option(container: Container, *names: str) -> str:
    """The value of an option among the arguments, as `-name=value` or `-name value`; empty if absent."""
    args = list(container.argv[1:])
    for index, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if name.lstrip("-") in names and name.startswith("-"):
            return value if equals else next(iter(args[index + 1 :]), "")
    return ""


def _head(request: web.Request) -> str:
    """Request line and headers, as they came."""
    lines = [f"{request.method} {request.path_qs} HTTP/1.1", f"Host: {request.host}"]
    lines += [f"{name}: {value}" for name, value in sorted(request.headers.items()) if name != "Host"]
    return "\n".join(lines) + "\n"


def _version(container: Container) -> str:
    """The tag of the image."""
    return container.image.rpartition(":")[2] if ":" in container.image else "latest"


def _kuard(container: Container, request: web.Request) -> web.Response:
    if request.path in {"/healthy", "/ready"}:
        return web.Response(text="ok")
    if request.path != "/":
        return web.Response(status=404, text="404 page not found\n")
    title = f"KUAR Demo {_version(container)} on {container.hostname}"
    return web.Response(text=f"<html><title>{title}</title>{title}</html>\n", content_type="text/html")


def _hello_app(container: Container, _: web.Request) -> web.Response:
    return web.Response(
        text=f"Hello, world!\nVersion: {_version(container)}.0\nHostname: {container.hostname}\n"
    )


def _http_echo(container: Container, _: web.Request) -> web.Response:
    return web.Response(text=(option(container, "text") or container.env.get("ECHO_TEXT", "")) + "\n")


def _whoami(container: Container, request: web.Request) -> web.Response:
    if request.path == "/health":
        return web.Response()
    name = option(container, "name") or container.env.get("WHOAMI_NAME", "")
    lines = [f"Name: {name}"] if name else []
    lines += [f"Hostname: {container.hostname}", "IP: 127.0.0.1", f"IP: {container.ip}"]
    return web.Response(text="\n".join([*lines, f"RemoteAddr: {request.remote}", _head(request)]))


def _echo_server(container: Container, request: web.Request) -> web.Response:
    return web.Response(text=f"Request served by {container.hostname}\n\n{_head(request)}")


def _echoserver(container: Container, request: web.Request) -> web.Response:
    about = [
        f"client_address={request.remote}",
        f"method={request.method}",
        f"real path={request.path_qs}",
        "request_version=1.1",
    ]
    headers = [f"{name.lower()}={value}" for name, value in sorted(request.headers.items())]
    parts = (("Request Information", about), ("Request Headers", headers))
    text = "".join(f"{title}:\n" + "".join(f"\t{line}\n" for line in lines) + "\n" for title, lines in parts)
    return web.Response(text=f"\n\nHostname: {container.hostname}\n\n{text}")


def _hello_backend(_: Container, __: web.Request) -> web.Response:
    return web.Response(text='{"message":"Hello"}\n', content_type="application/json")


def _node_hello(_: Container, __: web.Request) -> web.Response:
    return web.Response(text="Hello Kubernetes!")


def _hpa_example(_: Container, __: web.Request) -> web.Response:
    return web.Response(text="OK!")


def _demo_files(name: str) -> dict[str, str]:
    """What is in the images of that demonstration."""
    return {"/data.json": f'{{\n  "image": "{name}.jpg"\n}}\n', "/etc/os-release": OS_RELEASES["alpine"]}


def _update_demo(container: Container, request: web.Request) -> web.Response:
    """Pages of the demonstration of updates: which picture is shown tells the version."""
    picture = f"{posixpath.basename(container.image).partition(':')[0]}.jpg"
    if request.path == "/data.json":
        return web.Response(text=f'{{\n  "image": "{picture}"\n}}\n', content_type="application/json")
    if request.path == "/":
        return web.Response(
            text=f'<html><body><img src="{picture}"></body></html>\n', content_type="text/html"
        )
    return web.Response(status=404, text="404 page not found\n")


SERVERS: Final = {
    "gcr.io/kuar-demo/kuard-amd64": Server(
        command="/kuard", port=8080, answer=_kuard, port_options=("address",)
    ),
    "gcr.io/google-samples/hello-app": Server(
        command="./hello-app", port=8080, answer=_hello_app, port_variable="PORT", scratch=True
    ),
    "gcr.io/google-samples/hello-go-gke": Server(command="/go/bin/hello", port=80, answer=_hello_backend),
    "gcr.io/google-samples/node-hello": Server(command="node", port=8080, answer=_node_hello),
    "hashicorp/http-echo": Server(
        command="/http-echo", port=5678, answer=_http_echo, port_options=("listen",), scratch=True
    ),
    "traefik/whoami": Server(
        command="/whoami",
        port=80,
        answer=_whoami,
        port_options=("port",),
        port_variable="WHOAMI_PORT_NUMBER",
        scratch=True,
    ),
    "jmalloc/echo-server": Server(
        command="/bin/echo-server", port=8080, answer=_echo_server, port_variable="PORT", scratch=True
    ),
    "kicbase/echo-server": Server(
        command="/bin/echo-server", port=8080, answer=_echo_server, port_variable="PORT", scratch=True
    ),
    "registry.k8s.io/echoserver": Server(command="run.sh", port=8080, answer=_echoserver),
    "registry.k8s.io/hpa-example": Server(command="apache2-foreground", port=80, answer=_hpa_example),
    "registry.k8s.io/e2e-test-images/nautilus": Server(
        command="/test-webserver", port=80, answer=_update_demo, files=_demo_files("nautilus")
    ),
    "registry.k8s.io/e2e-test-images/kitten": Server(
        command="/test-webserver", port=80, answer=_update_demo, files=_demo_files("kitten")
    ),
}
"""The servers by the name of their image, whose tags all answer alike."""


def port_of(server: Server, container: Container) -> int:
    """Where the program listens, by its arguments and environment."""
    told = option(container, *server.port_options) or container.env.get(server.port_variable, "")
    number = told.rpartition(":")[2]
    return int(number) if number.isdecimal() else server.port


def application(server: Server, container: Container) -> web.Application:
    """Answers every request."""

    async def handle(request: web.Request) -> web.Response:
        return server.answer(container, request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def main(container: Container, server: Server) -> int:
    """Serves, or runs another command of the image.

    Raises:
        CommandNotFoundError: The image has no such command.
    """
    if container.argv and posixpath.basename(container.argv[0]) != posixpath.basename(server.command):
        return await execute(container, server)
    await container.serve(application(server, container), port_of(server, container))
    return 0


async def execute(container: Container, server: Server) -> int:
    """Runs an exec'd command.

    Raises:
        CommandNotFoundError: The image has no such command.
    """
    if server.scratch:
        raise CommandNotFoundError(container.argv[0])
    return await run_applets(container, _APPLETS)


def make_image(name: str) -> Image:
    """The image of a name in `SERVERS`."""
    server = SERVERS[name]
    run: Callable[[Container], Awaitable[int]] = partial(execute, server=server)
    return Image(
        program=partial(main, server=server),
        kind="main",
        entrypoint=(server.command,),
        exec=run,
        size=20_000_000,
        files=server.files,
    )
