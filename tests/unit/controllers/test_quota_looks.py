"""What a look at a ResourceQuota counts, and who calls for one."""

from __future__ import annotations

import pytest

from kubelite.api.resources import CONFIGMAPS, PODS, RESOURCEQUOTAS
from kubelite.controllers.resourcequota import LAG_S, ResourceQuotaController
from kubelite.reconcile.intents import UpdateStatus
from tests.unit.controllers.desk import Desk, only
from tests.unit.controllers.situations.parts import named, pod


def quota(**hard):
    return named("q", spec={"hard": hard}, status={})


def rig(*pods, **hard):
    desk = Desk()
    desk.put(RESOURCEQUOTAS, quota(**hard))
    desk.put(PODS, *pods)
    controller = desk.make(ResourceQuotaController)
    handlers = {each.resource: each.keys for each in controller.watches()}
    return desk, controller, handlers


def used(asked):
    (update,) = only(asked, UpdateStatus)
    return update.object["status"]["used"]


@pytest.mark.parametrize("resource", [PODS, CONFIGMAPS])
def test_what_goes_calls_for_a_look_and_what_comes_only_right_after_one(resource):
    desk, controller, handlers = rig(pods="2", **{"count/configmaps": "1"})
    made = pod() if resource == PODS else named("c")
    keys = handlers[resource]
    assert list(keys(made, None)) == ["d/q"]
    assert list(keys(None, made)) == []
    desk.look(controller, "d/q")
    assert list(keys(None, made)) == ["d/q"], "it may be counted by admission, and was not seen"
    desk.now += LAG_S + 0.1
    assert list(keys(None, made)) == []


def test_a_pod_that_has_ended_is_used_no_more():
    ended = pod("ended", phase="Succeeded")
    desk, controller, handlers = rig(pod(), ended, pods="5")
    assert used(desk.look(controller, "d/q")) == {"pods": "1"}
    assert list(handlers[PODS](pod("ended"), ended)) == ["d/q"]
    assert list(handlers[PODS](ended, ended)) == []


def given(cpu, **spec):
    made = pod(**spec)
    resources = {} if cpu is None else {"resources": {"requests": {"cpu": cpu}}}
    return {**made, "status": {**made["status"], "containerStatuses": [{"name": "c", **resources}]}}


@pytest.mark.parametrize(
    ("old", "new", "is_called"),
    [
        (given("1"), given("2"), True),
        (given("1"), given("1"), False),
        (pod(), given("1"), True),
        (pod(), given(None), False),
        (given("1"), given("1", activeDeadlineSeconds=5), True),
    ],
)
def test_a_pod_that_gets_other_resources_or_a_deadline_calls_for_a_look(old, new, is_called):
    _, _, handlers = rig(pods="5")
    assert bool(list(handlers[PODS](old, new))) is is_called


def test_a_quota_that_is_gone_is_forgotten_and_one_of_much_rests():
    desk, controller, handlers = rig(*(pod(f"p{number}") for number in range(200)), pods="500")
    assert controller.interval_s("d/q") == 0
    desk.look(controller, "d/q")
    assert controller.interval_s("d/q") > 0
    desk.take(RESOURCEQUOTAS, "q")
    desk.look(controller, "d/q")
    assert controller.interval_s("d/q") == 0
    assert list(handlers[PODS](None, pod())) == []
