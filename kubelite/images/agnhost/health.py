"""`agnhost grpc-health-checking`: a gRPC server whose health can be switched over HTTP.

Source: the grpc-health-checking section of agnhost's README.
"""

from __future__ import annotations

from aiohttp import web

from kubelite.images.container import Container
from kubelite.network.grpchealth import NOT_SERVING, SERVING, HealthServer

PORT, HTTP_PORT = 5000, 8080
NEVER = -1


class Health:
    """Whether the service serves."""

    def __init__(self, container: Container, service: str, delay_s: int) -> None:
        self._container = container
        self._service = service
        self._status: int | None = None
        self._begun_s = container.clock.monotonic()
        self._delay_s = delay_s

    def status_of(self, service: str) -> int | None:
        """The status of a service; None for others."""
        if service != self._service:
            return None
        if self._status is not None:
            return self._status
        age_s = self._container.clock.monotonic() - self._begun_s
        return NOT_SERVING if NEVER < self._delay_s <= age_s else SERVING

    def application(self) -> web.Application:
        """`/make-serving` and `/make-not-serving`."""
        app = web.Application()
        app.router.add_get("/make-serving", self._serve)
        app.router.add_get("/make-not-serving", self._stop_serving)
        return app

    async def _serve(self, _: web.Request) -> web.Response:
        self._status = SERVING
        self._container.log(f"Marking {self._service} as serving")
        return web.Response()

    async def _stop_serving(self, _: web.Request) -> web.Response:
        self._status = NOT_SERVING
        self._container.log(f"Marking {self._service} as not serving")
        return web.Response()


async def main(container: Container, port: int, http_port: int, service: str, delay_s: int) -> int:
    """Serves until SIGTERM."""
    health = Health(container, service, delay_s)
    fabric, address = container.network.fabric, container.ip
    listener = fabric.listen(address, port, lambda: HealthServer(health.status_of))
    container.log(f"Http server starting to listen on :{http_port}")
    container.log(f"gRPC server starting to listen on :{port}")
    try:
        await container.serve(health.application(), http_port)
    finally:
        listener.close()
    return 0
