"""What DaemonSets have told."""

from __future__ import annotations

from kubelite.api.resources import (
    DAEMONSETS,
    NODES,
    PODS,
)
from kubelite.controllers.daemonset.controller import DaemonSetController
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
)
from tests.unit.controllers.situations.parts import (
    NO_TEXT,
    SELECTOR,
    TEMPLATE,
    look,
    named,
    node,
    pod,
    refuse,
    tells,
)


def daemon_set(**spec):
    return named("s", spec={"selector": SELECTOR, "template": TEMPLATE, **spec}, status={})


def daemon(made, *pods, nodes=None, answer=lambda _: None):
    nodes = (node(),) if nodes is None else nodes
    there = ((DAEMONSETS, made), *((PODS, each) for each in pods), *((NODES, each) for each in nodes))
    return look(DaemonSetController, "d/s", *there, answer=answer)


def daemon_pod(phase="Running"):
    return pod(owner=(named("s"), "DaemonSet"), phase=phase)


of_daemon_sets = (DaemonSetController, "DaemonSet")


@tells(*of_daemon_sets, "Normal", "SuccessfulCreate", "Created pod: s-x")
def a_daemon_comes():
    return daemon(daemon_set())


@tells(*of_daemon_sets, "Warning", "FailedCreate", f"Error creating: {NO_TEXT}")
def a_daemon_cannot_come():
    return daemon(daemon_set(), answer=refuse(CreateObject, PODS))


@tells(*of_daemon_sets, "Normal", "SuccessfulDelete", "Deleted pod: p")
def a_daemon_goes():
    return daemon(daemon_set(), daemon_pod(), nodes=())


@tells(*of_daemon_sets, "Warning", "FailedDelete", f"Error deleting: {NO_TEXT}")
def a_daemon_cannot_go():
    return daemon(daemon_set(), daemon_pod(), nodes=(), answer=refuse(DeleteObject, PODS))


@tells(
    *of_daemon_sets,
    "Warning",
    "FailedDaemonPod",
    "Found failed daemon pod d/p on node n, will try to kill it",
)
def a_daemon_has_failed():
    return daemon(daemon_set(), daemon_pod("Failed"))


@tells(
    *of_daemon_sets,
    "Normal",
    "SucceededDaemonPod",
    "Found succeeded daemon pod d/p on node n, will try to delete it",
)
def a_daemon_has_ended():
    return daemon(daemon_set(), daemon_pod("Succeeded"))


@tells(
    *of_daemon_sets,
    "Warning",
    "SelectingAll",
    "This daemon set is selecting all pods. A non-empty selector is required.",
)
def a_daemon_set_selects_all():
    return daemon(daemon_set(selector={}))
