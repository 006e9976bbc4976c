"""Counters of pods: equal to counting anew, whenever they are made, and looked for only where they can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubelite.scheduler.cache import Cache
from kubelite.scheduler.podinfo import PodInfo
from tests.unit.scheduler.objects import make_node, make_pod

NODES = ("a", "b", "c")
WEB = {"app": "web"}
HERE = ("default",)


def cache_of(*names):
    cache = Cache()
    for name in names:
        cache.set_node(name, make_node(name))
    return cache


def info(name, **labels):
    return PodInfo.of(make_pod(name, labels=labels))


class Asked:
    """A question that remembers the pods it was asked about."""

    def __init__(self):
        self.names = []

    def __call__(self, pod):
        self.names.append(pod.uid.removeprefix("uid-"))
        return pod.labels.get("app") == "web"


pods = st.tuples(st.integers(0, 5), st.sampled_from(NODES), st.sampled_from(["web", "db", ""]))


@given(st.lists(st.one_of(pods, st.integers(0, 5))), st.booleans())
def test_a_counter_made_late_says_what_one_from_the_beginning_and_counting_anew_say(steps, labelled):
    cache, labels = cache_of(*NODES), WEB if labelled else {}
    early = cache.counter("early", Asked(), HERE, labels)
    where = {}
    for number, step in enumerate(steps):
        if isinstance(step, int):
            cache.forget(f"uid-{step}")
            where.pop(step, None)
        else:
            pod, node, app = step
            cache.place(info(str(pod), **({"app": app} if app else {})), node)
            where[pod] = node, app
        late = cache.counter(number, Asked(), HERE, labels)
        webs = [node for node, app in where.values() if app == "web"]
        assert early.by_node == late.by_node == {node: webs.count(node) for node in webs}


def test_a_new_counter_looks_only_at_nodes_with_pods_that_have_its_label():
    cache = cache_of(*NODES)
    cache.place(info("1", app="db"), "a")
    cache.place(info("2", app="web"), "b")
    cache.place(info("3", app="db"), "b")
    asked = Asked()
    assert cache.counter("web", asked, HERE, WEB).by_node == {"b": 1}
    assert sorted(asked.names) == ["2", "3"]


def test_a_label_that_no_pod_has_any_more_costs_no_look():
    cache = cache_of(*NODES)
    cache.place(info("1", app="web"), "a")
    cache.place(info("1", app="db"), "a")
    asked = Asked()
    assert cache.counter("web", asked, HERE, WEB).by_node == {}
    assert asked.names == []


def test_pods_of_a_node_that_does_not_exist_count_too():
    cache = cache_of()
    cache.place(info("1", app="web"), "gone")
    assert cache.counter("web", Asked(), HERE, WEB).by_node == {"gone": 1}
    cache.forget("uid-1")
    assert cache.counter("again", Asked(), HERE, WEB).by_node == {}


def test_of_several_labels_the_one_that_the_fewest_nodes_have_says_where_to_look():
    cache = cache_of(*NODES)
    cache.place(info("1", app="web"), "a")
    cache.place(info("2", app="web"), "b")
    cache.place(info("3", app="web", batch="7"), "b")
    asked = Asked()
    assert cache.counter("batch", asked, HERE, {"app": "web", "batch": "7"}).by_node == {"b": 2}
    assert sorted(asked.names) == ["2", "3"]


def test_only_pods_with_the_rarest_label_are_shown_to_a_counter():
    cache = cache_of(*NODES)
    cache.place(info("1", app="web"), "a")
    asked = Asked()
    counter = cache.counter("batch", asked, HERE, {"app": "web", "batch": "7"})
    cache.place(info("2", app="web"), "a")
    cache.place(info("3", app="web", batch="7"), "b")
    assert counter.by_node == {"b": 1}
    assert asked.names == ["3"]


def test_pods_of_other_namespaces_are_not_looked_at():
    cache, asked = cache_of(*NODES), Asked()
    cache.place(info("1", app="web"), "a")
    counter = cache.counter("there", asked, ("there", "elsewhere"), WEB)
    cache.place(info("2", app="web"), "a")
    assert (counter.by_node, asked.names) == ({}, [])
    for number, namespace in enumerate(("there", "elsewhere", "default"), 3):
        made = make_pod(str(number), labels=WEB)
        pod = {**made, "metadata": {**made["metadata"], "namespace": namespace}}
        cache.place(PodInfo.of(pod), "b")
    assert (counter.by_node, asked.names) == ({"b": 2}, ["3", "4"])
    cache.forget("uid-3")
    assert counter.by_node == {"b": 1}
