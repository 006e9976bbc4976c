"""Which endpoints a connection may get, and which one it gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.network import Dropped
from kubelite.proxy.balance import AffinityPicker, DroppingPicker, OriginPicker, RandomPicker, SourcePicker
from kubelite.proxy.endpoints import READ_MAX, EndpointReader, ServiceEndpoints
from kubelite.proxy.rules import plan_service
from kubelite.runtime import Randomness

NODE, NODE_IP, VIP = "node-1", "127.240.0.2", "127.240.32.9"


def make_service(**spec):
    port = {"name": "http", "port": 80, "protocol": "TCP", **spec.pop("port", {})}
    return {
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"clusterIP": VIP, "clusterIPs": [VIP], "ports": [port], **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": "127.240.16.1", "ipMode": "VIP"}]}},
    }


def make_slice(*endpoints, name="http", port=8080, protocol="TCP"):
    return {"ports": [{"name": name, "port": port, "protocol": protocol}], "endpoints": list(endpoints)}


def make_endpoint(ip, *, ready=True, serving=None, terminating=False, node=NODE, zones=(), nodes=()):
    serving = ready if serving is None else serving
    hints = {"forZones": [{"name": each} for each in zones], "forNodes": [{"name": each} for each in nodes]}
    return {
        "hints": {name: each for name, each in hints.items() if each},
        "addresses": [ip],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": node,
    }


def plan(service, *slices, node=NODE, zone=""):
    found = plan_service(service, ServiceEndpoints(slices), node, NODE_IP, zone)
    return {rule.destination: rule for rule in found.rules}


endpoints = st.lists(
    st.builds(
        make_endpoint,
        st.integers(1, 200).map(lambda n: f"127.240.64.{n}"),
        ready=st.booleans(),
        serving=st.booleans(),
        terminating=st.booleans(),
        node=st.sampled_from([NODE, "node-2"]),
    ),
    unique_by=lambda each: each["addresses"][0],
    max_size=8,
)


@given(endpoints, st.sampled_from(["Cluster", "Local"]))
async def test_never_an_endpoint_that_is_not_ready_while_one_is(found, policy):
    service = make_service(internalTrafficPolicy=policy)
    chosen = {ip for ip, _ in plan(service, make_slice(*found))[VIP, 80, "TCP"].endpoints}
    local = [each for each in found if policy == "Cluster" or each["nodeName"] == NODE]
    ready = {each["addresses"][0] for each in local if each["conditions"]["ready"]}
    draining = {
        each["addresses"][0]
        for each in local
        if each["conditions"]["serving"] and each["conditions"]["terminating"]
    }
    assert chosen == (ready or draining)


async def test_every_door_of_a_service():
    service = make_service(
        port={"nodePort": 30080},
        externalIPs=["192.0.2.7"],
        externalTrafficPolicy="Local",
        type="LoadBalancer",
    )
    rules = plan(
        service, make_slice(make_endpoint("127.240.64.1"), make_endpoint("127.240.65.1", node="node-2"))
    )
    assert len(rules[VIP, 80, "TCP"].endpoints) == 2
    for door in ((NODE_IP, 30080, "TCP"), ("192.0.2.7", 80, "TCP"), ("127.240.16.1", 80, "TCP")):
        assert rules[door].endpoints == (("127.240.64.1", 8080),)


async def test_headless_and_external_names_have_no_rules():
    assert plan(make_service(clusterIP="None", clusterIPs=["None"])) == {}
    assert plan(make_service(clusterIP="", clusterIPs=[])) == {}


async def test_slices_are_joined_by_port_name_and_protocol():
    service = make_service()
    service["spec"]["ports"].append({"name": "dns", "port": 80, "protocol": "UDP"})
    one, two = make_endpoint("127.240.64.1"), make_endpoint("127.240.64.2")
    rules = plan(
        service,
        make_slice(one),
        make_slice(two, port=9090),
        make_slice(one, name="dns", port=53, protocol="UDP"),
    )
    assert rules[VIP, 80, "TCP"].endpoints == (("127.240.64.1", 8080), ("127.240.64.2", 9090))
    assert rules[VIP, 80, "UDP"].endpoints == (("127.240.64.1", 53),)


async def test_random_picker_reaches_all_and_repeats_with_its_seed():
    targets = tuple((f"127.240.64.{n}", 80) for n in range(1, 5))
    picks = [[RandomPicker(targets, Randomness(7)).pick("x")] for _ in range(2)]
    assert picks[0] == picks[1]
    picker = RandomPicker(targets, Randomness(7))
    assert {picker.pick("x") for _ in range(200)} == set(targets)
    assert RandomPicker((), Randomness(7)).pick("x") is None


class Now:
    value = 0.0

    def monotonic(self):
        return self.value


async def test_affinity_holds_until_its_time_out_and_while_the_endpoint_lives():
    targets, clock, chosen = tuple((f"127.240.64.{n}", 80) for n in range(1, 30)), Now(), {}
    picker = AffinityPicker(targets, Randomness(1), clock, 100.0, chosen)
    first = picker.pick("a")
    for _ in range(20):
        clock.value += 99
        assert picker.pick("a") == first
    assert {picker.pick(f"client-{n}") for n in range(100)} != {first}
    rest = tuple(each for each in targets if each != first)
    assert AffinityPicker(rest, Randomness(1), clock, 100.0, chosen).pick("a") in rest
    clock.value += 1000
    assert len({AffinityPicker(targets, Randomness(n), clock, 0.0, {}).pick("a") for n in range(30)}) > 1


HERE, NEAR, FAR = "127.240.64.1", "127.240.64.2", "127.240.64.3"


@pytest.mark.parametrize(
    ("endpoints", "zone", "chosen"),
    [
        ([make_endpoint(NEAR, zones=["a"]), make_endpoint(FAR, zones=["b"])], "a", [NEAR]),
        ([make_endpoint(NEAR, zones=["a"]), make_endpoint(FAR, zones=["b"])], "c", [NEAR, FAR]),
        ([make_endpoint(NEAR, zones=["a"]), make_endpoint(FAR, zones=["b"])], "", [NEAR, FAR]),
        ([make_endpoint(NEAR, zones=["a"]), make_endpoint(FAR)], "a", [NEAR, FAR]),
        ([make_endpoint(NEAR, zones=["a", "b"]), make_endpoint(FAR, zones=["b"])], "b", [NEAR, FAR]),
        (
            [
                make_endpoint(HERE, zones=["a"], nodes=[NODE]),
                make_endpoint(NEAR, zones=["a"], nodes=["node-2"]),
                make_endpoint(FAR, zones=["b"], nodes=["node-3"]),
            ],
            "a",
            [HERE],
        ),
        (
            [
                make_endpoint(NEAR, zones=["a"], nodes=["node-2"]),
                make_endpoint(FAR, zones=["b"], nodes=["node-3"]),
            ],
            "a",
            [NEAR],
        ),
        (
            [make_endpoint(NEAR, zones=["a"], ready=False), make_endpoint(FAR, zones=["b"])],
            "a",
            [FAR],
        ),
        (
            [
                make_endpoint(NEAR, ready=False, serving=True, terminating=True, zones=["a"]),
                make_endpoint(FAR, ready=False, serving=True, terminating=True, zones=["b"]),
            ],
            "a",
            [NEAR, FAR],
        ),
    ],
)
def test_hints_narrow_down_what_is_ready_where_all_of_it_has_some_and_some_is_meant(endpoints, zone, chosen):
    slices = [make_slice(*endpoints)]
    assert ServiceEndpoints(slices).has_hints
    assert [ip for ip, _ in plan(make_service(), *slices, zone=zone)[VIP, 80, "TCP"].endpoints] == chosen


async def test_hints_do_not_concern_policy_local():
    slices = make_slice(make_endpoint(HERE, zones=["b"]), make_endpoint(NEAR, node="node-2", zones=["a"]))
    rules = plan(make_service(internalTrafficPolicy="Local"), slices, zone="a")
    assert rules[VIP, 80, "TCP"].endpoints == ((HERE, 8080),)


async def test_packets_are_dropped_where_only_other_nodes_have_endpoints():
    service, elsewhere = make_service(internalTrafficPolicy="Local"), make_slice(make_endpoint(FAR, node="x"))
    assert plan(service, elsewhere)[VIP, 80, "TCP"].drops
    assert not plan(service, elsewhere, node="")[VIP, 80, "TCP"].drops, "nobody is local to no node"
    assert not plan(service, make_slice())[VIP, 80, "TCP"].drops, "without any endpoint they are refused"
    assert not plan(service, make_slice(make_endpoint(HERE)))[VIP, 80, "TCP"].drops
    service = make_service(port={"nodePort": 30080}, externalTrafficPolicy="Local", type="NodePort")
    rules = plan(service, elsewhere)
    assert rules[NODE_IP, 30080, "TCP"].drops
    assert not rules[VIP, 80, "TCP"].drops
    with pytest.raises(Dropped):
        DroppingPicker().pick(HERE)


async def test_the_external_policy_is_about_clients_outside():
    service = make_service(port={"nodePort": 30080}, externalTrafficPolicy="Local", type="LoadBalancer")
    slices = make_slice(make_endpoint(FAR, node="node-2"))
    for door in ((NODE_IP, 30080, "TCP"), ("127.240.16.1", 80, "TCP")):
        rule = plan(service, slices)[door]
        assert (rule.endpoints, rule.inside) == ((), ((FAR, 8080),))
        control_plane = plan(service, slices, node="")[door]
        assert control_plane.endpoints == ((FAR, 8080),), "load balancers know who has endpoints"
    picker = OriginPicker(
        RandomPicker(((FAR, 8080),), Randomness(1)),
        RandomPicker((), Randomness(1)),
        lambda source: source == HERE,
    )
    assert picker.pick(HERE) == (FAR, 8080)
    assert picker.pick("127.0.0.1") is None
    assert picker.endpoints == ((FAR, 8080),)


def check(service, *endpoints, node=NODE):
    return plan_service(service, ServiceEndpoints([make_slice(*endpoints)]), node, NODE_IP).health_check


async def test_load_balancers_may_ask_for_ready_endpoints_of_the_node():
    service = make_service(externalTrafficPolicy="Local", type="LoadBalancer", healthCheckNodePort=30999)
    service["spec"]["ports"].append({"name": "http", "port": 81, "protocol": "TCP"})
    found = check(
        service,
        make_endpoint(HERE),
        make_endpoint(NEAR, ready=False, serving=True, terminating=True),
        make_endpoint(FAR, node="node-2"),
    )
    assert found == (30999, "default", "s", 1)
    assert check(service, make_endpoint(FAR, node="node-2")).local_endpoints == 0


@pytest.mark.parametrize(
    "spec",
    [
        {"externalTrafficPolicy": "Cluster", "type": "LoadBalancer", "healthCheckNodePort": 30999},
        {"externalTrafficPolicy": "Local", "type": "NodePort", "healthCheckNodePort": 30999},
        {"externalTrafficPolicy": "Local", "type": "LoadBalancer"},
    ],
)
async def test_nobody_asks_about_other_services(spec):
    assert check(make_service(**spec), make_endpoint(HERE)) is None


async def test_an_address_leads_to_endpoints_of_its_family():
    service = make_service(clusterIPs=[VIP, "fd00::9"])
    slices = (
        make_slice(make_endpoint(HERE)),
        {**make_slice(make_endpoint("fd00::1")), "addressType": "IPv6"},
        {**make_slice(make_endpoint("somewhere.example")), "addressType": "FQDN"},
    )
    rules = plan(service, *slices)
    assert rules[VIP, 80, "TCP"].endpoints == ((HERE, 8080),)
    assert rules["fd00::9", 80, "TCP"].endpoints == (("fd00::1", 8080),)


@pytest.mark.parametrize("label", ["service-proxy-name", "headless"])
async def test_services_that_are_not_for_this_proxy_are_left_alone(label):
    service = make_service()
    service["metadata"]["labels"] = {f"service.kubernetes.io/{label}": "any"}
    assert plan(service, make_slice(make_endpoint(HERE))) == {}


async def test_a_load_balancer_may_be_for_some_networks_only():
    service = make_service(
        port={"nodePort": 30080},
        type="LoadBalancer",
        loadBalancerSourceRanges=[" 10.0.0.0/8", "127.0.0.1/32"],
    )
    rules = plan(service, make_slice(make_endpoint(HERE)))
    assert rules["127.240.16.1", 80, "TCP"].sources == ("10.0.0.0/8", "127.0.0.1/32")
    assert rules[VIP, 80, "TCP"].sources == rules[NODE_IP, 30080, "TCP"].sources == ()
    picker = SourcePicker(RandomPicker(((HERE, 8080),), Randomness(1)), ["10.0.0.0/8", "127.0.0.1/32"])
    assert picker.pick("10.1.2.3") == picker.pick("127.0.0.1") == (HERE, 8080)
    for elsewhere in ("127.0.0.2", ""):
        with pytest.raises(Dropped):
            picker.pick(elsewhere)
    assert "10.0.0.0/8" in repr(picker)
    assert picker.endpoints == ((HERE, 8080),)


async def test_a_shorter_time_out_holds_at_once():
    targets, clock, chosen = tuple((f"127.240.64.{n}", 80) for n in range(1, 30)), Now(), {}
    first = AffinityPicker(targets, Randomness(1), clock, 1000.0, chosen).pick("a")
    clock.value += 100
    later = {AffinityPicker(targets, Randomness(n), clock, 10.0, dict(chosen)).pick("a") for n in range(30)}
    assert later != {first}


async def test_slices_are_read_once_for_all_nodes_and_again_when_they_change():
    reader, slices = EndpointReader(), [make_slice(make_endpoint(HERE))]
    first = reader.read("default/web", slices)
    assert reader.read("default/web", list(slices)) is first
    changed = [*slices, make_slice(make_endpoint(NEAR))]
    second = reader.read("default/web", changed)
    assert second is not first
    for found, chosen in ((first, [HERE]), (second, [HERE, NEAR])):
        rules = plan_service(make_service(), found, NODE, NODE_IP).rules
        assert [ip for ip, _ in rules[0].endpoints] == chosen


async def test_nodes_share_the_endpoints_of_a_service():
    read = ServiceEndpoints([make_slice(make_endpoint(HERE), make_endpoint(NEAR, node="node-2"))])
    one, other = (plan_service(make_service(), read, node, NODE_IP).rules[0] for node in (NODE, "node-2"))
    assert one.endpoints is other.endpoints


async def test_only_so_many_services_are_kept():
    reader, slices = EndpointReader(), [make_slice(make_endpoint(HERE))]
    first = reader.read("default/0", slices)
    for number in range(1, READ_MAX):
        reader.read(f"default/{number}", slices)
    assert reader.read("default/0", slices) is first
    reader.read("default/more", slices)
    assert repr(reader) == f"<EndpointReader {READ_MAX} Services>"
    assert reader.read("default/0", slices) is first, "it was asked for last but one"
