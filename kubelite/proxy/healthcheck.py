"""What load balancers ask the proxy of a node: has a Service endpoints here, is the proxy itself well?

A Service of type LoadBalancer whose external traffic policy is `Local` has a port of its own for that on
every node: any path answers 200 if the node has ready endpoints, else 503. The proxy speaks for itself on
port 10256: `/healthz` says whether the node should get traffic, `/livez` whether the proxy keeps up.

Source: pkg/proxy/healthcheck/service_health.go, proxy_health.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from kubelite.network.fabric import Accepted
from kubelite.runtime import Clock

if TYPE_CHECKING:
    from kubelite.proxy.rules import HealthCheck

HEALTHZ_PORT: Final = 10_256
HEALTH_TIMEOUT_S: Final = 60.0
"""For how long a change may wait for its rules; twice kube-proxy's period of syncs."""
CUT_AFTER_S: Final = 0.01
"""How long requests in progress have when the server stops; aiohttp takes 0 for "wait for ever"."""
NO_SNIFFING: Final = {"X-Content-Type-Options": "nosniff"}


class HealthServer:
    """The HTTP server of one proxy's health, on any number of ports.

    Args:
        clock: For the proxy's own health.
        is_eligible: Whether the node is one that should get traffic.

    Attributes:
        checks: By port, what Services have on this node.
    """

    def __init__(self, clock: Clock, is_eligible: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_eligible = is_eligible
        self._server: web.Server | None = None
        self._queued: float | None = None
        self._updated = clock.now()
        self.checks: dict[int, HealthCheck] = {}

    def __repr__(self) -> str:
        return f"<HealthServer {len(self.checks)} checks, {'well' if self.is_healthy() else 'late'}>"

    def queued(self) -> None:
        """There is a change that has no rules yet."""
        if self._queued is None:
            self._queued = self._clock.monotonic()

    def updated(self) -> None:
        """The rules are those of all that is known."""
        self._queued = None
        self._updated = self._clock.now()

    def is_healthy(self) -> bool:
        """Whether the proxy keeps up with changes."""
        return self._queued is None or self._clock.monotonic() - self._queued < HEALTH_TIMEOUT_S

    def protocol(self) -> web.RequestHandler:
        """What serves one connection."""
        if self._server is None:
            self._server = web.Server(self._handle, access_log=None)
        return self._server()

    def accept(self, source: str) -> Accepted:
        """What serves a connection that was accepted elsewhere."""
        del source
        return Accepted(self.protocol(), copy_context())

    def cut(self, port: int) -> None:
        """A port was closed: nobody is answered there any more."""
        for each in self._server.connections if self._server is not None else ():
            if each.transport is not None and each.transport.get_extra_info("sockname")[1] == port:
                each.transport.close()

    async def stop(self) -> None:
        """Cut all connections."""
        if self._server is not None:
            await self._server.shutdown(CUT_AFTER_S)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        port = request.transport.get_extra_info("sockname")[1]
        if port == HEALTHZ_PORT:
            return self._answer_for_proxy(request.path)
        check = self.checks.get(port)
        return web.Response() if check is None else answer_check(check, is_healthy=self.is_healthy())

    def _answer_for_proxy(self, path: str) -> web.Response:
        healthy, now = self.is_healthy(), self._clock.now()
        # What is well counts as brought up to date just now.
        answer: dict[str, object] = {"lastUpdated": go_time(self._updated), "currentTime": go_time(now)}
        if path == "/healthz":
            eligible = self._is_eligible()
            healthy = healthy and eligible
            answer["nodeEligible"] = eligible
        elif path != "/livez":
            return web.Response(status=404, text="404 page not found\n", headers=NO_SNIFFING)
        if healthy:
            answer["lastUpdated"] = answer["currentTime"]
        return web.Response(
            text=json.dumps(answer),
            status=200 if healthy else 503,
            content_type="application/json",
            headers=NO_SNIFFING,
        )


def answer_check(check: HealthCheck, *, is_healthy: bool) -> web.Response:
    """What a load balancer is told about a Service on a node."""
    answer = {
        "service": {"namespace": check.namespace, "name": check.name},
        "localEndpoints": check.local_endpoints,
        "serviceProxyHealthy": is_healthy,
    }
    return web.Response(
        text=json.dumps(answer, indent="\t"),
        status=200 if check.local_endpoints and is_healthy else 503,
        content_type="application/json",
        headers={**NO_SNIFFING, "X-Load-Balancing-Endpoint-Weight": str(check.local_endpoints)},
    )


def go_time(unix_s: float) -> str:
    """A time as Go prints it."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
