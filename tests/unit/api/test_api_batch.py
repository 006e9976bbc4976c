"""Jobs and CronJobs."""

import pytest

from kubelite.api import resources as r
from kubelite.api.cron import CronError, parse_duration, parse_schedule
from kubelite.api.timezones import is_time_zone
from tests.workloads import UID, faults, made, merged, stored, update_faults, updated

TIME = "2026-01-02T03:04:05Z"
EARLIER = "2026-01-02T03:04:04Z"


def test_a_job_selects_its_pods_by_its_uid():
    job = made(r.JOBS)
    labels = {
        "batch.kubernetes.io/controller-uid": UID,
        "batch.kubernetes.io/job-name": "x",
        "controller-uid": UID,
        "job-name": "x",
    }
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}}
    assert job["spec"]["template"]["metadata"]["labels"] == labels
    assert job["metadata"]["labels"] == labels
    assert made(r.JOBS, metadata={"labels": {"y": "z"}})["metadata"]["labels"] == {"y": "z"}


def test_a_job_may_bring_a_selector_of_its_own():
    selector = {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}}
    spec = {"manualSelector": True, "selector": selector, "template": template}
    assert made(r.JOBS, spec)["spec"]["selector"] == selector
    assert faults(r.JOBS, spec) == []
    assert "spec.selector: Required value" in faults(r.JOBS, {"manualSelector": True})


def test_generated_labels_may_not_be_given_otherwise():
    labels = {"job-name": "other"}
    problems = faults(r.JOBS, {"template": {"metadata": {"labels": labels}}})
    assert [problem.partition(":")[0] for problem in problems] == ["spec.template.metadata.labels[job-name]"]
    assert problems[0].endswith("must be 'x'")
    problems = faults(
        r.JOBS, {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}}}
    )
    assert problems[-1].endswith("`selector` not auto-generated")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"parallelism": 1, "completions": 1, "backoffLimit": 6}),
        ({"parallelism": 3}, {"parallelism": 3, "backoffLimit": 6}),
        ({"completions": 3}, {"parallelism": 1, "completions": 3, "backoffLimit": 6}),
        (
            {"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 1},
            {"parallelism": 1, "completions": 2, "backoffLimit": 2147483647},
        ),
    ],
)
def test_numbers_of_a_job_by_default(spec, expected):
    made_spec = made(r.JOBS, spec)["spec"]
    numbers = ("parallelism", "completions", "backoffLimit")
    assert {key: made_spec[key] for key in numbers if key in made_spec} == expected
    assert (made_spec["suspend"], made_spec["manualSelector"]) == (False, False)


def policy(**rule):
    return {"podFailurePolicy": {"rules": [rule]}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"template": {"spec": {"restartPolicy": "Always"}}},
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            {"maxFailedIndexes": 1},
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        ),
        (
            {"backoffLimitPerIndex": 1},
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            {"completionMode": "Indexed", "parallelism": 1},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            {"completionMode": "Odd"},
            'spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", "Indexed"',
        ),
        (
            {"managedBy": "me"},
            'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
        ),
        (
            policy(action="Count"),
            (
                "spec.podFailurePolicy.rules[0]: Invalid value: "
                "specifying one of OnExitCodes and OnPodConditions is required"
            ),
        ),
        (
            policy(action="FailIndex", onExitCodes={"operator": "In", "values": [1]}),
            (
                'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": '
                "requires the backoffLimitPerIndex to be set"
            ),
        ),
        (
            policy(action="Count", onExitCodes={"operator": "In", "values": [2, 1]}),
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered",
        ),
        (
            policy(action="Count", onExitCodes={"operator": "In", "values": [0]}),
            (
                "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: "
                "must not be 0 for the In operator"
            ),
        ),
        (
            policy(onPodConditions=[{"type": "Ready"}]),
            (
                "spec.podFailurePolicy.rules[0].action: Required value: "
                'valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'
            ),
        ),
        (
            {"podReplacementPolicy": "Odd"},
            (
                'spec.podReplacementPolicy: Unsupported value: "Odd": '
                'supported values: "Failed", "TerminatingOrFailed"'
            ),
        ),
        (
            {"successPolicy": {"rules": [{"succeededCount": 1}]}},
            (
                "spec.successPolicy: Invalid value: "
                '{"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: '
                "requires indexed completion mode"
            ),
        ),
        (
            {
                "completionMode": "Indexed",
                "completions": 3,
                "successPolicy": {"rules": [{"succeededIndexes": "0-5"}]},
            },
            (
                'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-5": '
                'error parsing succeededIndexes: too large index: "5"'
            ),
        ),
        (
            {
                "completionMode": "Indexed",
                "completions": 9,
                "successPolicy": {"rules": [{"succeededIndexes": "0-1,3", "succeededCount": 4}]},
            },
            (
                "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: "
                "must be less than or equal to 3 "
                "(the number of indexes in the specified succeededIndexes field)"
            ),
        ),
    ],
)
def test_rules_of_a_job(spec, expected):
    assert expected in faults(r.JOBS, spec)


def test_pods_of_an_indexed_job_need_hostnames():
    name = "x" * 62
    problems = faults(r.JOBS, {"completionMode": "Indexed", "completions": 2}, metadata={"name": name})
    assert problems[-1] == (
        f'metadata.name: Invalid value: "{name}": '
        f"will not able to create pod with invalid DNS label: {name}-1"
    )


def test_what_a_job_is_made_of_stays():
    old = stored(made(r.JOBS))
    assert update_faults(r.JOBS, old, {"spec": {"parallelism": 3, "suspend": True}}) == []
    assert update_faults(r.JOBS, old, {"spec": {"completions": 3}}) == [
        "spec.completions: Invalid value: 3: field is immutable"
    ]
    problems = update_faults(r.JOBS, old, {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}})
    assert [problem.partition(":")[0] for problem in problems] == ["spec.template"]


def test_a_suspended_job_that_has_not_begun_may_be_placed_elsewhere():
    old = stored(made(r.JOBS, {"suspend": True}))
    spec = {
        "nodeSelector": {"a": "b"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
    }
    change = {"spec": {"template": {"metadata": {"annotations": {"x": "y"}}, "spec": spec}}}
    assert update_faults(r.JOBS, old, change) == []
    begun = stored(merged(old, {"status": {"startTime": TIME}}))
    assert update_faults(r.JOBS, begun, change) != []
    assert update_faults(r.JOBS, old, {"spec": {"template": {"spec": {"hostname": "h"}}}}) != []


def test_a_suspended_job_whose_pods_are_gone_may_be_changed_again():
    asked = {"name": "c", "image": "i:1", "resources": {"requests": {"cpu": "2"}}}
    placed = {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}
    sized = {"spec": {"template": {"spec": {"containers": [asked]}}}}
    suspended = {"startTime": TIME, "conditions": [{"type": "Suspended", "status": "True"}]}
    old = stored(made(r.JOBS, {"suspend": True}))
    for status in ({}, suspended):
        assert update_faults(r.JOBS, merged(old, {"status": status}), placed) == []
        assert update_faults(r.JOBS, merged(old, {"status": status}), sized) == []
    for status in ({"active": 1}, suspended | {"active": 1}, {"startTime": TIME}):
        assert update_faults(r.JOBS, merged(old, {"status": status}), sized) != []
    running = merged(old, {"spec": {"suspend": False}, "status": suspended})
    assert update_faults(r.JOBS, running, sized) != []
    other = {"spec": {"template": {"spec": {"containers": [{**asked, "image": "i:2"}]}}}}
    assert update_faults(r.JOBS, old, other) != []


def test_an_indexed_job_is_scaled_with_both_its_numbers():
    old = stored(made(r.JOBS, {"completionMode": "Indexed", "completions": 2, "parallelism": 2}))
    assert update_faults(r.JOBS, old, {"spec": {"completions": 3, "parallelism": 3}}) == []
    assert update_faults(r.JOBS, old, {"spec": {"completions": 3}}) == [
        "spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"
    ]


def conditions(*types):
    return {"conditions": [{"type": type_, "status": "True", "lastTransitionTime": TIME} for type_ in types]}


@pytest.mark.parametrize(
    ("before", "status", "expected"),
    [
        (
            {},
            conditions("Complete") | {"startTime": TIME},
            ["status.completionTime: Required value: completionTime is required for Complete jobs"],
        ),
        (
            {},
            conditions("Complete") | {"startTime": TIME, "completionTime": EARLIER},
            [
                (
                    f'status.completionTime: Invalid value: "{EARLIER}": '
                    "completionTime cannot be set before startTime"
                )
            ],
        ),
        (
            {},
            {"completionTime": TIME},
            [
                (
                    f'status.completionTime: Invalid value: "{TIME}": '
                    "cannot set completionTime when there is no Complete=True condition"
                )
            ],
        ),
        (
            {},
            conditions("Failed") | {"active": 1},
            [
                "status.active: Invalid value: 1: active>0 is invalid for finished job",
                "status.startTime: Required value: startTime is required for finished job",
            ],
        ),
        (
            conditions("Failed") | {"startTime": TIME, "failed": 2},
            {"startTime": TIME, "failed": 1},
            [
                "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
                "status.failed: Invalid value: 1: cannot decrease the failed counter",
            ],
        ),
        (
            {"startTime": TIME},
            {},
            ["status.startTime: Required value: startTime cannot be removed for unsuspended job"],
        ),
        (
            {},
            {"completedIndexes": "1"},
            [
                (
                    'status.completedIndexes: Invalid value: "1": '
                    'error parsing completedIndexes: too large index: "1"'
                ),
                (
                    'status.completedIndexes: Invalid value: "1": '
                    "cannot set non-empty completedIndexes when non-indexed completion mode"
                ),
            ],
        ),
        (
            {},
            {"uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["a", ""]}},
            [
                'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
                'status.uncountedTerminatedPods.failed[1]: Invalid value: "": must not be empty',
            ],
        ),
    ],
)
def test_what_the_status_of_a_job_may_say(before, status, expected):
    old = stored(made(r.JOBS) | {"status": before})
    new = {**old, "status": status}
    cleared = {key: None for key in before if key not in status}
    assert update_faults(r.JOBS, old, {"status": {**status, **cleared}}, status=True) == expected
    assert new["spec"] == old["spec"]


def test_overlapping_indexes_are_refused():
    spec = {"completionMode": "Indexed", "completions": 9, "backoffLimitPerIndex": 1}
    old = stored(made(r.JOBS, spec))
    status = {"completedIndexes": "0,2-4", "failedIndexes": "1,3"}
    assert update_faults(r.JOBS, old, {"status": status}, status=True) == [
        'status.failedIndexes: Invalid value: "1,3": failedIndexes and completedIndexes overlap at index: 3'
    ]


def test_a_cron_job_has_defaults_its_jobs_get_theirs_later():
    spec = made(r.CRONJOBS)["spec"]
    assert (spec["concurrencyPolicy"], spec["suspend"]) == ("Allow", False)
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
    job = spec["jobTemplate"]["spec"]
    assert set(job) == {"template"}
    assert job["template"]["spec"]["schedulerName"] == "default-scheduler"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"schedule": None}, "spec.schedule: Required value"),
        (
            {"schedule": "TZ=UTC 0 * * * *"},
            (
                'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": '
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            ),
        ),
        ({"timeZone": "Moon/Base"}, 'spec.timeZone: Invalid value: "Moon/Base": unknown time zone Moon/Base'),
        ({"timeZone": ""}, 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'),
        (
            {"timeZone": "local"},
            (
                'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in '
                "https://www.iana.org/time-zones"
            ),
        ),
        (
            {"jobTemplate": {"spec": {"selector": {"matchLabels": {"a": "b"}}}}},
            (
                'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: '
                "`selector` will be auto-generated"
            ),
        ),
        (
            {"jobTemplate": {"spec": {"manualSelector": True}}},
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ),
    ],
)
def test_rules_of_a_cron_job(spec, expected):
    assert expected in faults(r.CRONJOBS, spec)


def test_the_name_of_a_cron_job_leaves_room_for_those_of_its_jobs():
    name = "x" * 53
    assert faults(r.CRONJOBS, metadata={"name": name}) == [
        f'metadata.name: Invalid value: "{name}": must be no more than 52 characters'
    ]


def test_a_zone_in_the_schedule_may_stay():
    old = stored(made(r.CRONJOBS, {"schedule": "CRON_TZ=UTC 0 * * * *"}))
    assert update_faults(r.CRONJOBS, old, {"spec": {"suspend": True}}) == []
    assert update_faults(r.CRONJOBS, old, {"spec": {"timeZone": "UTC"}}) == [
        (
            'spec.schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": '
            "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        )
    ]


def test_the_name_stays_out_of_updates_of_a_cron_job():
    old = stored(made(r.CRONJOBS, metadata={"name": "x" * 53}))
    assert update_faults(r.CRONJOBS, old, {"spec": {"suspend": True}}) == []
    assert updated(r.CRONJOBS, old, {"spec": {"suspend": True}})["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'),
        ("@never", "unrecognized descriptor: @never"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
        ("TZ=Moon/Base * * * * *", "provided bad location Moon/Base: unknown time zone Moon/Base"),
    ],
)
def test_what_is_no_schedule(text, why):
    with pytest.raises(CronError) as caught:
        parse_schedule(text, is_time_zone)
    assert str(caught.value) == why


def test_schedules():
    schedule = parse_schedule("*/20 8-10,22 1 JAN,feb mon-fri", is_time_zone)
    assert sorted(schedule.minutes) == [0, 20, 40]
    assert sorted(schedule.hours) == [8, 9, 10, 22]
    assert (sorted(schedule.months), sorted(schedule.weekdays)) == ([1, 2], [1, 2, 3, 4, 5])
    assert schedule.starred == (False, False)
    assert parse_schedule("@weekly", is_time_zone) == parse_schedule("0 0 * * 0", is_time_zone)
    assert sorted(parse_schedule("50/5 ? * * *", is_time_zone).minutes) == [50, 55]
    assert parse_schedule("@every 1h30m", is_time_zone).every_s == 5400
    assert parse_schedule("CRON_TZ=Europe/Rome 0 * * * *", is_time_zone).zone == "Europe/Rome"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5", 'time: missing unit in duration "5"'),
        ("5y", 'time: unknown unit "y" in duration "5y"'),
        ("-", 'time: invalid duration "-"'),
    ],
)
def test_what_is_no_duration(text, why):
    with pytest.raises(ValueError, match="time: ") as caught:
        parse_duration(text)
    assert str(caught.value) == why
