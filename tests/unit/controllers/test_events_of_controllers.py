"""Every Event that a controller can make: what leads to it, and what it says to the letter.

In `situations` a function makes a situation and looks at it; the decorator above it says what is told then.
Here stands what the controllers of kube-controller-manager can tell, so that the table says what is missing
and why.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from importlib import resources as files

import pytest

from kubelite.controllers.registry import CONTROLLERS
from kubelite.controllers.volume.provisioner import Provisioner
from kubelite.reconcile.intents import (
    RecordEvent,
)
from tests.unit.controllers.situations import (
    autoscalers,
    budgets,
    cronjobs,
    daemonsets,
    deployments,
    endpoints,
    nodes,
    owners,
    podowners,
    statefulsets,
    volumes,
)
from tests.unit.controllers.situations.parts import TABLE

SITUATIONS = (
    autoscalers,
    budgets,
    cronjobs,
    daemonsets,
    deployments,
    endpoints,
    nodes,
    owners,
    podowners,
    statefulsets,
    volumes,
)
"""Each fills the table when it is imported."""


@pytest.mark.parametrize(("controller", "kind", "event", "situation"), TABLE)
def test_what_is_told(controller, kind, event, situation):
    told = [
        (each.object["kind"], (each.type, each.reason, each.message))
        for each in situation()
        if isinstance(each, RecordEvent)
    ]
    assert (kind, event) in told


KUBERNETES = {
    "controllermanager": {
        "CalculateExpectedPodCountFailed",
        "MultiplePodDisruptionBudgets",
        "NoPods",
        "NotDeleted",
        "UnmanagedPods",
    },
    "cronjob-controller": {
        "FailedCreate",
        "FailedDelete",
        "FailedGet",
        "InvalidSchedule",
        "JobAlreadyActive",
        "MissSchedule",
        "MissingJob",
        "SawCompletedJob",
        "SuccessfulCreate",
        "SuccessfulDelete",
        "TooManyMissedTimes",
        "UnParseableCronJobSchedule",
        "UnexpectedJob",
        "UnknownTimeZone",
        "UnparseableSchedule",
        "UnsupportedSchedule",
    },
    "daemonset-controller": {
        "FailedCreate",
        "FailedDaemonPod",
        "FailedDelete",
        "SelectingAll",
        "SucceededDaemonPod",
        "SuccessfulCreate",
        "SuccessfulDelete",
    },
    "deployment-controller": {
        "DeploymentRollback",
        "DeploymentRollbackRevisionNotFound",
        "DeploymentRollbackTemplateUnchanged",
        "ReplicaSetCreateError",
        "ScalingReplicaSet",
        "SelectingAll",
    },
    "endpoint-controller": {"FailedToCreateEndpoint", "FailedToUpdateEndpoint"},
    "endpoint-slice-controller": {
        "FailedToUpdateEndpointSlices",
        "TopologyAwareHintsDisabled",
        "TopologyAwareHintsEnabled",
    },
    "endpoint-slice-mirroring-controller": {
        "FailedToUpdateEndpointSlices",
        "InvalidIPAddress",
        "TooManyAddressesToMirror",
    },
    "ephemeral_volume": {"FailedBinding"},
    "garbage-collector-controller": {"OwnerRefInvalidNamespace"},
    "horizontal-pod-autoscaler": {
        "AmbiguousSelector",
        "FailedComputeMetricsReplicas",
        "FailedGetContainerResourceMetric",
        "FailedGetExternalMetric",
        "FailedGetObjectMetric",
        "FailedGetPodsMetric",
        "FailedGetResourceMetric",
        "FailedGetScale",
        "FailedRescale",
        "FailedUpdateStatus",
        "InvalidMetricSourceType",
        "InvalidSelector",
        "SelectorRequired",
        "SuccessfulRescale",
    },
    "job-controller": {
        "BackoffLimitExceeded",
        "Completed",
        "DeadlineExceeded",
        "FailedCreate",
        "FailedDelete",
        "FailedIndexes",
        "MaxFailedIndexesExceeded",
        "PodFailurePolicy",
        "Resumed",
        "SuccessfulCreate",
        "SuccessfulDelete",
        "Suspended",
        "TooManySucceededPods",
        "UnknownCompletionMode",
    },
    "node-controller": {"NodeNotReady", "RegisteredNode", "RemovingNode"},
    "persistentvolume-controller": {
        "ClaimLost",
        "ClaimMisbound",
        "ExternalProvisioning",
        "FailedBinding",
        "ProvisioningCleanupFailed",
        "ProvisioningFailed",
        "ProvisioningSucceeded",
        "RecyclerPod",
        "VolumeDelete",
        "VolumeFailedDelete",
        "VolumeFailedRecycle",
        "VolumeMismatch",
        "VolumeRecycled",
        "VolumeUnknownReclaimPolicy",
        "WaitForFirstConsumer",
        "WaitForPodScheduled",
    },
    "replicaset-controller": {"FailedCreate", "FailedDelete", "SuccessfulCreate", "SuccessfulDelete"},
    "replication-controller": {"FailedCreate", "FailedDelete", "SuccessfulCreate", "SuccessfulDelete"},
    "statefulset-controller": {
        "FailedCreate",
        "FailedDelete",
        "FailedUpdate",
        "SuccessfulCreate",
        "SuccessfulDelete",
        "SuccessfulUpdate",
    },
    "taint-eviction-controller": {"TaintManagerEviction"},
    "volume_expand": {
        "ExternalExpanding",
        "FileSystemResizeRequired",
        "VolumeResizeFailed",
        "VolumeResizeSuccessful",
    },
}
"""The reasons that controllers of Kubernetes tell, by the component that tells them."""

MISSING = {
    ("cronjob-controller", "UnParseableCronJobSchedule"): "the API refuses such a schedule",
    ("horizontal-pod-autoscaler", "InvalidMetricSourceType"): "the API refuses such a type",
    ("job-controller", "UnknownCompletionMode"): "the API refuses such a mode",
    ("endpoint-slice-mirroring-controller", "InvalidIPAddress"): "the API refuses such an address",
    ("persistentvolume-controller", "VolumeUnknownReclaimPolicy"): "the API refuses such a policy",
    ("persistentvolume-controller", "ProvisioningCleanupFailed"): "no volume is provisioned in its process",
    ("persistentvolume-controller", "ProvisioningSucceeded"): "no volume is provisioned in its process",
    ("persistentvolume-controller", "VolumeDelete"): "no driver in its process is busy",
    ("persistentvolume-controller", "RecyclerPod"): "nothing empties a volume",
    ("persistentvolume-controller", "VolumeRecycled"): "nothing empties a volume",
    ("volume_expand", "FileSystemResizeRequired"): "no volume is made larger in its process",
    ("volume_expand", "VolumeResizeFailed"): "no volume is made larger in its process",
    ("volume_expand", "VolumeResizeSuccessful"): "no volume is made larger in its process",
}
"""Those that no row is about, and why."""


def rows():
    return {(row.values[0].component, row.values[2][1]) for row in TABLE}


def test_all_that_kubernetes_tells_is_in_the_table_or_missing_for_a_reason():
    known = {(component, reason) for component, reasons in KUBERNETES.items() for reason in reasons}
    others = {(component, reason) for component, reason in rows() if component == Provisioner.component}
    assert rows() - others | MISSING.keys() == known
    assert not rows() & MISSING.keys()


WORD = re.compile(r"[A-Z][a-z]+([A-Z][A-Za-z]+)*")


def reasons_in_code():
    """The reasons that stand in calls which record Events."""
    found = defaultdict(set)
    root = files.files("kubelite") / "controllers"
    pending = [root]
    while pending:
        for entry in pending.pop().iterdir():
            if entry.is_dir():
                pending.append(entry)
            elif entry.name.endswith(".py"):
                for call in ast.walk(ast.parse(entry.read_text(encoding="utf-8"))):
                    if isinstance(call, ast.Call) and _records(call):
                        texts = (each.value for each in call.args if isinstance(each, ast.Constant))
                        words = {text for text in texts if isinstance(text, str) and WORD.fullmatch(text)}
                        found[entry.name] |= words - {"Normal", "Warning"}
    return found


def _records(call):
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name in {"RecordEvent", "event", "_event"}


def test_all_that_the_code_tells_is_in_the_table():
    told = {reason for _, reason in rows()}
    missing = {name: reasons - told for name, reasons in reasons_in_code().items() if reasons - told}
    assert not missing


def test_a_row_names_a_component_that_some_controller_of_the_registry_tells_as():
    assert {row.values[0].component for row in TABLE} <= {row.component for row in CONTROLLERS}
