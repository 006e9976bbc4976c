"""The zone outlives the server that keeps it up to date."""

from __future__ import annotations

from kubelite.api.resources import NAMESPACES, SERVICES
from kubelite.client.informer import InformerFactory
from kubelite.dns import DNSServer, Zone, refuse_outside
from kubelite.dns.records import Record
from kubelite.network import AddressBlock, Fabric
from kubelite.runtime import ChildSpec
from tests.harness import api_server


async def test_what_was_removed_while_no_server_ran_is_forgotten():
    zone = Zone("cluster.local")
    zone.namespaces.add("gone")
    zone.replace("default/gone", [Record("gone.default.svc.cluster.local", "A", "10.0.0.1")])
    block = AddressBlock.claim(virtual=True)
    fabric = Fabric(block, reaches_outside=False)
    async with api_server() as client:
        await client.create(NAMESPACES, {"metadata": {"name": "new"}})
        kept = {"metadata": {"name": "kept"}, "spec": {"ports": [{"port": 80}]}}
        await client.create(SERVICES, kept, "default")
        informers = InformerFactory(client)
        server = ChildSpec(
            "dns",
            lambda: DNSServer(
                zone=zone,
                informers=informers,
                fabric=fabric,
                address=block.nodes.take(),
                outside=refuse_outside,
            ),
        )
        for spec in (informers.spec(), server):
            client.system.spawn(client.system.ref("apiserver").slot, spec)
        while zone.find("kept.default.svc.cluster.local", "A") is None:
            await client.clock.sleep(0.01)
        assert zone.find("gone.default.svc.cluster.local", "A") is None
        assert "new" in zone.namespaces
        assert "gone" not in zone.namespaces
    block.release()
