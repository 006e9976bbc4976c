"""Addresses of load balancers: given, kept, asked for, refused."""

import kubelite
from kubelite.testing import VirtualClock


def make_service(name, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
    }


async def test_two_services_do_not_get_one_address():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:

        async def address(name):
            await cluster.wait_for(f"svc/{name}", "jsonpath={.status.loadBalancer.ingress[0].ipMode}=VIP")
            return (await cluster.get("svc", name))["status"]["loadBalancer"]["ingress"][0]["ip"]

        await cluster.apply(make_service("first"))
        first = await address("first")
        free = ".".join([*first.split(".")[:3], "77"])
        await cluster.apply(make_service("asks", loadBalancerIP=free))
        assert await address("asks") == free
        await cluster.apply(make_service("asks-too", loadBalancerIP=free))
        assert await address("asks-too") not in {first, free}
        await cluster.delete("svc", "asks")
        await cluster.apply(make_service("later", loadBalancerIP=free))
        assert await address("later") == free
