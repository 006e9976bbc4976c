"""The kubelet's HTTP API on NODE-IP:10250, reached through the fabric: logs, exec, attach, ports, health.

The API server checks who may; here nothing is checked but that pod and container exist.

Source: pkg/kubelet/server/server.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from kubelite.apimachinery.timestamps import parse_time
from kubelite.network import Listener
from kubelite.node.containerstate import ContainerState
from kubelite.node.logs import LogOptions
from kubelite.node.machine import Machine
from kubelite.node.podworker import PodWorker
from kubelite.node.portforward import serve_port_forward
from kubelite.node.status import phase_of
from kubelite.node.streams import Run, attach_to, exec_in, serve_streams

if TYPE_CHECKING:
    from kubelite.node.pages import Pages

_TRUE = frozenset({"1", "true", "True", "t"})
CUT_AFTER_S = 0.01
"""How long requests in progress have when the server stops; aiohttp takes 0 for "wait for ever"."""


class KubeletServer:
    """Serves the API of one kubelet."""

    def __init__(self, machine: Machine, find: Callable[[str, str], PodWorker | None]) -> None:
        """`find` gives the worker of a pod by namespace and name."""
        self._machine = machine
        self._find = find
        self._server: web.Server | None = None
        self._listener: Listener | None = None
        self._pages: Pages | None = None

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        self._server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        config = self._machine.config
        self._listener = self._machine.fabric.listen(self._machine.address, config.port, self._server)

    async def stop(self) -> None:
        """Stop listening and cut the connections."""
        if self._listener is not None:
            self._listener.close()
        if self._server is not None:
            await self._server.shutdown(CUT_AFTER_S)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path.strip("/").split("/"):
            case ["healthz"] | ["healthz", "ping" | "log" | "syncloop"]:
                return web.Response(text="ok")
            case ["containerLogs", namespace, pod, container]:
                return await self._logs(request, namespace, pod, container)
            case ["exec", namespace, pod, container]:
                return await self._exec(request, namespace, pod, container)
            case ["exec", namespace, pod, _uid, container]:
                return await self._exec(request, namespace, pod, container)
            case ["attach", namespace, pod, container]:
                return await self._attach(request, namespace, pod, container)
            case ["attach", namespace, pod, _uid, container]:
                return await self._attach(request, namespace, pod, container)
            case ["portForward", namespace, pod] | ["portForward", namespace, pod, _]:
                return await self._port_forward(request, namespace, pod)
            case _:
                return self._page(request)

    def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        """What a kubelet tells of itself and of its pods."""
        if self._pages is None:
            from kubelite.node.pages import Pages  # noqa: PLC0415 - few ask for any

            self._pages = Pages(self._machine)
        return self._pages.answer(request)

    async def _logs(
        self, request: web.BaseRequest, namespace: str, pod: str, name: str
    ) -> web.StreamResponse:
        worker = self._find(namespace, pod)
        if worker is None:
            return web.Response(status=404, text=f'pods "{pod}" not found')
        container = worker.state.containers.get(name)
        if container is None:
            return web.Response(status=404, text=f'container "{name}" not found in pod "{pod}_{namespace}"')
        try:
            options = log_options(request.query, self._machine.clock.now())
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        log = self._machine.runtime.log(worker.uid, name, previous=options.previous)
        if log is None:
            return web.Response(status=400, text=_no_log(worker, container, pod, previous=options.previous))
        if not options.follow:
            return web.Response(body=log.read(options), content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        async for piece in log.follow(options):
            await response.write(piece)
        await response.write_eof()
        return response

    async def _exec(
        self, request: web.BaseRequest, namespace: str, pod: str, name: str
    ) -> web.StreamResponse:
        container = self._running(namespace, pod, name)
        if isinstance(container, web.Response):
            return container
        argv = request.query.getall("command", [])
        if not argv:
            return web.Response(status=400, text="you must specify at least one command for the container")
        run = exec_in(self._machine.runtime, container.container_id, argv)
        return await self._serve(request, run, tty=request.query.get("tty") in _TRUE)

    async def _attach(
        self, request: web.BaseRequest, namespace: str, pod: str, name: str
    ) -> web.StreamResponse:
        container = self._running(namespace, pod, name)
        if isinstance(container, web.Response):
            return container
        run = attach_to(self._machine.runtime, container.container_id)
        return await self._serve(request, run, tty=request.query.get("tty") in _TRUE)

    async def _port_forward(self, request: web.BaseRequest, namespace: str, pod: str) -> web.StreamResponse:
        worker = self._find(namespace, pod)
        if worker is None:
            return web.Response(status=404, text="pod does not exist")
        if (refusal := _no_websocket(request)) is not None:
            return refusal
        if worker.network is None:
            return web.Response(status=500, text="sandbox is not running")
        return await serve_port_forward(request, worker.network, worker.state.pod)

    def _running(self, namespace: str, pod: str, name: str) -> ContainerState | web.Response:
        """A container that runs, or why there is none."""
        worker = self._find(namespace, pod)
        container = worker.state.containers.get(name) if worker is not None else None
        if container is None:
            return web.Response(status=404, text="pod does not exist")
        if not container.alive:
            return web.Response(status=500, text=f'container not found ("{name}")')
        return container

    async def _serve(self, request: web.BaseRequest, run: Run, *, tty: bool) -> web.StreamResponse:
        """Join a client to three streams; a terminal has no separate error output."""
        if (refusal := _no_websocket(request)) is not None:
            return refusal

        def asked(*names: str) -> bool:
            return any(request.query.get(name) in _TRUE for name in names)

        return await serve_streams(
            request,
            run,
            stdin=asked("stdin", "input"),
            stdout=asked("stdout", "output"),
            stderr=asked("stderr", "error") and not tty,
            tty=tty,
        )


def _no_websocket(request: web.BaseRequest) -> web.Response | None:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return None
    return web.Response(status=400, text="unable to upgrade: websocket is the only protocol served")


def log_options(query: Mapping[str, str], now: float) -> LogOptions:
    """Read the query of a log request.

    Raises:
        ValueError: A number or time is none.
    """
    since = None
    if "sinceSeconds" in query:
        since = now - int(query["sinceSeconds"])
    elif query.get("sinceTime"):
        since = parse_time(query["sinceTime"])
    return LogOptions(
        tail_lines=int(query["tailLines"]) if "tailLines" in query else None,
        since=since,
        timestamps=query.get("timestamps") in _TRUE,
        limit_bytes=int(query["limitBytes"]) if "limitBytes" in query else None,
        follow=query.get("follow") in _TRUE,
        previous=query.get("previous") in _TRUE,
    )


def _no_log(worker: PodWorker, container: ContainerState, pod: str, *, previous: bool) -> str:
    name = container.spec.name
    if previous:
        return f'previous terminated container "{name}" in pod "{pod}" not found'
    if phase_of(worker.state) in {"Succeeded", "Failed"}:
        return f'container "{name}" in pod "{pod}" is terminated'
    default = "PodInitializing" if worker.state.plan.spec.get("initContainers") else "ContainerCreating"
    reason = container.reason or default
    if reason in {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}:
        return f'container "{name}" in pod "{pod}" is waiting to start: trying and failing to pull image'
    return f'container "{name}" in pod "{pod}" is waiting to start: {reason}'
