"""agnhost's programs for probes and hooks: nettest, liveness' redirects, grpc-health-checking, nonewprivs."""

from __future__ import annotations

import asyncio
import json

import pytest

from kubelite.images import agnhost
from kubelite.images.agnhost.health import NEVER, Health
from kubelite.images.permissions import User
from kubelite.network.grpchealth import NOT_SERVING, SERVING
from tests.unit.images.fakes import FakeContainer
from tests.unit.images.test_agnhost_nginx import served


def test_nettest_counts_who_writes():
    async def talk(client, port):
        assert port == 8080
        for _ in range(2):
            assert (await client.post("/write", data=b'{"Source": "prestop"}')).status == 200
        assert (await client.post("/write", data=b"{")).status == 400
        assert json.loads(await (await client.get("/read")).text())["Received"] == {"prestop": 2}
        assert await (await client.get("/status")).text() == "pass"

    served(FakeContainer(("/agnhost", "nettest")), agnhost.main, talk)


def test_liveness_redirects():
    async def talk(client, _):
        answer = await client.get("/redirect?loc=%2Fhealthz", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/healthz")

    served(FakeContainer(("/agnhost", "liveness")), agnhost.main, talk)


async def test_nonewprivs_says_who_runs():
    container = FakeContainer(("/agnhost", "nonewprivs"))
    container.files.user = User(1000)
    assert await agnhost.main(container) == 0
    assert container.stdout.data == b"Effective uid: 1000\n"


class Clock:
    seconds = 0.0

    def monotonic(self):
        return self.seconds


async def test_health_is_switched_and_ends_by_itself():
    container = FakeContainer(clock=Clock())
    health = Health(container, "web", NEVER)
    assert (health.status_of("web"), health.status_of("")) == (SERVING, None)
    await health._stop_serving(None)
    assert health.status_of("web") == NOT_SERVING
    await health._serve(None)
    assert health.status_of("web") == SERVING
    brief = Health(container, "", 5)
    assert brief.status_of("") == SERVING
    container.clock.seconds = 5.0
    assert brief.status_of("") == NOT_SERVING


@pytest.mark.parametrize(
    ("target", "error"),
    [("nowhere.test:80", "DNS: "), ("127.0.0.1:x", "OTHER: "), ("127.0.0.1:1", "REFUSED\n")],
)
async def test_connect_says_why_it_cannot(target, error):
    container = FakeContainer(("/agnhost", "connect", target, "--timeout=500ms"))
    assert await agnhost.main(container) == 1
    assert container.stderr.data.decode().startswith(error)


async def test_generated_logs_end_with_sigterm():
    container = FakeContainer(("/agnhost", "logs-generator", "-t", "5", "-d", "1h"))
    container.terminating.set()
    assert await agnhost.main(container) == 2
    assert container.stderr.data.count(b"\n") == 1


@pytest.mark.parametrize("command", ["agnhost pause | head -n 1 >log", "agnhost pause >log"])
async def test_what_agnhost_says_in_a_shell_is_there_while_it_runs(command):
    container = FakeContainer(("sh", "-c", f"{command} & wait"), working_dir="/tmp")
    running = asyncio.ensure_future(agnhost.main(container))
    async with asyncio.timeout(10):
        while not container.files.exists("/tmp/log") or not container.files.read("/tmp/log"):
            await asyncio.sleep(0)
    assert container.files.read("/tmp/log") == b"Paused\n"
    running.cancel()
    await asyncio.wait([running])
