"""What StatefulSets have told."""

from __future__ import annotations

from kubelite.api.resources import (
    PERSISTENTVOLUMECLAIMS,
    PODS,
    STATEFULSETS,
)
from kubelite.controllers.statefulset.controller import StatefulSetController
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    PatchObject,
)
from tests.unit.controllers.situations.parts import (
    LABELS,
    NO_TEXT,
    SELECTOR,
    TEMPLATE,
    look,
    named,
    pod,
    refuse,
    tells,
)


def stateful_set(count=1, *, claims=False):
    spec = {"replicas": count, "selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"}
    if claims:
        spec["volumeClaimTemplates"] = [{"metadata": {"name": "v"}, "spec": {}}]
    return named("s", spec=spec, status={})


def member(**labels):
    made = pod("s-0", owner=(named("s"), "StatefulSet"))
    made["metadata"]["labels"] = {**LABELS, "statefulset.kubernetes.io/pod-name": "s-0", **labels}
    return made


def stateful(made, *pods, answer=lambda _: None):
    there = ((STATEFULSETS, made), *((PODS, each) for each in pods))
    return look(StatefulSetController, "d/s", *there, answer=answer)


of_stateful_sets = (StatefulSetController, "StatefulSet")


@tells(*of_stateful_sets, "Normal", "SuccessfulCreate", "Create Pod s-0 in StatefulSet s successful")
def a_member_is_made():
    return stateful(stateful_set())


@tells(
    *of_stateful_sets, "Warning", "FailedCreate", f"Create Pod s-0 in StatefulSet s failed error: {NO_TEXT}"
)
def a_member_cannot_be_made():
    return stateful(stateful_set(), answer=refuse(CreateObject, PODS))


@tells(*of_stateful_sets, "Normal", "SuccessfulCreate", "Create Claim v-s-0 Pod s-0 in StatefulSet s success")
def a_claim_is_made():
    return stateful(stateful_set(claims=True))


@tells(
    *of_stateful_sets,
    "Warning",
    "FailedCreate",
    f"Create Claim v-s-0 for Pod s-0 in StatefulSet s failed error: {NO_TEXT}",
)
def a_claim_cannot_be_made():
    return stateful(stateful_set(claims=True), answer=refuse(CreateObject, PERSISTENTVOLUMECLAIMS))


@tells(*of_stateful_sets, "Normal", "SuccessfulDelete", "Delete Pod s-0 in StatefulSet s successful")
def a_member_is_one_too_many():
    return stateful(stateful_set(0), member())


@tells(
    *of_stateful_sets, "Warning", "FailedDelete", f"Delete Pod s-0 in StatefulSet s failed error: {NO_TEXT}"
)
def a_member_cannot_be_deleted():
    return stateful(stateful_set(0), member(), answer=refuse(DeleteObject, PODS))


@tells(*of_stateful_sets, "Normal", "SuccessfulUpdate", "Update Pod s-0 in StatefulSet s successful")
def a_member_has_lost_its_label():
    return stateful(stateful_set(), member(**{"statefulset.kubernetes.io/pod-name": "x"}))


@tells(
    *of_stateful_sets, "Warning", "FailedUpdate", f"Update Pod s-0 in StatefulSet s failed error: {NO_TEXT}"
)
def a_member_cannot_be_labelled():
    lost = member(**{"statefulset.kubernetes.io/pod-name": "x"})
    return stateful(stateful_set(), lost, answer=refuse(PatchObject, PODS))
