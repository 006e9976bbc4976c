"""What PodDisruptionBudgets and their pods have told."""

from __future__ import annotations

from kubelite.api.resources import (
    PODDISRUPTIONBUDGETS,
    PODS,
)
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.disruption.controller import DisruptionController
from tests.unit.controllers.desk import NOW, Desk
from tests.unit.controllers.situations.parts import (
    SELECTOR,
    look,
    named,
    pod,
    tells,
)


def budget(name="b", **spec):
    return named(name, spec={"selector": SELECTOR, "maxUnavailable": 1, **spec}, status={})


def disrupt(made, *pods, answer=lambda _: None):
    there = ((PODDISRUPTIONBUDGETS, made), *((PODS, each) for each in pods))
    return look(DisruptionController, "d/b", *there, answer=answer)


@tells(DisruptionController, "PodDisruptionBudget", "Normal", "NoPods", "No matching pods found")
def a_budget_has_no_pods():
    return disrupt(budget())


@tells(
    DisruptionController,
    "PodDisruptionBudget",
    "Warning",
    "CalculateExpectedPodCountFailed",
    'Failed to calculate the number of expected pods: found no controllers for pod "p"',
)
def the_controller_of_a_pod_is_not_there():
    return disrupt(budget(), pod(owner=(named("gone"), "ReplicaSet")))


@tells(
    DisruptionController,
    "PodDisruptionBudget",
    "Warning",
    "UnmanagedPods",
    "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{a: b,}"
    ",MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status "
    "of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these "
    'pods please set ".spec.minAvailable" field of the PDB to an integer value.',
)
def a_pod_has_no_controller():
    return disrupt(budget(), pod())


@tells(
    DisruptionController,
    "Pod",
    "Warning",
    "NotDeleted",
    "Pod was expected by PDB d/d to be deleted but it wasn't",
)
def an_evicted_pod_stays():
    made = budget(minAvailable=1, maxUnavailable=None)
    made["status"] = {"disruptedPods": {"p": format_time(NOW - 121)}}
    return disrupt(made, pod())


@tells(
    DisruptionController,
    "Pod",
    "Warning",
    "MultiplePodDisruptionBudgets",
    'Pod "d"/"p" matches multiple PodDisruptionBudgets.  Chose "b" arbitrarily.',
)
def a_pod_has_two_budgets():
    desk = Desk()
    desk.put(PODDISRUPTIONBUDGETS, budget(), budget("c"))
    desk.put(PODS, pod())
    controller = desk.make(DisruptionController)
    (watch,) = (each for each in controller.watches() if each.resource == PODS)
    list(watch.keys(None, desk.informer(PODS).objects[0]))
    return desk.look(controller, "d/b")
