"""Commands by which people look at the network from inside a pod."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.testing import VirtualClock

CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"
SERVER = "https://kubernetes.default.svc"
NO_AUTHORITY = "curl: (77) error setting certificate verify locations:  CAfile: /none CApath: none\n"
SHELL = '{"output":"default.svc.cluster.local\\n"}'
HALF_A_REQUEST = "POST /echo HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 10\\r\\n\\r\\nmsg=a"
KUBERNETES = "kubernetes.default.svc.cluster.local.\tIN\tA\n"


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        for name in ("server", "client"):
            container = {"name": "c", "image": "agnhost", "args": ["netexec"]}
            spec = {"containers": [container], "hostAliases": [{"ip": "10.9.8.7", "hostnames": ["alias"]}]}
            await running.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        for name in ("server", "client"):
            await running.wait_for(f"pod/{name}", "ready")
        yield running


async def run(cluster, script):
    address = (await cluster.get("pod", "server"))["status"]["podIP"]
    result = await cluster.exec("client", ["sh", "-c", script.replace("IP", address)])
    return result.exit_code, result.stdout.replace(address, "IP"), result.stderr.replace(address, "IP")


@pytest.mark.parametrize(
    ("script", "code", "out", "err"),
    [
        ("nc -vz -w 5 IP 8080", 0, "", "IP (IP:8080) open\n"),
        ("nc -vuz -w 5 IP 8081", 0, "", "IP (IP:8081) open\n"),
        ("nc -vuz -w 5 IP 9999", 1, "", "nc: IP (IP:9999): Connection refused\n"),
        ("echo hostname | nc -u -w 1 IP 8081", 0, "server", ""),
        ("curl -g -q -s --max-time 15 http://IP:8080/hostname", 0, "server", ""),
        ("curl -g --interface eth0 --connect-timeout 5 -s http://IP:8080/hostname", 0, "server", ""),
        ("printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' | nc -N IP 8080 | tail -n 1", 0, "server", ""),
        (f"printf '{HALF_A_REQUEST}' | nc -N -w 5 IP 8080", 0, "", ""),
        ("printf 'GET /hos' | nc -N -w 5 IP 8080", 0, "", ""),
        ("echo hostName | nc -t -w 2 IP 8080 | head -n 1 | cut -d' ' -f2", 0, "400\n", ""),
        ("dig +noall +answer +search kubernetes.default A | wc -l", 0, "1\n", ""),
        ("dig +tcp +noall +answer +search kubernetes.default A | cut -f1,3,4", 0, KUBERNETES, ""),
        ("dig +noall +comments nobody.default.svc.cluster.local | grep -c NXDOMAIN", 0, "1\n", ""),
        ("dig +noall +answer nobody.default.svc.cluster.local A", 0, "", ""),
        ("curl -s -d msg=hi -d code=201 -w ' %{http_code}' http://IP:8080/echo", 0, "hi 201", ""),
        ("curl -s -G --data-urlencode 'msg=a b&c' http://IP:8080/echo", 0, "a b&c", ""),
        ("echo 'msg=from a file' > /tmp/f; curl -s -d @/tmp/f http://IP:8080/echo", 0, "from a file", ""),
        ("curl -sf -w '%{http_code}' 'http://IP:8080/echo?code=404'", 22, "404", ""),
        ("curl -s -o /dev/null -w %{http_code} http://IP:1/", 7, "000", ""),
        (f"curl -s --cacert {CREDENTIALS}/ca.crt {SERVER}/readyz", 0, "ok", ""),
        (f"curl -s {SERVER}/readyz", 60, "", ""),
        ("curl --cacert /none https://a", 77, "", NO_AUTHORITY),
        ("curl -d @/none http://IP:8080/echo", 26, "", "curl: (26) Failed to open /none\n"),
        ("curl --retry 2 --retry-connrefused --retry-delay 1 -s http://IP:1/", 7, "", ""),
        ("/agnhost connect IP:8080 --timeout=1s && echo yes", 0, "yes\n", ""),
        ("/agnhost connect IP:1 2>&1 | tr A-Z a-z", 0, "refused\n", ""),
        ("/agnhost dns-suffix | cut -d, -f1", 0, "default.svc.cluster.local\n", ""),
        ("curl -s 'http://IP:8080/shell?cmd=/agnhost+dns-suffix+|+cut+-d,+-f1'", 0, SHELL, ""),
        ("getent hosts alias", 0, "10.9.8.7        alias\n", ""),
        ("getent hosts kubernetes.default | wc -l", 0, "1\n", ""),
        ("getent hosts client | wc -l", 0, "1\n", ""),
        ("getent hosts nobody.example", 2, "", ""),
        ("getent passwd root", 1, "", "getent: Unknown database: passwd\n"),
    ],
)
async def test_what_commands_say(cluster, script, code, out, err):
    assert await run(cluster, script) == (code, out, err)
