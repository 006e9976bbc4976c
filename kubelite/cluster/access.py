"""What a client inside the cluster does with pods: find their network, read logs, run commands.

Logs and exec go through the kubelets' HTTP API, as the API server's own requests do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import aiohttp
import attrs
import orjson

from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import BadRequest, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.dns.resolver import NDOTS
from kubelite.network import NetworkNamespace, client_session

if TYPE_CHECKING:
    from kubelite.cluster.components import Components

KUBELET_PORT = 10250
_STDOUT, _STDERR, _ERROR = 1, 2, 3
_PROTOCOL = "v5.channel.k8s.io"
PROTOCOLS = (_PROTOCOL, "v4.channel.k8s.io")
"""Of an exec, the best first."""


class ExecResult(NamedTuple):
    """What a command in a container gave.

    Attributes:
        exit_code: 0 for success.
        stdout: Text.
        stderr: Text; also why the command could not be run at all.
    """

    exit_code: int
    stdout: str
    stderr: str


class FabricDialer:
    """How the API server reaches kubelets and pods: from the control plane's address, through the fabric."""

    def __init__(self, network: NetworkNamespace) -> None:
        self._network = network
        self._session: aiohttp.ClientSession | None = None

    def session(self, node: str) -> aiohttp.ClientSession:
        """The session for kubelets and pods: it passes on what it gets, and remembers no cookies."""
        if self._session is None or self._session.closed:
            self._session = client_session(
                self._network,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    def url(self, host: str, port: int) -> str:
        """The base URL of a kubelet."""
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()


def pod_network(components: Components, pod: Object) -> NetworkNamespace:
    """The network of a running pod.

    Raises:
        BadRequest: The pod has none yet, or its node is off.
    """
    name = pod["metadata"]["name"]
    machine = components.machines.get(pod["spec"].get("nodeName", ""))
    worker = machine.workers.get(pod["metadata"]["uid"]) if machine is not None else None
    if machine is None or worker is None or worker.network is None or not machine.powered:
        raise BadRequest(f"pod {name} has no network: wait until it runs")
    return worker.network


def inside(network: NetworkNamespace, namespace: str) -> NetworkNamespace:
    """The network of a client of the cluster, in a namespace whose Services need no more than their names."""
    if network.resolver is None or not network.search:
        return network
    search = (f"{namespace}.{network.search[1]}", *network.search[1:])
    return attrs.evolve(network, search=search, resolver=network.resolver.with_search(search, NDOTS))


def kubelet_url(components: Components, pod: Object, what: str, container: str) -> str:
    """The URL of something of a container at its kubelet.

    Raises:
        BadRequest: The pod is on no node, or there are several containers and none was named.
        NotFound: There is no such container.
    """
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    machine = components.machines.get(pod["spec"].get("nodeName", ""))
    if machine is None:
        raise BadRequest(f"pod {name} does not have a host assigned")
    names = [each["name"] for each in pod["spec"]["containers"]]
    known = names + [each["name"] for each in pod["spec"].get("initContainers") or ()]
    if not container:
        default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
        if default is None and len(names) > 1:
            raise BadRequest(f"a container name must be specified for pod {name}, choose one of: {names}")
        container = default or names[0]
    if container not in known:
        raise NotFound(PODS, name, message=f"container {container} is not in pod {name}; it has {known}")
    return f"http://{machine.address}:{KUBELET_PORT}/{what}/{namespace}/{name}/{container}"


async def read_logs(session: aiohttp.ClientSession, url: str, *, previous: bool, tail: int | None) -> str:
    """The log of a container.

    Raises:
        BadRequest: The kubelet has none.
    """
    query = {"previous": "true"} if previous else {}
    if tail is not None:
        query["tailLines"] = str(tail)
    async with session.get(url, params=query) as answer:
        text = await answer.text()
        if answer.status != 200:
            raise BadRequest(text)
        return text


async def run_command(
    session: aiohttp.ClientSession, url: str, argv: Sequence[str], stdin: bytes
) -> ExecResult:
    """Runs a command in a container and waits for its end.

    Raises:
        BadRequest: The kubelet refuses.
    """
    try:
        query = urlencode(command_query(argv, stdin))
        socket = await session.ws_connect(f"{url}?{query}", protocols=(_PROTOCOL,))
    except aiohttp.WSServerHandshakeError as error:
        raise BadRequest(f"the kubelet refused: {error.message}") from error
    async with socket:
        return await converse(socket, stdin)


def command_query(argv: Sequence[str], stdin: bytes) -> list[tuple[str, str]]:
    """The query of an exec."""
    flags = [("command", each) for each in argv] + [("stdout", "true"), ("stderr", "true")]
    return [*flags, ("stdin", "true")] if stdin else flags


async def converse(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> ExecResult:
    """Gives a command its input, and takes all that it says."""
    output: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
    if stdin:
        await socket.send_bytes(b"\0" + stdin)
        if socket.protocol == _PROTOCOL:
            await socket.send_bytes(b"\xff\0")
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY and message.data:
            output.setdefault(message.data[0], bytearray()).extend(message.data[1:])
    status = orjson.loads(bytes(output[_ERROR])) if output[_ERROR] else {"status": "Failure"}
    return ExecResult(_exit_code(status), output[_STDOUT].decode(errors="replace"), _stderr(output, status))


def _exit_code(status: Object) -> int:
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or ()
    return next((int(each["message"]) for each in causes if each.get("reason") == "ExitCode"), 126)


def _stderr(output: dict[int, bytearray], status: Object) -> str:
    text = output[_STDERR].decode(errors="replace")
    if status.get("reason") in {"NonZeroExitCode", None} or status.get("status") == "Success":
        return text
    return text + str(status.get("message") or "")
