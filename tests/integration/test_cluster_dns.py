"""What pods are told by cluster DNS itself, over its own wires, as by CoreDNS."""

import asyncio

import dnslib
import pytest

import kubelite
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  containers: [{name: client, image: test/asks}]
---
apiVersion: v1
kind: Service
metadata: {name: away}
spec: {type: ExternalName, externalName: far.example}
---
apiVersion: v1
kind: Service
metadata: {name: names}
spec: {clusterIP: None}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: names-1, labels: {kubernetes.io/service-name: names}}
addressType: FQDN
endpoints: [{addresses: [somewhere.example]}]
ports: []
"""


class Asking(asyncio.DatagramProtocol):
    def __init__(self):
        self.heard = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.heard.put_nowait((dnslib.DNSRecord.parse(data), addr))


@pytest.fixture
async def ask():
    """Asks cluster DNS from within a pod, by UDP to its Service."""
    questions, answers = asyncio.Queue(), asyncio.Queue()

    async def main(container):
        loop = asyncio.get_running_loop()
        while True:
            server, question = await questions.get()
            transport, protocol = await loop.create_datagram_endpoint(Asking, remote_addr=(server, 53))
            transport.sendto(question.pack())
            answers.put_nowait(await protocol.heard.get())
            transport.close()

    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        cluster.images["test/asks"] = main
        await cluster.apply(MANIFEST)
        await cluster.wait_for("pod/client")
        service = await cluster.get("service", "kube-dns", namespace="kube-system")
        server = service["spec"]["clusterIP"]

        async def ask(name, kind="A"):
            questions.put_nowait((server, dnslib.DNSRecord.question(name, kind)))
            reply, source = await answers.get()
            assert source == (server, 53)
            code = dnslib.RCODE[reply.header.rcode]
            return code, [str(each.rdata).rstrip(".") for each in reply.rr]

        yield ask


async def test_pods_ask_by_udp(ask):
    code, addresses = await ask("kubernetes.default.svc.cluster.local")
    assert (code, len(addresses)) == ("NOERROR", 1)
    assert await ask("nothing.default.svc.cluster.local") == ("NXDOMAIN", [])


async def test_names_outside_are_asked_for_also_by_an_external_name(ask):
    assert await ask("away.default.svc.cluster.local", "CNAME") == ("NOERROR", ["far.example"])
    assert await ask("away.default.svc.cluster.local") == ("NOERROR", ["far.example"])
    assert await ask("far.example") == ("NXDOMAIN", [])


async def test_a_slice_of_names_does_no_harm(ask):
    assert (await ask("names.default.svc.cluster.local"))[1] == []
    assert (await ask("kubernetes.default.svc.cluster.local"))[0] == "NOERROR"
