"""Jobs on a whole cluster, in virtual time, with pods that really run."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.conditions import get_condition, is_condition_true
from kubelite.api.resources import JOBS, NAMESPACES, PODS
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.timestamps import parse_time
from kubelite.testing import VirtualClock

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"


def manifest(script="exit 0", *, restart="Never", name="work", **spec):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"restartPolicy": restart, "terminationGracePeriodSeconds": 1, "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": pod}, **spec},
    }


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as running:
        yield running


async def settled(cluster, seconds=30):
    await cluster.clock.sleep(seconds)
    return await cluster.get("job", "work")


async def ended(cluster, how, timeout=4000):
    return await cluster.wait_for("job/work", f"condition={how}", timeout=timeout)


async def events(cluster, reason):
    return [each["message"] for each in await cluster.get("events") if each["reason"] == reason]


def reason(job, type_="Failed"):
    found = get_condition(job, type_)
    return found and found["reason"]


def types(job):
    return [each["type"] for each in job["status"]["conditions"] if each["status"] == "True"]


async def test_a_job_runs_as_many_pods_as_it_needs_and_lets_them_go(cluster):
    await cluster.apply(manifest(completions=3, parallelism=2))
    await ended(cluster, "Complete")
    job = await settled(cluster)
    status = dict(job["status"])
    assert types(job) == ["SuccessCriteriaMet", "Complete"]
    assert status.pop("conditions")
    assert parse_time(status.pop("startTime")) <= parse_time(status.pop("completionTime"))
    assert status == {"succeeded": 3, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
    pods = await cluster.get("pods")
    assert len(pods) == 3
    assert not any(pod["metadata"].get("finalizers") for pod in pods)
    assert len(await events(cluster, "SuccessfulCreate")) == 3
    assert await events(cluster, "Completed") == ["Job completed"]


async def test_never_do_more_pods_run_than_the_parallelism_says(cluster):
    watcher = await cluster.client.watch(JOBS, "default", bookmarks=False)
    await cluster.apply(manifest("sleep 2", completions=6, parallelism=2))
    await ended(cluster, "Complete")
    active = [event.object["status"].get("active", 0) for event in watcher.take()]
    watcher.stop()
    assert max(active) == 2


async def test_pods_are_named_in_the_status_before_they_lose_their_finalizer_and_counted_after(cluster):
    jobs = await cluster.client.watch(JOBS, "default", bookmarks=False)
    pods = await cluster.client.watch(PODS, "default", bookmarks=False)
    await cluster.apply(manifest())
    await ended(cluster, "Complete")
    versions = {}
    for event in jobs.take():
        job, version = event.object, int(event.object["metadata"]["resourceVersion"])
        if job["status"].get("uncountedTerminatedPods", {}).get("succeeded"):
            versions.setdefault("named", version)
            assert "succeeded" not in job["status"]
        if job["status"].get("succeeded"):
            versions.setdefault("counted", version)
    for event in pods.take():
        if event.type != "ADDED" and not event.object["metadata"].get("finalizers"):
            versions.setdefault("released", int(event.object["metadata"]["resourceVersion"]))
    jobs.stop()
    pods.stop()
    assert versions["named"] < versions["released"] < versions["counted"]


async def test_failed_pods_are_replaced_after_10_20_40_seconds_and_then_no_more(cluster):
    await cluster.apply(manifest("exit 3", backoffLimit=3))
    job = await ended(cluster, "Failed")
    assert reason(job) == "BackoffLimitExceeded"
    assert types(job) == ["FailureTarget", "Failed"]
    assert job["status"]["failed"] == 4
    assert "completionTime" not in job["status"]
    created = sorted(parse_time(pod["metadata"]["creationTimestamp"]) for pod in await cluster.get("pods"))
    waits_s = [later - earlier for earlier, later in zip(created, created[1:], strict=False)]
    assert waits_s == [pytest.approx(wait_s, abs=2) for wait_s in (10, 20, 40)]
    assert await events(cluster, "BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]


async def test_containers_that_are_restarted_in_their_pod_count_as_failures(cluster):
    await cluster.apply(manifest("exit 1", restart="OnFailure", backoffLimit=2))
    job = await ended(cluster, "Failed")
    assert reason(job) == "BackoffLimitExceeded"
    assert len(await events(cluster, "SuccessfulCreate")) == 1


async def test_a_job_that_takes_too_long_fails_once_its_pods_have_stopped(cluster):
    await cluster.apply(manifest("sleep 600", activeDeadlineSeconds=20))
    job = await settled(cluster, 15)
    assert job["status"]["active"] == 1
    job = await ended(cluster, "Failed")
    assert reason(job) == "DeadlineExceeded"
    assert (job["status"]["failed"], job["status"].get("active")) == (1, None)
    await settled(cluster)
    assert await cluster.get("pods") == []
    assert len(await events(cluster, "SuccessfulDelete")) == 1


async def test_a_suspended_job_has_no_pods_and_its_time_begins_anew(cluster):
    await cluster.apply(manifest("sleep 600", activeDeadlineSeconds=300))
    before = await settled(cluster)
    await cluster.client.patch(JOBS, "work", {"spec": {"suspend": True}}, "default")
    job = await settled(cluster)
    assert await cluster.get("pods") == []
    assert (reason(job, "Suspended"), job["status"].get("startTime")) == ("JobSuspended", None)
    assert not job["status"].get("failed")
    job = await settled(cluster, 600)
    assert not is_condition_true(job, "Failed")
    await cluster.client.patch(JOBS, "work", {"spec": {"suspend": False}}, "default")
    job = await settled(cluster)
    assert job["status"]["active"] == 1
    assert reason(job, "Suspended") == "JobResumed"
    assert parse_time(job["status"]["startTime"]) > parse_time(before["status"]["startTime"]) + 600
    assert await events(cluster, "Suspended") == ["Job suspended"]
    assert await events(cluster, "Resumed") == ["Job resumed"]


async def test_less_parallelism_deletes_pods_that_do_not_count_as_failed(cluster):
    await cluster.apply(manifest("sleep 600", completions=6, parallelism=4))
    await settled(cluster)
    await cluster.client.patch(JOBS, "work", {"spec": {"parallelism": 1}}, "default")
    job = await settled(cluster)
    assert (job["status"]["active"], job["status"].get("failed")) == (1, None)
    assert len(await cluster.get("pods")) == 1


async def test_a_pod_that_somebody_deletes_is_replaced_and_counts_as_failed(cluster):
    await cluster.apply(manifest("sleep 600"))
    await settled(cluster)
    (pod,) = await cluster.get("pods")
    await cluster.delete("pod", pod["metadata"]["name"])
    job = await settled(cluster)
    assert (job["status"]["failed"], job["status"]["active"]) == (1, 1)
    (other,) = await cluster.get("pods")
    assert other["metadata"]["uid"] != pod["metadata"]["uid"]


async def test_with_policy_failed_a_pod_is_replaced_only_after_it_has_ended(cluster):
    script = "trap '' TERM; sleep 600"
    job = manifest(script, podReplacementPolicy="Failed")
    job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 20
    await cluster.apply(job)
    await settled(cluster)
    (pod,) = await cluster.get("pods")
    await cluster.delete("pod", pod["metadata"]["name"])
    job = await settled(cluster, 5)
    assert (job["status"].get("active"), job["status"]["terminating"]) == (None, 1)
    job = await settled(cluster, 60)
    assert (job["status"]["active"], job["status"]["terminating"], job["status"]["failed"]) == (1, 0, 1)


async def test_a_work_queue_makes_no_more_pods_once_one_has_succeeded(cluster):
    await cluster.apply(manifest("sleep 5", parallelism=3))
    job = await ended(cluster, "Complete")
    assert "completions" not in job["spec"]
    assert job["status"]["succeeded"] == 3
    await settled(cluster)
    assert len(await cluster.get("pods")) == 3


async def test_each_index_of_an_indexed_job_gets_a_pod_that_knows_it(cluster):
    script = 'test "$JOB_COMPLETION_INDEX" -lt 5'
    await cluster.apply(manifest(script, completions=5, parallelism=2, completionMode="Indexed"))
    job = await ended(cluster, "Complete")
    assert (job["status"]["completedIndexes"], job["status"]["succeeded"]) == ("0-4", 5)
    pods = await cluster.get("pods")
    for pod in pods:
        index = pod["metadata"]["labels"][INDEX]
        assert pod["metadata"]["annotations"] == {INDEX: index}
        assert pod["spec"]["hostname"] == f"work-{index}"
        assert pod["metadata"]["name"].startswith(f"work-{index}-")
    assert sorted(pod["metadata"]["labels"][INDEX] for pod in pods) == list("01234")


async def test_an_index_that_fails_too_often_does_not_keep_the_others_from_succeeding(cluster):
    script = 'test "$JOB_COMPLETION_INDEX" != 1'
    indexed = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    await cluster.apply(manifest(script, backoffLimitPerIndex=2, **indexed))
    job = await ended(cluster, "Failed")
    assert reason(job) == "FailedIndexes"
    assert (job["status"]["completedIndexes"], job["status"]["failedIndexes"]) == ("0,2", "1")
    assert job["status"]["failed"] == 3
    counts = [
        pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"]
        for pod in await cluster.get("pods")
        if pod["metadata"]["labels"][INDEX] == "1"
    ]
    assert sorted(counts) == ["0", "1", "2"]


async def test_a_job_fails_with_more_failed_indexes_than_it_may_have(cluster):
    indexed = {"completions": 10, "parallelism": 2, "completionMode": "Indexed"}
    await cluster.apply(manifest("exit 1", backoffLimitPerIndex=0, maxFailedIndexes=1, **indexed))
    job = await ended(cluster, "Failed")
    assert reason(job) == "MaxFailedIndexesExceeded"


@pytest.mark.parametrize(
    ("code", "expected", "failed"), [(42, "PodFailurePolicy", 1), (1, "BackoffLimitExceeded", 2)]
)
async def test_a_policy_fails_a_job_at_once(cluster, code, expected, failed):
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    await cluster.apply(manifest(f"exit {code}", backoffLimit=1, podFailurePolicy={"rules": [rule]}))
    job = await ended(cluster, "Failed")
    assert reason(job) == expected
    assert job["status"]["failed"] == failed
    if code == 42:
        name = (await cluster.get("pods"))[0]["metadata"]["name"]
        assert get_condition(job, "Failed")["message"] == (
            f"Container c for pod default/{name} failed with exit code 42 matching FailJob rule at index 0"
        )


async def test_a_success_policy_ends_a_job_and_what_still_runs(cluster):
    script = 'test "$JOB_COMPLETION_INDEX" = 0 || sleep 600'
    policy = {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}
    indexed = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    await cluster.apply(manifest(script, successPolicy=policy, **indexed))
    job = await ended(cluster, "Complete")
    assert reason(job, "Complete") == "SuccessPolicy"
    assert get_condition(job, "SuccessCriteriaMet")["message"] == "Matched rules at index 0"
    assert job["status"]["completedIndexes"] == "0"
    await settled(cluster)
    assert len(await cluster.get("pods")) == 1


async def test_a_finished_job_is_deleted_after_its_time_with_its_pods(cluster):
    await cluster.apply(manifest(ttlSecondsAfterFinished=100))
    await ended(cluster, "Complete")
    await settled(cluster, 90)
    await cluster.clock.sleep(20)
    with pytest.raises(NotFound):
        await cluster.get("job", "work")
    assert await cluster.get("pods") == []


async def test_a_job_that_is_managed_elsewhere_is_left_alone(cluster):
    await cluster.apply(manifest(managedBy="example.com/queue"))
    job = await settled(cluster)
    assert job["status"] == {}
    assert await cluster.get("pods") == []


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_pods_of_a_deleted_job_go_with_it(cluster, policy):
    await cluster.apply(manifest("sleep 600", parallelism=2, completions=2))
    await settled(cluster)
    await cluster.client.delete(JOBS, "work", "default", propagation_policy=policy)
    await cluster.clock.sleep(60)
    assert await cluster.get("pods") == []
    assert await cluster.get("jobs") == []


async def test_pods_that_are_orphaned_lose_their_finalizer_and_run_on(cluster):
    await cluster.apply(manifest("sleep 600"))
    await settled(cluster)
    await cluster.client.delete(JOBS, "work", "default", propagation_policy="Orphan")
    await cluster.clock.sleep(20)
    (pod,) = await cluster.get("pods")
    assert pod["status"]["phase"] == "Running"
    assert not pod["metadata"].get("finalizers")
    assert not pod["metadata"].get("ownerReferences")


async def test_an_orphan_that_a_job_selects_is_adopted_and_counted(cluster):
    labels = {"app": "w"}
    job = manifest(manualSelector=True, selector={"matchLabels": labels}, suspend=True)
    job["spec"]["template"]["metadata"] = {"labels": labels}
    await cluster.apply(job)
    await settled(cluster)
    spec = job["spec"]["template"]["spec"]
    orphan = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "o", "labels": labels}, "spec": spec}
    await cluster.apply(orphan)
    await cluster.client.patch(JOBS, "work", {"spec": {"suspend": False}}, "default")
    job = await ended(cluster, "Complete")
    assert job["status"]["succeeded"] == 1
    owner = (await cluster.get("pod", "o"))["metadata"]["ownerReferences"]
    assert owner[0]["uid"] == job["metadata"]["uid"]


async def test_a_hundred_pods_are_counted_each_once(cluster):
    await cluster.apply(manifest(completions=100, parallelism=50))
    job = await ended(cluster, "Complete")
    assert job["status"]["succeeded"] == 100
    assert not any(pod["metadata"].get("finalizers") for pod in await cluster.get("pods"))
    assert len(await cluster.get("pods")) == 100


async def test_an_indexed_job_grows_and_shrinks_with_its_parallelism(cluster):
    indexed = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
    await cluster.apply(manifest("sleep 600", **indexed))
    await settled(cluster)
    for size in (2, 4):
        patch = {"spec": {"completions": size, "parallelism": size}}
        await cluster.client.patch(JOBS, "work", patch, "default")
        job = await settled(cluster)
        assert (job["status"]["active"], job["status"].get("failed")) == (size, None)
        indexes = sorted(pod["metadata"]["labels"][INDEX] for pod in await cluster.get("pods"))
        assert indexes == [str(index) for index in range(size)]


async def test_pods_that_a_quota_refuses_are_made_when_there_is_room(cluster):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
    await cluster.apply({**quota, "spec": {"hard": {"pods": "0"}}})
    await cluster.clock.sleep(5)
    await cluster.apply(manifest())
    job = await settled(cluster, 10)
    assert (job["status"].get("active"), job["status"].get("failed")) == (None, None)
    refusals = await events(cluster, "FailedCreate")
    assert 3 <= len(refusals) <= 5  # after 1, 2, 4 seconds
    assert "exceeded quota" in refusals[0]
    await cluster.delete("resourcequota", "q")
    job = await ended(cluster, "Complete", timeout=70)
    assert job["status"]["succeeded"] == 1


async def test_a_namespace_goes_with_the_jobs_that_run_in_it(cluster):
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})
    job = manifest("sleep 600", completions=2, parallelism=2)
    await cluster.apply({**job, "metadata": {"name": "work", "namespace": "x"}})
    await cluster.clock.sleep(10)
    await cluster.client.delete(NAMESPACES, "x")
    await cluster.wait_for("namespace/x", "deleted", timeout=60)


async def test_what_ran_on_a_node_that_failed_is_run_elsewhere(cluster):
    await cluster.apply(manifest("sleep 2000"))
    await settled(cluster)
    (pod,) = await cluster.get("pods")
    await cluster.fail_node(pod["spec"]["nodeName"])
    job = await settled(cluster, 600)
    assert (job["status"]["failed"], job["status"]["active"]) == (1, 1)
    nodes = {each["spec"]["nodeName"] for each in await cluster.get("pods")}
    assert nodes == {"node-1", "node-2"}
