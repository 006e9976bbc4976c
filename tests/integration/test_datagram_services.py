"""UDP to Services from outside, and from pods on other nodes."""

import asyncio
import socket

import kubelite
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: echo, labels: {app: echo}}
spec:
  containers:
  - name: echo
    image: agnhost
    args: [netexec, --udp-port=8081]
    ports: [{containerPort: 8081, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec:
  type: LoadBalancer
  selector: {app: echo}
  ports: [{port: 81, targetPort: 8081, protocol: UDP}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  containers: [{name: client, image: busybox, command: [sleep, "3600"]}]
"""


async def doors(cluster):
    """The addresses and ports of the Service on every node, and of its load balancer."""
    await cluster.apply(MANIFEST)
    await cluster.wait_for("pod/echo")
    await cluster.wait_for("pod/client")
    await cluster.wait_for("svc/echo", "jsonpath={.status.loadBalancer.ingress[0].ipMode}=VIP")
    service = await cluster.get("svc", "echo")
    port = service["spec"]["ports"][0]["nodePort"]
    nodes = await cluster.get("nodes")
    addresses = [node["status"]["addresses"][0]["address"] for node in nodes]
    balancer = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    return [*((address, port) for address in addresses), (balancer, 81)]


def ask(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((address, port))
        client.send(b"echo hello\n")
        return client.recv(100)


async def test_clients_outside_reach_every_door():
    async with kubelite.Cluster(nodes=2) as cluster:
        for address, port in await doors(cluster):
            assert await asyncio.to_thread(ask, address, port) == b"hello"


async def test_pods_reach_the_ports_of_all_nodes():
    async with kubelite.Cluster(nodes=3, clock=VirtualClock(), seed=1) as cluster:
        for address, port in await doors(cluster):
            command = f"echo 'echo hello' | nc -u -w 1 {address} {port}"
            answer = await cluster.exec("client", ["sh", "-c", command])
            assert "hello" in answer.stdout
