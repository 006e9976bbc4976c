from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import podutil
from kubelite.api.conditions import remove_condition, set_condition
from kubelite.api.resourcelist import add_amounts, max_amounts

T0 = "2026-01-02T03:04:05Z"


def make_pod(**status):
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}, "status": status}


def ready(since=T0, status="True"):
    return {"conditions": [{"type": "Ready", "status": status, "lastTransitionTime": since}]}


def test_ready_and_available():
    now = podutil.ready_since(make_pod(**ready())) + 10
    assert podutil.is_ready(make_pod(**ready()))
    assert not podutil.is_ready(make_pod())
    assert podutil.is_available(make_pod(**ready()), 10, now)
    assert not podutil.is_available(make_pod(**ready()), 11, now)
    assert not podutil.is_available(make_pod(**ready(status="False")), 0, now)


def test_active_is_neither_terminal_nor_terminating():
    assert podutil.is_active(make_pod(phase="Running"))
    assert not podutil.is_active(make_pod(phase="Failed"))
    leaving = make_pod(phase="Running")
    leaving["metadata"]["deletionTimestamp"] = T0
    assert not podutil.is_active(leaving)


def test_the_time_of_transition_stays_while_the_status_does():
    first = set_condition(None, {"type": "Ready", "status": "True", "reason": "A"}, 0)
    same = set_condition(first, {"type": "Ready", "status": "True", "reason": "B"}, 100)
    other = set_condition(same, {"type": "Ready", "status": "False"}, 100)
    assert first[0]["lastTransitionTime"] == same[0]["lastTransitionTime"] == "1970-01-01T00:00:00Z"
    assert same[0]["reason"] == "B"
    assert other == [{"type": "Ready", "status": "False", "lastTransitionTime": "1970-01-01T00:01:40Z"}]
    assert remove_condition(other, "Ready") == []


def container(**requests):
    return {"name": "c", "resources": {"requests": requests}}


def test_requests_are_the_larger_of_running_and_starting():
    spec = {
        "containers": [container(cpu="100m", memory="1Mi"), container(cpu="1")],
        "initContainers": [container(memory="4Mi"), {**container(cpu="50m"), "restartPolicy": "Always"}],
        "overhead": {"cpu": "10m"},
    }
    assert podutil.requests(spec) == {"cpu": 1160, "memory": 4 << 20}


amounts = st.dictionaries(st.sampled_from(["cpu", "memory", "example.com/gpu"]), st.integers(0, 1 << 40))


@given(amounts, amounts)
def test_sum_and_maximum_do_not_depend_on_order(first, second):
    assert add_amounts(first, second) == add_amounts(second, first)
    assert max_amounts(first, second) == max_amounts(second, first)
    assert max_amounts(first, first) == first


def test_qos_classes():
    def spec(requests=None, limits=None):
        return {
            "containers": [{"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}}]
        }

    both = {"cpu": "1", "memory": "1Gi"}
    assert podutil.qos_class(spec()) == "BestEffort"
    assert podutil.qos_class(spec(both, both)) == "Guaranteed"
    assert podutil.qos_class(spec({"cpu": "1"})) == "Burstable"
    assert podutil.qos_class(spec(both, {"cpu": "2", "memory": "1Gi"})) == "Burstable"


def test_named_target_ports_are_looked_up_in_the_pod():
    spec = {"containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]}
    assert podutil.resolve_port(spec, "web") == 8080
    assert podutil.resolve_port(spec, "web", "UDP") is None
    assert podutil.resolve_port(spec, 80) == 80
