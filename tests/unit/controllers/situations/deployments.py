"""What Deployments have told."""

from __future__ import annotations

from kubelite.api.resources import (
    DEPLOYMENTS,
    REPLICASETS,
)
from kubelite.controllers.deployment.controller import DeploymentController
from kubelite.reconcile.intents import (
    CreateObject,
)
from tests.unit.controllers.situations.parts import (
    LABELS,
    NO_TEXT,
    SELECTOR,
    TEMPLATE,
    look,
    named,
    owned,
    refuse,
    tells,
)


def deployment(count=2, **annotations):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"replicas": count, "selector": SELECTOR, "template": TEMPLATE, "strategy": strategy}
    made = named("w", spec={**spec, "progressDeadlineSeconds": 600}, status={})
    made["metadata"]["annotations"] = annotations
    return made


def set_of(made, count, revision="1"):
    template = {**made["spec"]["template"], "metadata": {"labels": {**LABELS, "pod-template-hash": "h"}}}
    found = named("w-h", spec={"replicas": count, "template": template, "selector": SELECTOR}, status={})
    found["metadata"] |= {"labels": LABELS, "annotations": {"deployment.kubernetes.io/revision": revision}}
    return owned(found, made, "Deployment")


def deploy(made, *sets, answer=lambda _: None):
    there = ((DEPLOYMENTS, made), *((REPLICASETS, each) for each in sets))
    return look(DeploymentController, "d/w", *there, answer=answer)


of_deployments = (DeploymentController, "Deployment")


@tells(*of_deployments, "Normal", "ScalingReplicaSet", "Scaled up replica set w-79fb88968d from 0 to 2")
def a_deployment_begins():
    return deploy(deployment())


@tells(*of_deployments, "Normal", "ScalingReplicaSet", "Scaled down replica set w-h from 3 to 2")
def a_deployment_becomes_smaller():
    return deploy(deployment(), set_of(deployment(), 3))


@tells(
    *of_deployments,
    "Warning",
    "ReplicaSetCreateError",
    f'Failed to create new replica set "w-79fb88968d": {NO_TEXT}',
)
def a_replica_set_cannot_be_made():
    return deploy(deployment(), answer=refuse(CreateObject))


@tells(
    *of_deployments,
    "Warning",
    "SelectingAll",
    "This deployment is selecting all pods. A non-empty selector is required.",
)
def a_deployment_selects_all():
    made = deployment()
    return deploy({**made, "spec": {**made["spec"], "selector": {}}})


ROLLBACK = "deprecated.deployment.rollback.to"


@tells(*of_deployments, "Normal", "DeploymentRollback", 'Rolled back deployment "w" to revision 1')
def a_deployment_is_rolled_back():
    made, old = deployment(**{ROLLBACK: "1"}), set_of(deployment(), 0)
    old["spec"]["template"] = {**old["spec"]["template"], "spec": {"containers": []}}
    new = set_of(made, 2, "2")
    new["metadata"]["name"] = "w-i"
    return deploy(made, old, new)


@tells(
    *of_deployments,
    "Warning",
    "DeploymentRollbackRevisionNotFound",
    "Unable to find the revision to rollback to.",
)
def a_revision_is_not_there():
    return deploy(deployment(**{ROLLBACK: "7"}), set_of(deployment(), 2))


@tells(
    *of_deployments,
    "Warning",
    "DeploymentRollbackTemplateUnchanged",
    'The rollback revision contains the same template as current deployment "w"',
)
def a_revision_is_the_present_one():
    return deploy(deployment(**{ROLLBACK: "1"}), set_of(deployment(), 2))
