"""ping: who answers, what is printed, how it ends."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer  # noqa: E402

from kubelite.images.busybox import APPLETS, run_applets  # noqa: E402
from kubelite.images.container import CommandNotFoundError  # noqa: E402
from kubelite.images.pause import main as pause  # noqa: E402
from kubelite.network import AddressBlock, Fabric, NetworkNamespace  # noqa: E402


def ping(*args, cut=False):
    block = AddressBlock.claim(virtual=True)
    try:
        pods = block.take_pod_range(30)
        own, other = pods.take(), pods.take()
        fabric = Fabric(block)
        container = FakeContainer(["ping", *args])
        container.network = NetworkNamespace("default/own", own, fabric)

        async def resolve(name):
            addresses = {"other": other, "nobody": str(pods.network[9]), "service": str(block.services[9])}
            if name not in addresses:
                raise OSError(f"{name} does not resolve")
            return [addresses[name]]

        container.resolve = resolve
        if cut:
            fabric.cut(other)
        status = asyncio.run(run_applets(container, APPLETS))
        return (
            status,
            container.stdout.data.decode().replace(other, "ADDRESS"),
            container.stderr.data.decode(),
        )
    finally:
        block.release()


def test_a_pod_answers():
    status, out, err = ping("-c", "2", "-i", "0", "other")
    assert (status, err) == (0, "")
    assert out.splitlines()[:3] == [
        "PING other (ADDRESS): 56 data bytes",
        "64 bytes from ADDRESS: seq=0 ttl=63 time=0.050 ms",
        "64 bytes from ADDRESS: seq=1 ttl=63 time=0.050 ms",
    ]
    assert "2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max" in out


@pytest.mark.parametrize("host", ["nobody", "service"])
def test_nobody_answers(host):
    status, out, _ = ping("-qc1", "-W", "0", host)
    assert status == 1
    assert out.endswith("1 packets transmitted, 0 packets received, 100% packet loss\n")


def test_who_has_no_power_does_not_answer():
    assert ping("-c1", "-W0", "other", cut=True)[0] == 1


def test_a_name_that_does_not_resolve():
    assert ping("-c1", "elsewhere") == (1, "", "ping: bad address 'elsewhere'\n")


def test_pause_knows_no_other_command():
    with pytest.raises(CommandNotFoundError):
        asyncio.run(pause(FakeContainer(["sh", "-c", "true"])))
