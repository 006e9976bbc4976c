"""What becomes of Jobs, without a loop."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.job import plan as jobplan
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job import scaling as jobscaling
from kubelite.controllers.job import status as jobstatus
from kubelite.controllers.job.backoff import NO_FAILURES, Backoff, next_backoff, remaining_s
from kubelite.controllers.job.indexes import first_pending, format_indexes, parse_indexes
from kubelite.controllers.job.orphans import is_let_go
from kubelite.controllers.job.policies import match_failure, match_success
from kubelite.controllers.ttlafterfinished import plan as plan_ttl
from kubelite.reconcile.intents import DeleteObject, RequeueAfter

NOW = 1_767_225_600.0


def job(completions=1, parallelism=1, *, status=None, restart="Never", **spec):
    return {
        "metadata": {"name": "work", "namespace": "default", "uid": "j"},
        "spec": {
            "completions": completions,
            "parallelism": parallelism,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "template": {
                "metadata": {"labels": {"app": "w"}},
                "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "i"}]},
            },
            **spec,
        },
        "status": status or {},
    }


def indexed(completions=3, parallelism=3, **more):
    return job(completions, parallelism, completionMode="Indexed", **more)


def pod(  # noqa: PLR0913 - each is something that a test is about
    uid, phase="Running", *, index=None, tracked=True, deleted=False, code=None, ended=0.0, failures=None
):
    annotations = {} if index is None else {jobpods.INDEX: str(index)}
    if failures is not None:
        annotations[jobpods.INDEX_FAILURES] = str(failures)
    status = {"phase": phase}
    if phase in ("Failed", "Succeeded"):
        code = (1 if phase == "Failed" else 0) if code is None else code
        terminated = {"exitCode": code, "finishedAt": format_time(NOW - ended)}
        status["containerStatuses"] = [{"name": "c", "state": {"terminated": terminated}}]
    metadata = {
        "name": f"work-{uid}",
        "namespace": "default",
        "uid": uid,
        "creationTimestamp": format_time(NOW - 100),
        "annotations": annotations,
        "finalizers": [jobpods.TRACKING] if tracked else [],
    }
    if deleted:
        metadata["deletionTimestamp"] = format_time(NOW)
    return {"metadata": metadata, "spec": {"containers": [{"name": "c"}]}, "status": status}


def assess(job, *pods, backoff=NO_FAILURES, removed=()):
    return jobplan.assess(job, pods, backoff, removed)


def judged(job, *pods):
    verdict = jobplan.judge(assess(job, *pods), NOW)
    return verdict and verdict.reason


def track(job, *pods, verdict=None, removed=()):
    standing = assess(job, *pods, removed=removed)
    return jobstatus.plan_tracking(standing, job["status"], verdict, NOW)


# --- indexes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indexes", "text"),
    [([], ""), ([0], "0"), ([0, 1], "0,1"), ([2, 1, 0], "0-2"), ([0, 1, 2, 5, 7, 8], "0-2,5,7,8")],
)
def test_indexes_are_written_as_short_as_can_be(indexes, text):
    assert format_indexes(indexes) == text


@given(st.frozensets(st.integers(0, 60)), st.integers(1, 60))
def test_indexes_survive_being_written_but_for_those_that_the_job_has_no_more(indexes, completions):
    assert parse_indexes(format_indexes(indexes), completions) == {i for i in indexes if i < completions}


def test_malformed_indexes_are_skipped():
    assert parse_indexes("x,1,2-y,4", 10) == {1, 4}


@given(st.integers(0, 20), st.integers(0, 20), st.sets(st.integers(0, 20)))
def test_the_lowest_free_indexes_are_next(count, completions, taken):
    pending = first_pending(count, completions, taken)
    assert pending == [i for i in range(completions) if i not in taken][:count]


# --- back-off -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failures", "wait_s"), [(0, 0), (1, 10), (2, 20), (6, 320), (7, 600), (99, 600)])
def test_the_wait_doubles_up_to_ten_minutes(failures, wait_s):
    assert remaining_s(failures, NOW, NOW) == wait_s
    assert remaining_s(failures, NOW - wait_s, NOW) == 0


def test_a_success_makes_earlier_failures_forgotten():
    assert next_backoff(NO_FAILURES, (), (3.0, 1.0)) == Backoff(2, 3.0)
    assert next_backoff(Backoff(2, 3.0), (), ()) == Backoff(2, 3.0)
    assert next_backoff(Backoff(2, 3.0), (4.0,), (1.0,)) == NO_FAILURES
    assert next_backoff(Backoff(2, 3.0), (4.0,), (2.0, 6.0, 5.0)) == Backoff(2, 6.0)


def test_a_pod_ended_with_its_last_container_or_lost_readiness_or_was_deleted():
    assert jobpods.finished_at(pod("a", "Failed", ended=7)) == NOW - 7
    unready = pod("a", "Running")
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": format_time(NOW - 5)}
    unready["status"]["conditions"] = [condition]
    assert jobpods.finished_at(unready) == NOW - 5
    deleted = pod("a", deleted=True)
    deleted["metadata"]["deletionGracePeriodSeconds"] = 30
    assert jobpods.finished_at(deleted) == NOW - 30
    assert jobpods.finished_at(pod("a")) == NOW - 100


# --- policies -----------------------------------------------------------------------------------------------


def rules(*rules):
    return {"rules": list(rules)}


def exit_rule(action, operator, *values, **more):
    return {"action": action, "onExitCodes": {"operator": operator, "values": list(values), **more}}


@pytest.mark.parametrize(
    ("rule", "code", "action"),
    [
        (exit_rule("Ignore", "In", 1, 2), 2, "Ignore"),
        (exit_rule("Ignore", "In", 1, 2), 3, ""),
        (exit_rule("Count", "NotIn", 1, 2), 3, "Count"),
        (exit_rule("Count", "NotIn", 1, 2), 0, ""),
        (exit_rule("FailIndex", "In", 1, containerName="c"), 1, "FailIndex"),
        (exit_rule("FailIndex", "In", 1, containerName="other"), 1, ""),
    ],
)
def test_the_first_rule_that_fits_says_what_a_failure_means(rule, code, action):
    failure = match_failure(rules(rule), pod("a", "Failed", code=code))
    assert (failure.action, failure.is_counted) == (action, action != "Ignore")


def test_a_rule_may_be_about_a_condition_of_the_pod():
    failed = pod("a", "Failed")
    failed["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    pattern = {"type": "DisruptionTarget", "status": "True"}
    failure = match_failure(rules({"action": "FailJob", "onPodConditions": [pattern]}), failed)
    assert failure.message == (
        "Pod default/work-a has condition DisruptionTarget matching FailJob rule at index 0"
    )


@pytest.mark.parametrize(
    ("rule", "succeeded", "met"),
    [
        ({"succeededIndexes": "0-2"}, {0, 1}, False),
        ({"succeededIndexes": "0-2"}, {0, 1, 2, 9}, True),
        ({"succeededIndexes": "0-2", "succeededCount": 2}, {0, 1}, True),
        ({"succeededIndexes": "0-2", "succeededCount": 2}, {0, 9}, False),
        ({"succeededCount": 2}, {0, 9}, True),
        ({"succeededIndexes": "0-999999999"}, {0}, False),
    ],
)
def test_a_success_policy_is_met_by_all_or_enough_of_its_indexes(rule, succeeded, met):
    message = match_success(rules({"succeededIndexes": "8"}, rule), 2_000_000_000, succeeded)
    assert message == ("Matched rules at index 1" if met else "")


# --- is it over ---------------------------------------------------------------------------------------------


def test_pods_are_counted_once_whatever_is_written_of_them():
    status = {"succeeded": 1, "failed": 2, "uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["b"]}}
    pods = [
        pod("a", "Succeeded"),
        pod("b", "Failed"),
        pod("c", "Succeeded"),
        pod("d", "Failed"),
        pod("e", "Succeeded", tracked=False),
        pod("f", "Failed"),
        pod("g"),
    ]
    standing = assess(job(9, status=status), *pods, removed={"f"})
    assert (standing.succeeded, standing.failed, len(standing.active)) == (3, 4, 1)


@pytest.mark.parametrize(("failed", "reason"), [(2, None), (3, "BackoffLimitExceeded")])
def test_more_failures_than_the_limit_end_a_job(failed, reason):
    assert judged(job(backoffLimit=2), *(pod(str(n), "Failed") for n in range(failed))) == reason


def test_failures_that_a_policy_ignores_do_not_count():
    policy = rules(exit_rule("Ignore", "In", 1))
    assert judged(job(backoffLimit=0, podFailurePolicy=policy), pod("a", "Failed")) is None


def test_what_was_said_before_is_not_taken_back():
    said = {"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded", "message": "m"}
    assert judged(job(status={"conditions": [said]})) == "DeadlineExceeded"


@pytest.mark.parametrize(
    ("age", "suspend", "over"), [(9, False, False), (10, False, True), (10, True, False)]
)
def test_a_deadline_is_reached_to_the_second_unless_suspended(age, suspend, over):
    status = {"startTime": format_time(NOW - age)}
    assert (judged(job(status=status, activeDeadlineSeconds=10, suspend=suspend)) is not None) == over


@pytest.mark.parametrize(
    ("limit", "restarts", "over"), [(0, 0, False), (0, 1, True), (3, 2, False), (3, 3, True)]
)
def test_restarts_reach_the_limit_where_containers_are_restarted(limit, restarts, over):
    running = pod("a")
    running["status"]["containerStatuses"] = [{"name": "c", "restartCount": restarts}]
    assert (judged(job(backoffLimit=limit, restart="OnFailure"), running) is not None) == over
    assert judged(job(backoffLimit=limit), running) is None


# --- which pods ---------------------------------------------------------------------------------------------


def change(job, *pods, **more):
    return jobscaling.plan_pods(assess(job, *pods, **more), NOW)


@pytest.mark.parametrize(
    ("completions", "parallelism", "succeeded", "created"),
    [(5, 2, 0, 2), (5, 9, 3, 2), (5, 2, 5, 0), (None, 3, 0, 3), (None, 3, 1, 0), (2000, 2000, 0, 500)],
)
def test_as_many_pods_as_completions_and_parallelism_allow(completions, parallelism, succeeded, created):
    assert len(change(job(completions, parallelism, status={"succeeded": succeeded})).create) == created


def test_after_a_failure_nothing_is_created_for_a_while():
    assert change(job(), pod("a", "Failed", ended=4)).wait_s == 6
    assert len(change(job(), pod("a", "Failed", ended=10)).create) == 1


def test_a_pod_that_is_being_deleted_is_replaced_at_once_or_after_its_end():
    leaving = pod("a", deleted=True)
    assert change(job(), leaving).wait_s == 10
    later = change(job(podReplacementPolicy="Failed"), leaving)
    assert (later.create, later.wait_s) == ((), 0)


def test_pods_that_are_too_many_go_and_the_least_far_ones_first():
    surplus = change(job(5, 1), pod("a"), pod("b", "Pending"), pod("c")).delete
    assert [each["metadata"]["uid"] for each in surplus][0] == "b"
    assert len(surplus) == 2


def test_a_suspended_job_deletes_all():
    assert len(change(job(5, 5, suspend=True), pod("a"), pod("b")).delete) == 2


def test_indexes_without_a_pod_get_one():
    made = change(indexed(4, 4), pod("a", "Succeeded", index=0), pod("b", index=2)).create
    assert [jobpods.index_of(each) for each in made] == [1, 3]


def test_pods_of_the_same_index_or_of_none_go():
    pods = [pod("a", index=0), pod("b", "Pending", index=0), pod("c", index=7), pod("d")]
    assert {each["metadata"]["uid"] for each in change(indexed(), *pods).delete} == {"b", "c", "d"}


def test_each_index_has_a_wait_of_its_own():
    limited = indexed(2, 2, backoffLimitPerIndex=5)
    failed = pod("a", "Failed", index=0, failures=1, ended=5)
    (made,) = change(limited, failed).create
    assert jobpods.index_of(made) == 1
    assert change(limited, failed, pod("b", index=1)).wait_s == 15


def test_a_successor_knows_how_often_its_index_has_failed():
    limited = indexed(1, 1, backoffLimitPerIndex=5)
    (made,) = change(limited, pod("a", "Failed", index=0, failures=1, ended=60)).create
    assert made["metadata"]["annotations"] == {jobpods.INDEX: "0", jobpods.INDEX_FAILURES: "2"}
    ignoring = indexed(1, 1, backoffLimitPerIndex=5, podFailurePolicy=rules(exit_rule("Ignore", "In", 1)))
    (made,) = change(ignoring, pod("a", "Failed", index=0, failures=1, ended=60)).create
    assert made["metadata"]["annotations"][jobpods.INDEX_FAILURES] == "1"
    assert made["metadata"]["annotations"][jobpods.INDEX_IGNORED] == "1"


def test_a_pod_is_held_by_a_finalizer_and_knows_its_index():
    made = jobpods.make_pod(indexed(), 2)
    assert made["metadata"]["finalizers"] == [jobpods.TRACKING]
    assert made["metadata"]["generateName"] == "work-2-"
    assert made["metadata"]["labels"] == {"app": "w", jobpods.INDEX: "2"}
    assert made["spec"]["hostname"] == "work-2"
    (variable,) = made["spec"]["containers"][0]["env"]
    assert variable["name"] == "JOB_COMPLETION_INDEX"


def test_the_name_of_a_long_job_is_cut_so_that_the_index_stays():
    long = {**indexed(), "metadata": {"name": "x" * 63, "namespace": "default", "uid": "j"}}
    name = jobpods.make_pod(long, 12)["metadata"]["generateName"]
    assert (len(name), name[-5:]) == (58, "x-12-")


# --- the status ---------------------------------------------------------------------------------------------


def test_pods_that_have_ended_are_named_and_let_go():
    tracking = track(job(3), pod("a", "Succeeded"), pod("b", "Failed"), pod("c"), pod("d", deleted=True))
    uncounted = tracking.status["uncountedTerminatedPods"]
    assert uncounted == {"succeeded": ["a"], "failed": ["b", "d"]}
    assert [each["metadata"]["uid"] for each in tracking.release] == ["a", "b", "d"]
    assert "succeeded" not in tracking.status


def test_pods_that_were_let_go_are_counted():
    status = {"failed": 1, "uncountedTerminatedPods": {"succeeded": ["a", "b"], "failed": ["c"]}}
    assert jobstatus.settle(status, {"b"}) == {
        "succeeded": 1,
        "failed": 2,
        "uncountedTerminatedPods": {"succeeded": ["b"]},
    }


def test_a_pod_that_was_let_go_is_not_named_again():
    tracking = track(job(3), pod("a", "Succeeded"), removed={"a"})
    assert tracking.status == {"uncountedTerminatedPods": {}}
    assert not tracking.release


def test_who_runs_when_the_job_fails_has_failed_and_when_it_succeeds_has_not():
    failed = track(job(), pod("a"), verdict=jobplan.BACKOFF_EXCEEDED).status
    assert failed["uncountedTerminatedPods"] == {"failed": ["a"]}
    assert [each["type"] for each in failed["conditions"]] == ["FailureTarget"]
    complete = track(job(), pod("a"), verdict=jobplan.COMPLETIONS_REACHED).status
    assert complete["uncountedTerminatedPods"] == {}


def test_at_most_500_pods_are_named_at_a_time():
    tracking = track(job(900), *(pod(str(number), "Succeeded") for number in range(600)))
    assert len(tracking.release) == len(tracking.status["uncountedTerminatedPods"]["succeeded"]) == 500
    assert tracking.is_partial


def test_of_an_indexed_job_the_indexes_are_noted_at_once():
    status = {"completedIndexes": "0", "succeeded": 1}
    pods = [pod("a", "Succeeded", index=2), pod("b", "Succeeded", index=0), pod("c", "Succeeded", index=9)]
    tracking = track(indexed(status=status), *pods)
    assert (tracking.status["completedIndexes"], tracking.status["succeeded"]) == ("0,2", 2)
    assert len(tracking.release) == 3


def test_the_last_failed_pod_of_an_index_stays_until_it_has_a_successor():
    limited = indexed(1, 1, backoffLimitPerIndex=5)
    old, last = pod("a", "Failed", index=0, failures=0), pod("b", "Failed", index=0, failures=1)
    assert [each["metadata"]["uid"] for each in track(limited, old, last).release] == ["a"]
    released = track(limited, old, last, pod("c", index=0)).release
    assert [each["metadata"]["uid"] for each in released] == ["a", "b"]


@pytest.mark.parametrize("status", [{"terminating": 1}, {"uncountedTerminatedPods": {"failed": ["a"]}}])
def test_a_job_is_not_over_while_pods_have_not_stopped_or_are_not_counted(status):
    assert jobstatus.finish(status, jobplan.COMPLETIONS_REACHED, NOW) is None


def test_only_a_complete_job_has_a_time_of_completion():
    complete = jobstatus.finish({}, jobplan.COMPLETIONS_REACHED, NOW)
    assert complete["completionTime"] == format_time(NOW)
    assert "completionTime" not in jobstatus.finish({}, jobplan.BACKOFF_EXCEEDED, NOW)


def test_a_job_that_never_was_suspended_does_not_say_that_it_is_resumed():
    running = job()
    assert jobstatus.with_suspension(running, NOW) == running["status"]


# --- beside it ----------------------------------------------------------------------------------------------


def test_pods_are_let_go_when_no_job_will_count_them():
    owned = pod("a")
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": "work", "uid": "j", "controller": True}
    owned["metadata"]["ownerReferences"] = [reference]
    over = job(status={"conditions": [{"type": "Failed", "status": "True"}]})
    assert is_let_go(pod("a"), None)
    assert is_let_go(owned, None)
    assert is_let_go(owned, over)
    assert not is_let_go(owned, job())
    assert not is_let_go(pod("a", tracked=False), None)
    reference["kind"] = "Other"
    assert not is_let_go(owned, None)


def test_a_finished_job_is_deleted_when_its_time_has_come():
    ended = {"type": "Complete", "status": "True", "lastTransitionTime": format_time(NOW - 60)}
    finished = job(ttlSecondsAfterFinished=100, status={"conditions": [ended]})
    (wait,) = plan_ttl(finished, NOW)
    assert isinstance(wait, RequeueAfter)
    assert wait.delay_s == 40
    (deletion,) = plan_ttl(finished, NOW + 40)
    assert isinstance(deletion, DeleteObject)
    assert (deletion.uid, deletion.propagation_policy) == ("j", "Foreground")
    assert plan_ttl(job(ttlSecondsAfterFinished=100), NOW) == ()
    assert plan_ttl(job(status={"conditions": [ended]}), NOW) == ()
