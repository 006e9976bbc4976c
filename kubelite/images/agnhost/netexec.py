"""`agnhost netexec`: an HTTP server that tells who it is, runs commands, and dials others.

Source: the netexec section of agnhost's README.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import ClientError, web
from aiohttp.typedefs import Handler

from kubelite.images.agnhost.options import duration_s, flag
from kubelite.images.busybox import make_process
from kubelite.images.container import Container
from kubelite.images.shell.interpreter import Shell
from kubelite.images.shell.streams import Buffer, Null
from kubelite.network import current_namespace, open_datagrams

if TYPE_CHECKING:
    import ssl

HTTP_PORT, UDP_PORT = 8080, 8081
DIAL_TIMEOUT_S = 5.0
CONTENT_BYTES_MAX = 64 * 1024**2


def note(container: Container, text: str, source: str = "log.go:245") -> None:
    """A line in the log, as klog writes it: severity, time, process, source."""
    now = dt.datetime.fromtimestamp(container.clock.now(), dt.UTC)
    container.stderr.write(f"I{now:%m%d %H:%M:%S.%f} {1:>7} {source}] {text}\n")


class UDPServer(asyncio.DatagramProtocol):
    """Answers `hostname`, `clientip` and `echo TEXT`; anything else is told to be unknown."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Bound."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """One command."""
        command, _, rest = data.decode(errors="replace").strip().partition(" ")
        match command.lower():
            case "hostname":
                answer = self._container.hostname
            case "clientip":
                answer = f"{addr[0]}:{addr[1]}"
            case "echo":
                answer = rest
            case _:
                answer = f"unknown command: {command}"
        self._transport.sendto(answer.encode(), addr)


class UDPClient(asyncio.DatagramProtocol):
    """Keeps the first answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        """The answer."""
        if not self.answer.done():
            self.answer.set_result(data.decode(errors="replace"))

    def error_received(self, exc: Exception) -> None:
        """Nobody is there."""
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _form(request: web.Request) -> dict[str, str]:
    """What is given in the body or in the URL, the body first."""
    posted = await request.post() if request.method in {"POST", "PUT", "PATCH"} else {}
    texts = {name: value for name, value in posted.items() if isinstance(value, str)}
    return {**request.query, **texts}


class NetExec:
    """The handlers, and what they remember."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._exit: int | None = None
        self._uploads = 0
        self._started = container.clock.monotonic()

    def application(self) -> web.Application:
        """The application with all routes, which logs each request as agnhost does."""
        app = web.Application(middlewares=[self._log], client_max_size=CONTENT_BYTES_MAX)
        for path, handler in {
            "/": self.root,
            "/clientip": self.client_ip,
            "/clientIp": self.client_ip,
            "/dial": self.dial,
            "/echo": self.echo,
            "/exit": self.exit,
            "/header": self.header,
            "/healthz": self.healthz,
            "/hostname": self.hostname,
            "/hostName": self.hostname,
            "/redirect": self.redirect,
            "/serverport": self.server_port,
            "/shell": self.shell,
            "/shutdown": self.exit,
            "/upload": self.upload,
        }.items():
            app.router.add_route("*", path, handler)
        return app

    @web.middleware
    async def _log(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        note(self._container, f"{request.method} {request.path_qs}")
        return await handler(request)

    async def root(self, _: web.Request) -> web.Response:
        """The time, as Go prints it."""
        clock = self._container.clock
        now = dt.datetime.fromtimestamp(clock.now(), dt.UTC)
        uptime_s = clock.monotonic() - self._started
        return web.Response(text=f"NOW: {now:%Y-%m-%d %H:%M:%S.%f} +0000 UTC m=+{uptime_s:.9f}")

    async def client_ip(self, request: web.Request) -> web.Response:
        """Address and port of the client."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        host, port = (peer[0], peer[1]) if peer else (request.remote or "", 0)
        return web.Response(text=f"{host}:{port}")

    async def echo(self, request: web.Request) -> web.Response:
        """The `msg`, with status `code`."""
        form = await _form(request)
        return web.Response(text=form.get("msg", ""), status=int(form.get("code", 200)))

    async def exit(self, request: web.Request) -> web.Response:
        """Ends the program with `code`, as SIGTERM would end it, after `wait`."""
        form = await _form(request)
        await self._container.clock.sleep(duration_s(form.get("wait") or "0"))
        self._exit = int(form.get("code", 0))
        self._container.terminating.set()
        return web.Response()

    async def header(self, request: web.Request) -> web.Response:
        """The value of the header named `key`."""
        return web.Response(text=request.headers.get(request.query.get("key", ""), ""))

    async def healthz(self, _: web.Request) -> web.Response:
        """Ready while it serves, also when it was told to end."""
        return web.Response()

    async def hostname(self, _: web.Request) -> web.Response:
        """The pod's host name."""
        return web.Response(text=self._container.hostname)

    async def redirect(self, request: web.Request) -> web.Response:
        """Redirects to `location` with status `code`."""
        return web.Response(
            status=int(request.query.get("code", 302)),
            headers={"Location": request.query.get("location", "/")},
        )

    async def server_port(self, request: web.Request) -> web.Response:
        """The port that was asked."""
        local = request.transport.get_extra_info("sockname") if request.transport else None
        return web.Response(text=str(local[1]) if local else "")

    async def shell(self, request: web.Request) -> web.Response:
        """Runs the script `cmd` (or `shellCommand`); answers with its output or its error."""
        form = await _form(request)
        script = form.get("shellCommand") or form.get("cmd", "")
        output = Buffer()
        from kubelite.images.agnhost import applets  # noqa: PLC0415 - netexec is one of them

        process = make_process(self._container, applets())
        process.streams.update({0: Null(), 1: output, 2: output})
        try:
            status = await Shell.of(process).run_text(script)
        finally:
            await process.table.close()
        answer = {"output": output.value.decode(errors="replace")}
        if status:
            answer["error"] = f"exit status {status}"
        return web.Response(body=orjson.dumps(answer), content_type="text/plain")

    async def upload(self, request: web.Request) -> web.Response:
        """Stores the form's `file`; answers with its path."""
        form = await request.post()
        upload = form.get("file")
        if not isinstance(upload, web.FileField):
            return web.Response(body=orjson.dumps({"error": "no file in the form"}), status=400)
        self._uploads += 1
        path = f"/uploads/upload{self._uploads}"
        self._container.files.mkdir("/uploads")
        self._container.files.write(path, upload.file.read(), mode=0o755)
        return web.Response(body=orjson.dumps({"output": path}))

    async def dial(self, request: web.Request) -> web.Response:
        """Asks `host:port` for `request`, `tries` times; answers with what each try got."""
        query = request.query
        if query.get("protocol", "http") not in {"", "http", "udp"}:
            return web.Response(status=400, text=f"unsupported protocol. {query['protocol']}\n")
        if not query.get("request"):
            return web.Response(status=400, text="request parameter not specified. <nil>\n")
        responses, errors = [], []
        for _ in range(int(query.get("tries", 1))):
            try:
                text = await self._dial(
                    query.get("protocol") or "http",
                    query.get("host", ""),
                    query.get("port", ""),
                    query["request"],
                )
                responses.append(text)
            except TimeoutError:
                errors.append("i/o timeout")
            except (OSError, ClientError) as error:
                errors.append(str(error))
        answer = {"responses": responses} | ({"errors": errors} if errors else {})
        return web.Response(body=orjson.dumps(answer), content_type="text/plain")

    async def _dial(self, protocol: str, host: str, port: str, path: str) -> str:
        if protocol == "udp":
            return await self._dial_udp(host, int(port), path)
        host = f"[{host}]" if ":" in host else host
        async with (
            self._container.clock.timeout(DIAL_TIMEOUT_S),
            self._container.http() as session,
            session.get(f"http://{host}:{port}/{path}", headers={"Connection": "close"}) as answer,
        ):
            return await answer.text()

    async def _dial_udp(self, host: str, port: int, text: str) -> str:
        network = current_namespace.get()
        assert network is not None
        transport, client = await open_datagrams(network, UDPClient, peer=(host, port))
        try:
            async with self._container.clock.timeout(DIAL_TIMEOUT_S):
                transport.sendto(text.encode())
                return await client.answer
        finally:
            transport.close()

    @property
    def exit_code(self) -> int:
        """The code that `/exit` asked for."""
        return self._exit or 0


def _tls(container: Container, args: list[str]) -> ssl.SSLContext | None:
    """Settings for HTTPS, if a certificate is given; that of the image is its own."""
    certificate, key = flag(args, "tls-cert-file", ""), flag(args, "tls-private-key-file", "")
    if not certificate:
        return None
    from kubelite.images.agnhost.tls import server_context  # noqa: PLC0415 - rarely needed

    own = certificate.lstrip("/") == "localhost.crt" and not container.files.exists(certificate)
    return server_context(container, "" if own else certificate, key)


async def netexec(container: Container, args: list[str]) -> int:
    """Serves until SIGTERM or `/exit`, and for as long after that as it is told to delay its end."""
    server = NetExec(container)
    delay_s = float(flag(args, "delay-shutdown", "0"))
    port = int(flag(args, "http-port", str(HTTP_PORT)))
    udp_port = int(flag(args, "udp-port", str(UDP_PORT)))
    tls = _tls(container, args)
    network = current_namespace.get()
    udp = None
    if udp_port > 0 and network is not None:
        udp, _ = await open_datagrams(network, lambda: UDPServer(container), port=udp_port)
    note(container, f"Started HTTP server on port {port}")
    if udp is not None:
        note(container, f"Started UDP server on port  {udp_port}")
    try:
        await container.serve(server.application(), port, tls=tls, drain_after_s=delay_s or None)
    finally:
        if udp is not None:
            udp.close()
    return server.exit_code
