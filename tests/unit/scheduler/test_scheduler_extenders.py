"""Extenders: what they are told, what their answers mean, and what becomes of pods when they fail."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from aiohttp import web

from kubelite.network import AddressBlock, Fabric, NetworkNamespace, client_session
from kubelite.scheduler.profiles import parse_config
from tests.unit.scheduler.objects import make_node, make_pod

URL = "http://{host}:8888/v1"


class Server:
    """An extender: `answers` gives the answer to a verb, or the function that makes it of what was asked.

    Attributes:
        asked: (verb, arguments), in their order.
    """

    def __init__(self, block):
        self.answers, self.asked = {}, []
        self.fabric = Fabric(block, reaches_outside=False)
        self.network = NetworkNamespace("cluster", block.master, self.fabric)
        self.host = block.master

    def listen(self):
        self.server = web.Server(self.handle, access_log=None)
        self.fabric.listen(self.host, 8888, self.server)

    async def handle(self, request):
        verb, args = request.path.removeprefix("/v1/"), orjson.loads(await request.read())
        self.asked.append((verb, args))
        answer = self.answers[verb]
        answer = answer(args) if callable(answer) else answer
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.Response(body=orjson.dumps(answer))


@pytest.fixture
def server():
    block = AddressBlock.claim(virtual=True)
    yield Server(block)
    block.release()


@pytest.fixture
def session(server):
    return lambda: client_session(server.network)


@pytest.fixture
def settings():
    """Of the extender; a test may have its own."""
    return {}


@pytest.fixture
def config(server, settings):
    return parse_config({"extenders": [{"urlPrefix": URL.format(host=server.host), **settings}]})


@pytest.fixture
async def extended(cluster, server):
    server.listen()
    settle = cluster.settle

    async def settle_with_server():
        for _ in range(10):
            await settle()
            await asyncio.sleep(0)

    cluster.settle = settle_with_server
    yield cluster
    cluster.clock.unfreeze()
    await server.server.shutdown(0.01)


def extender(**settings):
    return pytest.mark.parametrize("settings", [settings])


def conditions(cluster, name="p"):
    return cluster.conditions[name]["reason"], cluster.conditions[name]["message"]


@extender(filterVerb="filter")
async def test_nodes_are_taken_out(extended, server):
    for name in ("a", "b"):
        extended.nodes.put(make_node(name))
    server.answers["filter"] = lambda args: {"Nodes": {"items": args["Nodes"]["items"][1:]}}
    extended.pods.put(make_pod())
    await extended.settle()
    [(_, args)] = server.asked
    assert args["Pod"]["metadata"]["name"] == "p"
    assert [each["metadata"]["name"] for each in args["Nodes"]["items"]] == ["a", "b"]
    assert args["NodeNames"] is None
    assert extended.bound == {"p": "b"}


@extender(filterVerb="filter", nodeCacheCapable=True)
async def test_an_extender_that_knows_nodes_is_told_names_and_may_answer_in_any_case(extended, server):
    for name in ("a", "b"):
        extended.nodes.put(make_node(name))
    server.answers["filter"] = {"nodenames": ["a"], "failedNodes": {"b": "no"}}
    extended.pods.put(make_pod())
    await extended.settle()
    [(_, args)] = server.asked
    assert (args["Nodes"], args["NodeNames"]) == (None, ["a", "b"])
    assert extended.bound == {"p": "a"}


@extender(filterVerb="filter", nodeCacheCapable=True)
async def test_why_nodes_were_taken_out_is_told_and_anything_lets_the_pod_try_again(extended, server):
    for name in ("a", "b"):
        extended.nodes.put(make_node(name))
    failed = {"FailedNodes": {"a": "no GPU", "b": "no"}, "FailedAndUnresolvableNodes": {"b": "never"}}
    server.answers["filter"] = {"NodeNames": [], **failed}
    extended.pods.put(make_pod())
    await extended.settle()
    reason, message = conditions(extended)
    assert reason == "Unschedulable"
    assert message.startswith("0/2 nodes are available: 1 never, 1 no GPU. ")
    server.answers["filter"] = {"NodeNames": ["b"]}
    await extended.clock.advance(5)
    extended.nodes.put(make_node("a", labels={"new": "label"}))
    await extended.settle()
    assert extended.bound == {"p": "b"}


@extender(prioritizeVerb="score", weight=3)
async def test_points_are_added_to_those_of_plugins(extended, server):
    for name in ("a", "b", "c"):
        extended.nodes.put(make_node(name))
    server.answers["score"] = [
        {"Host": "a", "Score": 1},
        {"host": "c", "score": 2},
        {"Host": "x", "Score": 9},
    ]
    extended.pods.put(make_pod())
    await extended.settle()
    assert extended.bound == {"p": "c"}


@extender(filterVerb="filter", managedResources=[{"name": "x.org/gpu", "ignoredByScheduler": True}])
async def test_only_pods_that_ask_for_what_it_manages_are_asked_about(extended, server):
    extended.nodes.put(make_node("a"))
    server.answers["filter"] = lambda args: {"Nodes": args["Nodes"]}
    extended.pods.put(make_pod("plain"))
    await extended.settle()
    assert (extended.bound, server.asked) == ({"plain": "a"}, [])
    extended.pods.put(make_pod("special", requests={"x.org/gpu": "1"}))
    await extended.settle()
    assert extended.bound == {"plain": "a", "special": "a"}  # though no node has any
    assert [verb for verb, _ in server.asked] == ["filter"]


@extender(filterVerb="filter")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (500, "failed filter with extender at URL {url}/filter, code 500"),
        ({"Error": "I do not know"}, "I do not know"),
        (
            {"Nodes": {"items": [{"metadata": {"name": "z"}}]}},
            'extender "{url}" claims a filtered node "z" which is not found in the input node list',
        ),
        ([], "json: cannot unmarshal list into an object"),
    ],
)
async def test_a_pod_waits_for_an_extender_that_fails(extended, server, answer, message):
    extended.nodes.put(make_node("a"))
    server.answers["filter"] = answer
    extended.pods.put(make_pod())
    await extended.settle()
    assert conditions(extended) == ("SchedulerError", message.format(url=URL.format(host=server.host)))
    server.answers["filter"] = lambda args: {"Nodes": args["Nodes"]}
    await extended.clock.advance(2)
    await extended.settle()
    assert extended.bound == {"p": "a"}


@extender(filterVerb="filter", ignorable=True)
async def test_an_extender_that_may_be_ignored_is(extended, server):
    extended.nodes.put(make_node("a"))
    server.answers["filter"] = 503
    extended.pods.put(make_pod())
    await extended.settle()
    assert extended.bound == {"p": "a"}


@extender(bindVerb="bind")
async def test_an_extender_binds(extended, server):
    def bind(args):
        pod = extended.pods.objects[args["PodName"]]
        extended.pods.put({**pod, "spec": {**pod["spec"], "nodeName": args["Node"]}})
        return {}

    extended.nodes.put(make_node("a"))
    server.answers["bind"] = bind
    extended.pods.put(make_pod())
    await extended.settle()
    [(_, args)] = server.asked
    assert args == {"PodName": "p", "PodNamespace": "default", "PodUID": "uid-p", "Node": "a"}
    assert extended.bound == {}  # by the scheduler
    assert extended.events == [("p", "Normal", "Scheduled", "Successfully assigned default/p to a")]


@extender(preemptVerb="preempt", nodeCacheCapable=True)
async def test_an_extender_chooses_victims(extended, server):
    for name in ("a", "b"):
        extended.nodes.put(make_node(name, cpu="1"))
        extended.pods.put(make_pod(f"on-{name}", requests={"cpu": "1"}, node=name, priority=0))
    chosen = {"b": {"Pods": [{"UID": "uid-on-b"}], "NumPDBViolations": 0}}
    server.answers["preempt"] = {"NodeNameToMetaVictims": chosen}
    extended.pods.put(make_pod("high", requests={"cpu": "1"}, priority=9))
    await extended.settle()
    (_, args), *_ = server.asked
    assert args["NodeNameToMetaVictims"]["a"] == {"Pods": [{"UID": "uid-on-a"}], "NumPDBViolations": 0}
    assert extended.deleted == ["on-b"]
    server.answers["preempt"] = {"NodeNameToMetaVictims": {}}
    extended.pods.put(make_pod("higher", requests={"cpu": "1"}, priority=10))
    await extended.settle()
    assert conditions(extended, "higher")[1].endswith("preemption: no candidate node for preemption")
