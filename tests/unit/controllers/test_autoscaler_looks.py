"""When autoscalers are looked at."""

from __future__ import annotations

import pytest

from kubelite.api.resources import DEPLOYMENTS, HORIZONTALPODAUTOSCALERS
from kubelite.controllers.podautoscaler.controller import HorizontalPodAutoscalerController
from kubelite.reconcile.intents import RequeueAfter
from tests.unit.controllers.desk import Desk, only
from tests.unit.controllers.situations.autoscalers import Metrics, autoscaler
from tests.unit.controllers.situations.parts import named, refuse


@pytest.mark.parametrize("period_s", [1.0, 60.0])
def test_whatever_comes_of_a_look_the_next_is_a_period_later(period_s):
    desk = Desk()
    desk.put(HORIZONTALPODAUTOSCALERS, autoscaler())
    desk.put(DEPLOYMENTS, named("w", spec={"replicas": 2}, status={}))
    controller = desk.make(HorizontalPodAutoscalerController, metrics=Metrics, period_s=period_s)
    asked = desk.look(controller, "d/h", refuse(object))
    assert [each.delay_s for each in only(asked, RequeueAfter)] == [period_s]
    assert controller.retry_s == (period_s, period_s), "of failures, too"


def test_only_new_autoscalers_and_those_that_are_gone_call_for_a_look():
    desk, made = Desk(), autoscaler()
    controller = desk.make(HorizontalPodAutoscalerController, metrics=Metrics, period_s=5.0)
    heard = next(each.keys for each in controller.watches() if each.resource == HORIZONTALPODAUTOSCALERS)
    assert list(heard(None, made)) == []
    assert desk.enqueued == [("d/h", 5.0)]
    assert list(heard(made, autoscaler(maxReplicas=9))) == []
    assert list(heard(made, None)) == ["d/h"]
    assert desk.enqueued == [("d/h", 5.0)]
