"""Defaults of the kinds of `apps/v1`.

Source: k8s.io/kubernetes/pkg/apis/apps/v1/{defaults,conversion}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.defaults.persistentvolumes import default_claim
from kubelite.api.defaults.podspec import changed, default_pod_template, each, with_defaults
from kubelite.apimachinery.scheme import Object

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
"""The annotation that counts the changes of a DaemonSet's template; older versions had a field for it."""

_REVISIONS_KEPT: Final = 10
_ROLLING: Final = "RollingUpdate"
_DEPLOYMENT: Final[Mapping[str, Any]] = {
    "replicas": 1,
    "revisionHistoryLimit": _REVISIONS_KEPT,
    "progressDeadlineSeconds": 600,
}
_STATEFUL_SET: Final[Mapping[str, Any]] = {
    "podManagementPolicy": "OrderedReady",
    "replicas": 1,
    "revisionHistoryLimit": _REVISIONS_KEPT,
}
_RETENTION: Final[Mapping[str, Any]] = {"whenDeleted": "Retain", "whenScaled": "Retain"}


def _rolling(strategy: Object, defaults: Mapping[str, Any]) -> Object:
    """An update strategy: rolling if it does not say, with the defaults of a rolling one."""
    strategy = strategy if strategy.get("type") else {**strategy, "type": _ROLLING}
    if strategy["type"] != _ROLLING:
        return strategy
    return {**strategy, "rollingUpdate": with_defaults(strategy.get("rollingUpdate") or {}, defaults)}


def _with_template(obj: Object) -> Object:
    """The spec of a workload, its pod template with defaults."""
    spec: Object = changed(obj["spec"], "template", default_pod_template)
    return spec


def default_deployment(deployment: Object) -> Object:
    """One replica, replaced a quarter at a time."""
    spec = with_defaults(_with_template(deployment), _DEPLOYMENT)
    strategy = _rolling(spec["strategy"], {"maxUnavailable": "25%", "maxSurge": "25%"})
    return {**deployment, "spec": {**spec, "strategy": strategy}}


def default_replica_set(replica_set: Object) -> Object:
    """One replica."""
    return {**replica_set, "spec": with_defaults(_with_template(replica_set), {"replicas": 1})}


def default_daemon_set(daemon_set: Object) -> Object:
    """Replaced node by node; the count of its templates is always written."""
    spec = with_defaults(_with_template(daemon_set), {"revisionHistoryLimit": _REVISIONS_KEPT})
    strategy = _rolling(spec["updateStrategy"], {"maxUnavailable": 1, "maxSurge": 0})
    metadata = daemon_set["metadata"]
    annotations = metadata.get("annotations") or {}
    if TEMPLATE_GENERATION not in annotations:
        metadata = {**metadata, "annotations": {**annotations, TEMPLATE_GENERATION: "0"}}
    return {**daemon_set, "metadata": metadata, "spec": {**spec, "updateStrategy": strategy}}


def default_stateful_set(stateful_set: Object) -> Object:
    """One replica at a time, in order; claims stay."""
    spec = with_defaults(_with_template(stateful_set), _STATEFUL_SET)
    strategy = spec["updateStrategy"]
    if not strategy.get("type"):
        strategy = {"rollingUpdate": {}, **strategy, "type": _ROLLING}
    if strategy["type"] == _ROLLING:
        strategy = changed(
            strategy, "rollingUpdate", lambda rolling: with_defaults(rolling, {"partition": 0})
        )
    retention = with_defaults(spec.get("persistentVolumeClaimRetentionPolicy") or {}, _RETENTION)
    spec = {**spec, "updateStrategy": strategy, "persistentVolumeClaimRetentionPolicy": retention}
    return {**stateful_set, "spec": changed(spec, "volumeClaimTemplates", each(_claim))}


def _claim(claim: Object) -> Object:
    claim = default_claim(claim)
    if claim.get("kind") == "PersistentVolumeClaim" and claim.get("apiVersion") == "v1":
        return claim
    return {**claim, "kind": "PersistentVolumeClaim", "apiVersion": "v1"}


DEFAULTS: Final = {
    r.DAEMONSETS: default_daemon_set,
    r.DEPLOYMENTS: default_deployment,
    r.REPLICASETS: default_replica_set,
    r.STATEFULSETS: default_stateful_set,
}
