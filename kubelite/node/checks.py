"""One check of a probe or one run of a hook: HTTP, TCP, gRPC, a command, a sleep.

Nothing is raised but cancellation.

Source: pkg/probe/{http,tcp,grpc,exec}, pkg/kubelet/lifecycle/handlers.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from kubelite.apimachinery.scheme import Object
from kubelite.images.container import CommandNotFoundError
from kubelite.network import NetworkNamespace
from kubelite.node import probehttp
from kubelite.node.lifecycle import go_duration
from kubelite.node.probes import Outcome
from kubelite.runtime import Clock

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX: Final = 10
OUTPUT_MAX: Final = 10_240
"""How much of a command's output is kept, in bytes."""
_NOT_STARTED: Final = (
    "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: "
    "OCI runtime exec failed: exec failed: unable to start container process"
)
"""Real runtimes say here which exec it was, by a number that no two have; so one message tells of all."""


class Target(NamedTuple):
    """What is checked.

    Attributes:
        container: The container's spec, for named ports too.
        address: The pod's address.
        network: Where the kubelet connects from.
        session: An HTTP client there.
        run: Runs a command in the container; gives exit code and output.
        clock: For time-outs.
    """

    container: Object
    address: str
    network: NetworkNamespace
    session: Callable[[], aiohttp.ClientSession]
    run: Callable[[list[str]], Awaitable[tuple[int, str]]]
    clock: Clock


async def check(target: Target, action: Object, timeout_s: float | None) -> Outcome:
    """Do what `action` says: httpGet, tcpSocket, grpc, exec or sleep.

    Args:
        target: Whom it concerns.
        action: A probe or a hook.
        timeout_s: None waits as long as it takes.
    """
    try:
        if "httpGet" in action:
            return await _http(target, action["httpGet"], timeout_s)
        if "tcpSocket" in action:
            return await _tcp(target, action["tcpSocket"], timeout_s)
        if "grpc" in action:
            return await _grpc(target, action["grpc"], timeout_s)
        if "exec" in action:
            return await _exec(target, list(action["exec"].get("command") or ()), timeout_s)
        if "sleep" in action:
            await target.clock.sleep(action["sleep"]["seconds"])
            return Outcome(success=True)
    except LookupError as error:
        return Outcome(False, str(error), made=False)
    return Outcome(False, "this kind of check is not served: use httpGet, tcpSocket, grpc or exec")


def _port(target: Target, port: int | str) -> int:
    if isinstance(port, int) or port.isdigit():
        return int(port)
    for entry in target.container.get("ports") or ():
        if entry.get("name") == port:
            number: int = entry["containerPort"]
            return number
    raise LookupError(f'strconv.Atoi: parsing "{port}": invalid syntax')


async def _http(target: Target, action: Object, timeout_s: float | None) -> Outcome:
    scheme = (action.get("scheme") or "HTTP").lower()
    host = action.get("host") or target.address
    port = _port(target, action["port"])
    path = action.get("path") or "/"
    url = f"{scheme}://{host}:{port}/{path.removeprefix('/')}"
    try:
        headers = probehttp.headers_of(action.get("httpHeaders") or ())
        async with target.clock.timeout(timeout_s):
            if scheme == "http" and probehttp.is_address(host):
                request = probehttp.make_request(host, port, path, headers)
                answer = await probehttp.get(target.network, host, port, request)
                if answer.location and answer.status in REDIRECTS:
                    answer = await _follow(target, URL(url), headers, answer)
            else:
                answer = await _follow(target, URL(url), headers, probehttp.Answer(0))
    except TimeoutError:
        problem = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Outcome(False, f'Get "{url}": {problem}')
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Outcome(False, f'Get "{url}": {_network_problem(error, host, port)}')
    if 300 <= answer.status < 400:
        text = answer.body[:OUTPUT_MAX].decode(errors="replace")
        return Outcome(success=True, output=f"Probe terminated redirects, Response body: {text}", warns=True)
    if 200 <= answer.status < 300:
        return Outcome(success=True)
    return Outcome(False, f"HTTP probe failed with statuscode: {answer.status}")


async def _follow(
    target: Target, url: URL, headers: dict[str, str], answer: probehttp.Answer
) -> probehttp.Answer:
    """The answer at the end of redirects; one to another host is not followed, and counts itself."""
    at = url
    for _ in range(REDIRECTS_MAX):
        if answer.location:
            at = at.join(URL(answer.location))
            if at.host != url.host:
                return answer
        session = target.session()
        async with session.get(at, headers=headers, ssl=False, allow_redirects=False) as got:
            redirects = 300 <= got.status < 400
            body = await got.read() if redirects else b""
            answer = probehttp.Answer(got.status, got.headers.get("Location", ""), body)
        if not answer.location or answer.status not in REDIRECTS:
            return answer
    raise OSError(f"stopped after {REDIRECTS_MAX} redirects")


async def _tcp(target: Target, action: Object, timeout_s: float | None) -> Outcome:
    host, port = action.get("host") or target.address, _port(target, action["port"])
    try:
        async with target.clock.timeout(timeout_s):
            transport, _ = await target.network.fabric.connect(target.network, host, port, asyncio.Protocol)
    except TimeoutError:
        return Outcome(False, f"dial tcp {host}:{port}: i/o timeout")
    except OSError as error:
        return Outcome(False, _network_problem(error, host, port))
    transport.close()
    return Outcome(success=True)


async def _grpc(target: Target, action: Object, timeout_s: float | None) -> Outcome:
    from kubelite.network.grpchealth import SERVING, STATUSES, HealthClient  # noqa: PLC0415 - rarely wanted

    authority, transport = f"{target.address}:{action['port']}", None
    client = HealthClient(authority, action.get("service") or "")
    try:
        async with target.clock.timeout(timeout_s):
            transport, _ = await target.network.fabric.connect(
                target.network, target.address, int(action["port"]), lambda: client
            )
            status = await client.came
    except TimeoutError:
        if transport is None:
            return _unreachable(authority, timeout_s)
        return Outcome(False, f"timeout: health rpc did not complete within {timeout_s:g}s")
    except OSError:
        return _unreachable(authority, timeout_s)
    finally:
        if transport is not None:
            transport.close()
    if status is None:
        return Outcome(False, "error: health rpc probe failed: rpc error")
    if status != SERVING:
        return Outcome(False, f'service unhealthy (responded with "{STATUSES.get(status, status)}")')
    return Outcome(success=True)


def _unreachable(authority: str, timeout_s: float | None) -> Outcome:
    problem = f'timeout: failed to connect service "{authority}" within {timeout_s or 0:g}s'
    return Outcome(False, f"{problem}: context deadline exceeded")


async def _exec(target: Target, command: list[str], timeout_s: float | None) -> Outcome:
    try:
        async with target.clock.timeout(timeout_s):
            code, output = await target.run(command)
    except TimeoutError:
        return Outcome(
            False, f'command timed out: "{" ".join(command)}" timed out after {go_duration(timeout_s or 0)}'
        )
    except CommandNotFoundError as error:
        return Outcome(False, f"{_NOT_STARTED}: {error}: unknown", made=False)
    return Outcome(code == 0, output)


def _network_problem(error: Exception, host: str, port: int) -> str:
    refused = isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError)
    if refused or "refused" in str(error):
        return f"dial tcp {host}:{port}: connect: connection refused"
    return str(error) or "EOF"
