"""Servers that people write with BusyBox: `nc -l` and `httpd`."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.testing import VirtualClock


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


async def start(cluster, name, script):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}
    await cluster.apply(pod)
    pod = await cluster.wait_for(f"pod/{name}", "ready")
    return pod["status"]["podIP"]


async def run(cluster, script):
    result = await cluster.exec("client", ["sh", "-c", script])
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("server", "client", "found"),
    [
        (
            "while true; do printf 'HTTP/1.1 200 OK\\r\\n\\r\\nhi' | nc -l -p 80; done",
            "wget -qO- http://IP/",
            "hi",
        ),
        ("nc -lk -p 7 -e cat", "echo one | nc IP 7; echo two | nc IP 7", "one\ntwo\n"),
        ("nc -lk -p 7 -e sh -c 'read it; echo got $it'", "echo one | nc IP 7", "got one\n"),
        ("nc -l -p 9 > /tmp/in; cat /tmp/in | nc -l -p 7", "echo one | nc IP 9; sleep 1; nc IP 7", "one\n"),
        (
            "mkdir /www; echo page > /www/index.html; httpd -f -p 8080 -h /www",
            "wget -qO- http://IP:8080/",
            "page\n",
        ),
        ("echo x > /tmp/x; httpd -p 0.0.0.0:80 -h /tmp; sleep 1000", "wget -qO- http://IP/x", "x\n"),
        ("httpd -f -h /tmp", "wget -qO- http://IP/../etc/passwd || echo none", "none\n"),
    ],
)
async def test_a_server_of_busybox_answers(cluster, server, client, found):
    address = await start(cluster, "server", server)
    await start(cluster, "client", "sleep 1000")
    assert await run(cluster, client.replace("IP", address)) == (0, found)


async def test_what_cannot_be_served_is_said(cluster):
    await start(cluster, "client", "sleep 1000")
    assert await run(cluster, "nc -l 2>&1") == (1, "nc: usage: nc -l [-k] -p PORT [-e COMMAND...]\n")
    assert await run(cluster, "httpd -f -h /none 2>&1") == (
        1,
        "httpd: can't change directory to '/none': No such file or directory\n",
    )
    script = "nc -l -p 7 </dev/null & sleep 1; nc -l -p 7 2>&1"
    assert await run(cluster, script) == (1, "nc: bind: Address already in use\n")
