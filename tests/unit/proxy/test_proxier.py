"""The proxy of a node between informers and the wires."""

import aiohttp
import pytest

from kubelite.network import AddressBlock, Fabric, NetworkNamespace, Translator, client_session
from kubelite.network.sockets import open_pipe_listener
from kubelite.proxy import Proxier
from kubelite.proxy.endpoints import EndpointReader
from kubelite.proxy.healthcheck import HealthServer, go_time
from kubelite.runtime import ChildSpec, System, VirtualClock
from tests.unit.proxy.test_proxy_rules import NODE, VIP, make_endpoint, make_service, make_slice


class StubInformer:
    """The part of an informer that the proxy sees; several objects change at one stroke with `put`."""

    def __init__(self):
        self.objects, self.handlers = {}, []

    def add_handler(self, handler):
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    def add_index(self, name, keys_of):
        self.keys_of = keys_of

    def get(self, namespace, name):
        return self.objects.get(name)

    def by_index(self, name, key):
        return [each for each in self.objects.values() if key in self.keys_of(each)]

    def put(self, name, obj):
        old = self.objects.pop(name, None)
        if obj is not None:
            self.objects[name] = obj
        for handler in self.handlers:
            handler(old, obj)


class Stage:
    """A proxy, what it hears and what it does."""

    def __init__(self, block, clock, system):
        self.clock = clock
        self.fabric, self.translator, self.informers = Fabric(block, reaches_outside=False), Translator(), {}
        self.address = block.nodes.take()
        self.spec = ChildSpec(
            "proxy",
            lambda: Proxier(
                node_name=NODE,
                node_address=self.address,
                translator=self.translator,
                informers=self,
                clock=clock,
                random=system.random,
                fabric=self.fabric,
                reader=EndpointReader(),
                open_listener=open_pipe_listener(self.fabric),
            ),
        )
        self.network = NetworkNamespace("client", block.master, self.fabric)

    def informer(self, resource):
        return self.informers.setdefault(resource.plural, StubInformer())

    def put(self, name, **spec):
        service = make_service(**spec) if spec else None
        if service is not None:
            service["metadata"]["name"] = name
        self.informers["services"].put(name, service)

    def put_endpoints(self, name, *endpoints):
        metadata = {
            "name": name,
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": name},
        }
        self.informers["endpointslices"].put(name, {"metadata": metadata, **make_slice(*endpoints)})

    def targets(self, address, port):
        picker = self.translator.rules.get((address, port, "TCP"))
        return None if picker is None else picker.endpoints

    async def settle(self):
        await self.clock.advance(0.001)

    async def ask(self, port, path="/"):
        url = f"http://{self.address}:{port}{path}"
        async with client_session(self.network) as http, http.get(url) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def stage():
    block, clock = AddressBlock.claim(virtual=True), VirtualClock()
    system = System(clock=clock, seed=1)
    made = Stage(block, clock, system)
    await system.start(made.spec)
    await made.settle()
    yield made
    await system.stop()
    block.release()


BALANCED = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30999}


@pytest.mark.parametrize("names", [("old", "new"), ("new", "old")])
async def test_a_destination_may_pass_from_one_service_to_another(stage, names):
    old, new = names
    for name in names:
        stage.put_endpoints(name, make_endpoint(f"127.240.64.{1 + (name == new)}"))
    stage.put(old, port={"nodePort": 30080})
    await stage.settle()
    assert stage.targets(stage.address, 30080) == (("127.240.64.1", 8080),)
    stage.put(old)
    stage.put(new, port={"nodePort": 30080})
    await stage.settle()
    assert stage.targets(stage.address, 30080) == (("127.240.64.2", 8080),)
    assert stage.fabric.is_listening(stage.address, 30080)


async def test_a_port_that_was_for_checks_may_become_a_node_port(stage):
    stage.put_endpoints("a", make_endpoint("127.240.64.1"))
    stage.put_endpoints("b")
    stage.put("a", **BALANCED)
    await stage.settle()
    assert (await stage.ask(30999))[0] == 200
    stage.put("a")
    stage.put("b", port={"nodePort": 30999})
    await stage.settle()
    with pytest.raises(aiohttp.ClientConnectionError):
        await stage.ask(30999)


async def test_a_client_keeps_its_endpoint_whichever_way_it_comes(stage):
    stage.put_endpoints("a", *(make_endpoint(f"127.240.64.{n}") for n in range(1, 60)))
    affinity = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
    stage.put("a", port={"nodePort": 30080}, **affinity)
    await stage.settle()

    def picks():
        doors = ((VIP, 80), (stage.address, 30080))
        return {stage.translator.rules[address, port, "TCP"].pick("client") for address, port in doors}

    first = picks()
    assert len(first) == 1
    await stage.clock.advance(59)
    stage.put_endpoints("a", *(make_endpoint(f"127.240.64.{n}") for n in range(1, 70)))
    await stage.settle()
    assert picks() == first, "other endpoints come and go"
    stage.put("a", port={"nodePort": 30080})
    await stage.settle()
    stage.put("a", port={"nodePort": 30080}, **affinity)
    await stage.settle()
    assert picks() != first, "nobody remembers what was before there was no affinity"


async def test_the_text_of_a_check_is_kube_proxys(stage):
    stage.put("a", **BALANCED)
    await stage.settle()
    service = '"service": {\n\t\t"namespace": "default",\n\t\t"name": "a"\n\t}'
    text = f'{{\n\t{service},\n\t"localEndpoints": 0,\n\t"serviceProxyHealthy": true\n}}'
    assert await stage.ask(30999) == (503, text)


async def test_connections_to_a_check_end_with_it(stage):
    stage.put("a", **BALANCED)
    await stage.settle()
    async with client_session(stage.network) as http:
        async with http.get(f"http://{stage.address}:30999/") as answer:
            assert answer.status == 503
        stage.put("a")
        await stage.settle()
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"http://{stage.address}:30999/")


async def test_a_proxy_is_well_unless_a_change_waits_for_a_minute():
    clock = VirtualClock()
    health = HealthServer(clock, lambda: True)
    await clock.advance(100)
    assert health.is_healthy()
    health.queued()
    await clock.advance(59)
    health.queued()
    assert health.is_healthy(), "it is the oldest change that counts, and it is not late yet"
    await clock.advance(1)
    assert not health.is_healthy()
    assert "late" in repr(health)
    health.updated()
    assert health.is_healthy()


@pytest.mark.parametrize(
    ("unix_s", "text"),
    [(0, "1970-01-01 00:00:00 +0000 UTC"), (1.25, "1970-01-01 00:00:01.25 +0000 UTC")],
)
def test_times_are_written_as_go_writes_them(unix_s, text):
    assert go_time(unix_s) == text
