"""The chain of what led to a change, from a record of writes."""

from kubelite.api.resources import NODES, PODS, REPLICASETS
from kubelite.cluster.why import last_changes, why
from kubelite.master.writelog import Act, Write
from kubelite.runtime.causes import Happened


class Record:
    """Writes, numbered as they come."""

    def __init__(self, first=1):
        self.entries = []
        self.number = first - 1

    def write(
        self, resource, key, *, cause=None, agent="c", happened="changed", sub="", what="", verb="update"
    ):
        self.number += 1
        self.entries.append(
            Write(
                number=self.number,
                revision=100 + self.number,
                at=float(self.number),
                resource=resource,
                key=key,
                verb=verb,
                subresource=sub,
                agent=agent,
                user="admin",
                is_outside=agent.startswith("kubectl"),
                cause=cause,
                happened=happened,
                what=what,
            )
        )
        return str(100 + self.number)

    def act(self, text, resource, key):
        self.number += 1
        self.entries.append(Act(self.number, float(self.number), text, resource, key))

    def why(self, resource, key, **options):
        return why(self.entries, resource, key, **options)


def said(found):
    return [str(step) for step in found.steps]


def test_the_chain_goes_back_to_who_wanted_it():
    record = Record()
    made = record.write(
        REPLICASETS, "default/web", agent="kubectl/v1.36 (linux)", happened="created", verb="create"
    )
    pod = record.write(PODS, "default/web-1", cause=(made,), agent="rs", happened="created", verb="create")
    record.write(
        PODS, "default/web-1", cause=pod, agent="scheduler", verb="create", sub="binding", what="spec.x"
    )
    found = record.why(PODS, "default/web-1")
    assert said(found) == [
        "pod/web-1 changed by scheduler (create binding, version 103): spec.x",
        "pod/web-1 created by rs (create, version 102)",
        "replicaset/web created by kubectl/v1.36 as admin (create, version 101)",
    ]
    assert found.is_whole
    assert str(found).splitlines()[:2] == [
        "pod/web-1: its last change, and what led to it",
        "00:00:03  pod/web-1 changed by scheduler (create binding, version 103): spec.x",
    ]
    assert str(found).splitlines()[2].startswith("00:00:02  ← pod/web-1 created")


def test_what_is_no_write_stands_between():
    record = Record()
    pod = record.write(PODS, "default/web-1", agent="kubectl", happened="created")
    record.write(PODS, "default/web-1", cause=Happened("container c ended with 1", pod), agent="kubelet")
    assert [str(each) for each in record.why(PODS, "default/web-1").steps][1] == "container c ended with 1"
    assert "          ← container c ended with 1" in str(record.why(PODS, "default/web-1"))


def test_of_several_causes_making_and_removing_weigh_most_and_echoes_least():
    record = Record()
    gone = record.write(PODS, "default/web-1", agent="kubectl", happened="marked for deletion")
    told = record.write(PODS, "default/web-2", agent="kubelet", sub="status", what="Ready=True")
    echo = record.write(REPLICASETS, "default/web", agent="rs", sub="status", what="status.replicas 1 → 2")
    record.write(PODS, "default/web-3", cause=(gone, told, echo), agent="rs", happened="created")
    assert said(record.why(PODS, "default/web-3"))[1].startswith("pod/web-1 marked for deletion")


def test_where_nobody_knows_what_happened_to_the_object_before_counts():
    record = Record()
    record.write(NODES, "/node-1", agent="kubectl", happened="created")
    record.act('fail_node("node-1")', NODES, "/node-1")
    record.write(NODES, "/node-1", agent="node-controller", sub="status", what="Ready=Unknown")
    found = record.why(NODES, "/node-1")
    assert said(found) == [
        "node/node-1 changed by node-controller (update status, version 103): Ready=Unknown",
        'fail_node("node-1")',
    ]
    assert found.is_whole


def test_what_is_forgotten_is_said():
    record = Record(first=50)
    record.write(PODS, "default/web-1", cause="17", agent="rs", happened="created")
    found = record.why(PODS, "default/web-1")
    assert not found.is_whole
    assert str(found).endswith("what came before is not remembered")


def test_one_change_can_be_asked_for_and_other_namespaces_are_named():
    record = Record()
    first = record.write(PODS, "shop/web", agent="kubectl", happened="created")
    record.write(PODS, "shop/web", cause=first, agent="rs")
    assert len(record.why(PODS, "shop/web", version=int(first)).steps) == 1
    assert record.why(PODS, "shop/web").about == "pod/shop/web"
    assert str(record.why(PODS, "shop/other")) == "pod/shop/other: no change of it is remembered"
    assert "causes_max=0" in str(Record().why(PODS, "shop/web", is_recorded=False))


def test_a_long_chain_shows_its_ends():
    record = Record()
    cause = record.write(PODS, "default/web", agent="kubectl", happened="created")
    for number in range(60):
        cause = record.write(PODS, "default/web", cause=cause, agent=f"c{number}")
    found = record.why(PODS, "default/web")
    assert len(found.steps) == 61
    lines = found.lines(10)
    assert len(lines) == 10
    assert "… 52 more" in lines[4]
    assert "by kubectl" in lines[-1]


def test_versions_never_lead_forward():
    record = Record()
    record.write(PODS, "default/web", cause="102", agent="a", happened="created")
    record.write(PODS, "default/web", cause="101", agent="b")
    assert len(record.why(PODS, "default/web").steps) == 2


def test_the_last_changes_are_lines_too():
    record = Record()
    record.write(PODS, "default/a", agent="kubectl", happened="created")
    record.act("fail_node", NODES, "/node-1")
    assert last_changes(record.entries, 1) == ["00:00:02  fail_node"]
    assert len(last_changes(record.entries, 9)) == 2
