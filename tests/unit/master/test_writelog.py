"""The record of writes: who, what, because of what."""

import pytest

from kubelite.api.resources import LEASES, PODS
from kubelite.client.requests import Delete, Get, Patch, UserInfo
from kubelite.master.store.memory import MemoryStore
from kubelite.master.writelog import Act, WriteLog, parts_changed


def pod(**fields):
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}, **fields}


@pytest.fixture
def log():
    return WriteLog(lambda: 7.0, 3)


@pytest.fixture
def store(log):
    store = MemoryStore()
    store.on_change = log.changed
    return store


def test_a_write_tells_who_asked_for_it_and_why(log, store):
    user = UserInfo("system:kube-scheduler", agent="kube-scheduler")
    log.request = Patch(
        user=user, resource=PODS, patch={}, patch_type="merge", subresource="status", cause="5"
    )
    store.create(PODS, "default", "web", pod())
    (write,) = log
    assert (write.agent, write.user, write.verb) == ("kube-scheduler", "system:kube-scheduler", "patch")
    assert (write.subresource, write.cause, write.at, write.key) == ("status", "5", 7.0, "default/web")
    assert (write.revision, write.happened, write.is_outside) == (store.revision, "created", False)


def test_a_client_over_http_is_told_by_its_user_agent(log, store):
    log.request = Delete(user=UserInfo("admin", agent="admin"), resource=PODS, agent="kubectl/v1.36")
    store.create(PODS, "default", "web", pod())
    (write,) = log
    assert (write.agent, write.is_outside) == ("kubectl/v1.36", True)


def test_what_no_request_asked_for_is_the_api_servers_own(log, store):
    entry = store.create(PODS, "default", "web", pod())
    log.request = Get(user=UserInfo("x"), resource=PODS)
    store.delete(PODS, entry)
    made, gone = log
    assert (made.agent, made.verb, made.happened) == ("kube-apiserver", "create", "created")
    assert (gone.agent, gone.verb, gone.happened) == ("kube-apiserver", "delete", "deleted")


def test_a_mark_for_deletion_is_told_from_the_deletion(log, store):
    entry = store.create(PODS, "default", "web", pod())
    marked = pod()
    marked["metadata"] = {**entry.object["metadata"], "deletionTimestamp": "now"}
    store.update(PODS, entry, marked)
    assert [each.happened for each in log] == ["created", "marked for deletion"]


def test_it_is_bounded_and_leaves_out_what_is_written_all_the_time(log, store):
    lease = {**pod(), "kind": "Lease", "apiVersion": "coordination.k8s.io/v1"}
    store.create(LEASES, "default", "web", lease)
    assert not list(log)
    entry = store.create(PODS, "default", "web", pod())
    for number in range(5):
        entry = store.update(PODS, entry, pod(spec={"priority": number}))
    log.act("fail_node", PODS, "/x")
    kept = list(log)
    assert len(log) == len(kept) == 3
    assert isinstance(kept[-1], Act)
    assert [each.number for each in kept] == [5, 6, 7] or [each.number for each in kept] == [6, 7, 8]
    assert repr(log) == "<WriteLog 3/3>"


def test_of_length_none_it_keeps_nothing():
    log = WriteLog(lambda: 0.0, 0)
    assert not log.is_kept
    log.act("x", PODS, "/x")
    assert not list(log)


def status(*conditions, **fields):
    return {"status": {"conditions": [{"type": t, "status": s} for t, s in conditions], **fields}}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ({}, {}, ""),
        ({"spec": {"replicas": 2}}, {"spec": {"replicas": 3}}, "spec.replicas 2 → 3"),
        ({"spec": {}}, {"spec": {"nodeName": "node-1"}}, "spec.nodeName node-1"),
        ({"spec": {"taints": []}}, {"spec": {"taints": [1]}}, "spec.taints"),
        ({"spec": {"script": "a"}}, {"spec": {"script": "b" * 99}}, "spec.script"),
        ({"data": {"a": "1"}}, {"data": {"a": "2"}}, "data"),
        (
            status(("A", "False"), ("Ready", "False"), phase="Pending"),
            status(("A", "True"), ("Ready", "True"), phase="Running"),
            "phase Pending → Running, Ready=True, A=True",
        ),
        (status(("Ready", "True")), status(("Ready", "True")), ""),
        ({"status": {"replicas": 1}}, {"status": {"replicas": 2}}, "status.replicas 1 → 2"),
        ({"status": {"replicas": 1, "ready": 1}}, {"status": {"replicas": 1}}, "status.ready 1 → 0"),
        ({"status": {}}, {"status": {"terminating": 0}}, ""),
        ({}, status(*((name, "True") for name in "ABCDE")), "A=True, B=True, C=True, D=True, …"),
        (
            {"status": {"containerStatuses": [{"state": {"running": {}}}]}},
            {"status": {"containerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}},
            "container None terminated Error",
        ),
        ({"status": {"containerStatuses": [{"name": "c"}]}}, {"status": {}}, ""),
        ({"status": "good", "spec": [1]}, {"status": "bad", "spec": "text"}, ""),
        ({"status": {"conditions": ["a"]}}, {"status": {"conditions": {"type": ["b"]}}}, ""),
    ],
)
def test_what_changed_is_said_in_a_few_words(old, new, text):
    assert parts_changed(pod(**old), pod(**new)) == text


def test_metadata_that_matters_is_named():
    new = pod()
    new["metadata"] = {**new["metadata"], "labels": {"a": "b"}, "finalizers": ["x"], "managedFields": [1]}
    assert parts_changed(pod(), new) == "metadata.labels, metadata.finalizers"
