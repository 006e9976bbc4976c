"""Ranges of cluster addresses: ready at once, gone when no address is left without a range."""

import pytest

from kubelite.api.resources import IPADDRESSES, SERVICECIDRS, SERVICES
from kubelite.apimachinery.apierrors import InternalError, Invalid
from kubelite.controllers import servicecidrs
from kubelite.master.apiserver.config import APIServerConfig
from tests.unit.controllers.rig import rig

SMALL = APIServerConfig(service_network="10.96.0.0/29")


def make_cidr(name, *cidrs):
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR"}
    return {**kind, "metadata": {"name": name}, "spec": {"cidrs": list(cidrs)}}


def make_service(name, address=None):
    spec = {"ports": [{"port": 80}]} | ({"clusterIP": address} if address else {})
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("going", "others", "addresses", "goes"),
    [
        (["10.1.0.0/24"], [], [], True),
        (["10.1.0.0/24"], [], ["10.1.0.1"], False),
        (["10.1.0.0/24"], [], ["10.2.0.1"], True),
        (["10.1.0.0/24"], ["10.1.0.0/24"], ["10.1.0.1"], True),
        (["10.1.0.0/24"], ["10.0.0.0/8"], ["10.1.0.1"], True),
        (["10.1.0.0/24"], ["10.1.0.0/25"], ["10.1.0.1"], True),
        (["10.1.0.0/24"], ["10.1.0.0/25"], ["10.1.0.200"], False),
        (["10.1.0.0/24"], ["10.1.0.0/25"], ["10.1.0.127"], False),
        (["10.1.0.0/24"], ["fd00::/64"], ["10.1.0.1"], False),
        (["10.1.0.0/24", "fd00::/112"], ["10.0.0.0/8"], ["10.1.0.1"], True),
        (["10.1.0.0/24", "fd00::/112"], ["10.0.0.0/8"], ["fd00::ffff"], False),
    ],
)
def test_a_range_goes_if_no_address_is_orphaned(going, others, addresses, goes):
    cidr = make_cidr("going", *going)
    every = [cidr, *(make_cidr(f"other-{number}", each) for number, each in enumerate(others))]
    assert servicecidrs.can_go(cidr, every, addresses) is goes


async def ready_of(r, name):
    cidr = await r.client.get(SERVICECIDRS, name)
    (condition,) = cidr["status"]["conditions"]
    return condition["status"], condition.get("reason", ""), condition["message"]


async def test_a_new_range_is_ready_and_cannot_just_vanish():
    async with rig("service-cidr-controller") as r:
        await r.client.create(SERVICECIDRS, make_cidr("more", "10.200.0.0/28"))
        await r.settle()
        assert await ready_of(r, "more") == ("True", "", "Kubernetes Service CIDR is ready")
        made = await r.client.get(SERVICECIDRS, "more")
        assert made["metadata"]["finalizers"] == [servicecidrs.FINALIZER]
        managers = {each["manager"] for each in made["metadata"]["managedFields"]}
        assert "service-cidr-controller" in managers
        await r.settle(60)
        assert (await r.client.get(SERVICECIDRS, "more"))["metadata"]["resourceVersion"] == (
            made["metadata"]["resourceVersion"]
        ), "what is ready is left alone"


async def test_services_get_addresses_of_added_ranges_and_hold_them():
    async with rig("service-cidr-controller") as r:
        with pytest.raises(Invalid, match="does not match the current range"):
            await r.client.create(SERVICES, make_service("early", "10.200.0.5"), "default")
        await r.client.create(SERVICECIDRS, make_cidr("more", "10.200.0.0/28"))
        await r.settle()
        await r.client.create(SERVICES, make_service("named", "10.200.0.5"), "default")
        assert (await r.client.get(IPADDRESSES, "10.200.0.5"))["spec"]["parentRef"]["name"] == "named"
        with pytest.raises(Invalid, match="already allocated"):
            await r.client.create(SERVICES, make_service("again", "10.200.0.5"), "default")

        await r.client.delete(SERVICECIDRS, "more")
        await r.settle()
        assert await ready_of(r, "more") == (
            "False",
            "Terminating",
            servicecidrs.TERMINATING["message"],
        )
        with pytest.raises(Invalid, match="does not match the current range"):
            await r.client.create(SERVICES, make_service("late", "10.200.0.6"), "default")
        await r.settle(60)
        await r.client.delete(SERVICES, "named", "default")
        await r.gone(SERVICECIDRS, "more")


async def test_a_range_that_is_free_stays_for_a_while_after_its_deletion():
    async with rig("service-cidr-controller") as r:
        await r.client.create(SERVICECIDRS, make_cidr("more", "10.200.0.0/28"))
        await r.settle()
        await r.client.delete(SERVICECIDRS, "more")
        await r.settle(8)
        assert "deletionTimestamp" in (await r.client.get(SERVICECIDRS, "more"))["metadata"]
        await r.settle(4)
        await r.gone(SERVICECIDRS, "more")


async def test_a_larger_range_lets_a_smaller_one_go():
    async with rig("service-cidr-controller") as r:
        await r.client.create(SERVICECIDRS, make_cidr("small", "10.200.0.0/28"))
        await r.settle()
        await r.client.create(SERVICES, make_service("named", "10.200.0.5"), "default")
        await r.client.delete(SERVICECIDRS, "small")
        await r.settle(30)
        assert (await ready_of(r, "small"))[0] == "False"
        await r.client.create(SERVICECIDRS, make_cidr("large", "10.200.0.0/16"))
        await r.gone(SERVICECIDRS, "small")


async def test_a_full_range_leads_on_to_the_next():
    async with rig("service-cidr-controller", server=SMALL) as r:
        for number in range(5):  # the API server's own Service has one of the six
            await r.client.create(SERVICES, make_service(f"s-{number}"), "default")
        with pytest.raises(InternalError, match="range is full"):
            await r.client.create(SERVICES, make_service("more"), "default")
        await r.client.create(SERVICECIDRS, make_cidr("more", "10.200.0.0/28"))
        await r.settle()
        made = await r.client.create(SERVICES, make_service("more"), "default")
        assert made["spec"]["clusterIP"].startswith("10.200.0.")


async def test_an_address_that_somebody_reserved_is_not_given_away():
    async with rig("service-cidr-controller", server=SMALL) as r:
        parent = {"resource": "machines", "name": "router", "namespace": "default"}
        kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress"}
        mine = {**kind, "metadata": {"name": "10.96.0.4"}, "spec": {"parentRef": parent}}
        await r.client.create(IPADDRESSES, mine)
        with pytest.raises(Invalid, match="already allocated"):
            await r.client.create(SERVICES, make_service("named", "10.96.0.4"), "default")
        given = [
            await r.client.create(SERVICES, make_service(f"s-{number}"), "default") for number in range(4)
        ]
        assert "10.96.0.4" not in {each["spec"]["clusterIP"] for each in given}
        await r.client.delete(SERVICES, "s-0", "default")
        assert (await r.client.get(IPADDRESSES, "10.96.0.4"))["spec"]["parentRef"] == parent


async def test_the_range_of_the_cluster_itself_comes_back():
    async with rig("service-cidr-controller") as r:
        await r.client.create(SERVICECIDRS, make_cidr("large", "10.0.0.0/8"))
        await r.settle()
        uid = (await r.client.get(SERVICECIDRS, "kubernetes"))["metadata"]["uid"]
        await r.client.delete(SERVICECIDRS, "kubernetes")
        await r.settle(30)
        again = await r.client.get(SERVICECIDRS, "kubernetes")
        assert again["metadata"]["uid"] != uid
        assert again["spec"] == {"cidrs": ["10.96.0.0/16"]}
        assert (await ready_of(r, "kubernetes"))[0] == "True"
