"""`Cluster.connect`: a cluster that runs elsewhere, with the methods of one that runs here.

All goes over HTTP through its API server, so that any Kubernetes will do: waits are watches, commands and
logs go through the API, and requests to Services and pods through port-forwards.

What no remote cluster can do (jump in time, fail a node, take images from this process) raises `Unsupported`,
which the pytest plugin turns into a skip.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Never, Self

import aiohttp

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.client.discovery import discover
from kubelite.client.http import HTTPClient
from kubelite.client.incluster import in_cluster
from kubelite.client.kubeconfig import (
    default_paths,
    is_plain,
    minified,
    read_kubeconfig,
    write_kubeconfig,
)
from kubelite.cluster import access
from kubelite.cluster.forwarding import Directory, ForwardConnector
from kubelite.cluster.objects import ClusterObjects
from kubelite.cluster.remotewait import until_endpoints, wait_for
from kubelite.cluster.scratch import ScratchFolder
from kubelite.cluster.served import is_about_services, until_served
from kubelite.cluster.waiting import Question
from kubelite.runtime import SystemClock

if TYPE_CHECKING:
    from kubelite.client.kubeconfig import Connection

DEFAULT: Final = "default"
TRIES_MAX: Final = 11
"""As client-go sends a request to a server that is too busy."""
USER_AGENT: Final = "kubectl-client-side-apply"
CLOSED: Final = frozenset({"NoSchedule", "NoExecute"})
MISSING: Final[Mapping[str, str]] = {
    "audit": "its audit log is not told over the API",
    "dns_address": "its DNS is reached by pods only",
    "explain_scheduling": "its scheduler does not explain itself",
    "fail_node": "the power of its nodes is out of reach",
    "faults": "its API server cannot be made to fail",
    "images": "its nodes pull images from registries, they cannot run programs of this process",
    "last_changes": "its API server does not tell what was written",
    "metrics": "its metrics come from its pods",
    "recover_node": "the power of its nodes is out of reach",
    "seed": "it has no seed",
    "statistics": "it does not count for us",
    "view": "its objects are not kept in this process",
    "why": "its API server does not tell what a write was caused by",
}
"""What only a cluster in this process has, and why another has not."""


class Unsupported(NotImplementedError):  # noqa: N818 - says what is
    """This back end cannot do that."""


class RealClock(SystemClock):
    """The time of a cluster that runs elsewhere: nobody can move it."""

    def freeze(self) -> Never:
        """See `VirtualClock.freeze`.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("the time of a cluster elsewhere cannot be stopped")

    unfreeze = freeze

    async def advance(self, seconds: float) -> Never:
        """See `VirtualClock.advance`.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported(f"the time of a cluster elsewhere cannot be moved by {seconds:g} s")


class RemoteCluster(ClusterObjects):
    """A cluster behind a kubeconfig, made by `Cluster.connect`.

    Args:
        kubeconfig: Its file; None takes what kubectl would, in a pod without any the service account's.
        context: Of the kubeconfig; empty for its current one.
    """

    def __init__(self, kubeconfig: Path | str | None = None, *, context: str = "") -> None:
        self._paths = default_paths() if kubeconfig is None else [Path(kubeconfig)]
        self._may_be_inside = kubeconfig is None
        self._context = context
        self._connection: Connection | None = None
        self._client: HTTPClient | None = None
        self._scheme = Scheme()
        self._folder: ScratchFolder | None = None
        self.clock = RealClock()

    def __repr__(self) -> str:
        where = self._connection.url if self._connection is not None else "not connected"
        return f"<RemoteCluster {self._context or 'current context'}, {where}>"

    def __getattr__(self, name: str) -> Any:
        if name in MISSING:
            raise Unsupported(f"a cluster elsewhere has no {name!r}: {MISSING[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # -- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self.in_namespace(self.namespace) if self.namespace != DEFAULT else self

    @property
    def namespace(self) -> str:
        """That of the kubeconfig's context, which methods take in `async with` where none is given."""
        return (self._connection.namespace if self._connection is not None else "") or DEFAULT

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connects, and asks which kinds are served.

        Raises:
            OSError: The kubeconfig cannot be read.
            ValueError: It is none, or lacks the context.
            APIError: The API server cannot be reached, or refuses.
        """
        if self._client is not None:
            raise RuntimeError("it is connected already")
        if self._may_be_inside and not any(each.exists() for each in self._paths):
            self._look_inside()
        self._connection = await asyncio.to_thread(read_kubeconfig, self._paths, self._context)
        self._client = HTTPClient(
            self._connection,
            user_agent=USER_AGENT,
            field_validation="Strict",
            clock=self.clock,
            tries_max=TRIES_MAX,
        )
        try:
            await self._discover()
        except BaseException:
            await self.stop()
            raise

    def _look_inside(self) -> None:
        """Without a kubeconfig, in a pod: its service account's."""
        found = in_cluster()
        if found is None:
            places = ", ".join(map(str, self._paths))
            raise FileNotFoundError(
                errno.ENOENT,
                "no kubeconfig, and this is no pod with a service account; name the file, or set KUBECONFIG",
                places,
            )
        self._folder = ScratchFolder()
        self._paths = [self._folder.path / "kubeconfig"]
        write_kubeconfig(self._paths[0], found)

    async def stop(self) -> None:
        """Closes the connections; the cluster goes on."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()

    # -- what it is

    @property
    def client(self) -> HTTPClient:
        """The client over HTTP, with the rights of the kubeconfig's user."""
        if self._client is None:
            raise RuntimeError(
                "the cluster is not connected: use `async with`, or call `await cluster.start()` first"
            )
        return self._client

    @property
    def url(self) -> str:
        """The API server's URL."""
        assert self._connection is not None, "it is not connected"
        return self._connection.url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file for kubectl and any other client, whose current context is this cluster's."""
        if is_plain(self._paths, self._context):
            return self._paths[0]
        if self._folder is None:
            self._folder = ScratchFolder()
            write_kubeconfig(self._folder.path / "kubeconfig", minified(self._paths, self._context))
        return self._folder.path / "kubeconfig"

    @property
    def context(self) -> str:
        """The context of the kubeconfig; empty for its current one."""
        return self._context

    # -- objects

    async def _discover(self) -> None:
        self._scheme = Scheme()
        for resource in await discover(self.client):
            if self._scheme.by_kind(resource.api_version, resource.kind) is None:
                self._scheme.register(resource)

    async def _kinds(self) -> Sequence[Resource]:
        return tuple(self._scheme.resources())

    async def _find(self, kind: str) -> Resource | None:
        if self._scheme.find(kind) is None:
            await self._discover()  # custom kinds come and go
        return self._scheme.find(kind)

    async def _find_kind(self, api_version: str, kind: str) -> Resource | None:
        if self._scheme.by_kind(api_version, kind) is None:
            await self._discover()
        return self._scheme.by_kind(api_version, kind)

    async def _wait(self, question: Question) -> list[Object]:
        __tracebackhide__ = True
        until_s = None if question.timeout_s is None else self.clock.monotonic() + question.timeout_s
        found = await wait_for(self.client, self.clock, question, self._in_vain)
        if is_about_services(question):
            await until_served(self.client, self.clock, question, found, until_s, self._in_vain)
        if question.condition == "ready":
            await until_endpoints(self.client, self.clock, found)
        return found

    # -- pods

    @asynccontextmanager
    async def http(
        self, pod: str | None = None, *, namespace: str = "default"
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """An aiohttp session that reaches Services and pods by their names and addresses.

        Each connection is a port-forward to a ready pod of the Service, in turns. Other addresses are
        connected to from here.

        Args:
            pod: Whose `localhost` is meant.
            namespace: Of the pod, and of Services named without one.
        """
        name = pod.removeprefix("pod/") if pod is not None else ""
        if name:
            await self.client.get(PODS, name, namespace)
        connector = ForwardConnector(self.client, namespace, name)
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                yield session
        finally:
            await connector.end_forwards()

    async def resolve(self, name: str, *, pod: str | None = None, namespace: str = "default") -> list[str]:
        """The addresses of a Service's name, as a pod sees it.

        Raises:
            OSError: There is no such Service.
        """
        found = await Directory(self.client, namespace).addresses(name)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    async def _logs(
        self, pod: str, namespace: str, container: str, *, previous: bool, tail: int | None
    ) -> str:
        query = {"container": container} if container else {}
        if previous:
            query["previous"] = "true"
        if tail is not None:
            query["tailLines"] = str(tail)
        return await self.client.text(PODS.path(namespace, pod, "log"), query)

    async def _exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], stdin: bytes
    ) -> access.ExecResult:
        query = access.command_query(command, stdin)
        if container:
            query.append(("container", container))
        path = PODS.path(namespace, pod, "exec")
        async with await self.client.websocket(path, query, access.PROTOCOLS) as channel:
            return await access.converse(channel, stdin)

    async def count_nodes(self) -> int:
        """How many nodes can take pods."""
        nodes = (await self.client.list(NODES)).items
        return sum(
            not each["spec"].get("unschedulable")
            and not any(taint["effect"] in CLOSED for taint in each["spec"].get("taints") or ())
            for each in nodes
        )
