"""kubectl attach, run -i and port-forward: over SPDY, over WebSocket, or over SPDY inside of WebSocket.

Exec and attach speak WebSocket since kubectl 1.30, port-forward tunnels since 1.31.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

ECHO = "while read line; do echo you said $line; done; echo bye"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def test_an_interactive_run_reads_to_the_end_of_its_input(kubectl):
    output = kubectl(
        *("run", "talk", "--image=busybox", "-i", "--rm", "--restart=Never", "--command", "--"),
        *("sh", "-c", ECHO),
        stdin="one\ntwo\n",
    )
    assert output.splitlines()[:3] == ["you said one", "you said two", "bye"]


def test_attach_gives_input_to_a_running_container(kubectl):
    container = {"name": "c", "image": "busybox", "stdin": True, "stdinOnce": True}
    container["command"] = ["sh", "-c", ECHO]
    spec = {"containers": [container], "restartPolicy": "Never"}
    kubectl(
        "create",
        "-f",
        "-",
        stdin={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec},
    )
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=20s")
    assert "you said hello" in kubectl("attach", "-i", "p", stdin="hello\n")
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/p", "--timeout=20s")


def test_exec_with_a_terminal_joins_both_outputs(kubectl):
    kubectl.frontend()
    assert kubectl("exec", "frontend", "--", "sh", "-c", "echo out") == "out\n"
    big = kubectl("exec", "frontend", "--", "sh", "-c", "seq 1 20000")
    assert big.splitlines()[-1] == "20000"


@pytest.mark.parametrize("target", ["pod/web", "service/web"])
def test_port_forward_carries_requests_one_after_the_other(kubectl, target):
    kubectl("run", "web", "--image=nginx", "--port=80", "--expose")
    kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    with kubectl.following("port-forward", target, ":80") as lines:
        address = re.search(r"127\.0\.0\.1:\d+", next(lines))[0]
        for _ in range(3):
            assert b"Welcome to nginx!" in fetch(f"http://{address}/")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(f"http://{address}/none")


def test_port_forward_to_a_port_where_nobody_listens(kubectl):
    kubectl("run", "web", "--image=nginx")
    kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    with kubectl.following("port-forward", "pod/web", ":81") as lines:
        address = re.search(r"127\.0\.0\.1:\d+", next(lines))[0]
        with pytest.raises(OSError):
            fetch(f"http://{address}/")
