"""A pod that gets a node gets the labels that say where this is.

Source: k8s.io/kubernetes/plugin/pkg/admission/podtopologylabels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

LABELS: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def _labels_of(env: Environment, node: str) -> Mapping[str, str]:
    entry = env.store.get(NODES, "", node)
    labels = {} if entry is None else entry.object["metadata"].get("labels") or {}
    return {key: labels[key] for key in LABELS if key in labels}


def _with_labels(obj: Object, labels: Mapping[str, str]) -> Object:
    """The object with these labels, as far as it has not its own."""
    if not labels:
        return obj
    metadata = obj.get("metadata") or {}
    return {**obj, "metadata": {**metadata, "labels": {**labels, **(metadata.get("labels") or {})}}}


def admit_binding(env: Environment, binding: Object) -> Object:
    """A binding with the labels of its node, which go over to the pod."""
    target = binding.get("target") or {}
    if target.get("kind") != "Node":
        return binding
    return _with_labels(binding, _labels_of(env, target.get("name") or ""))


def _admit(env: Environment, _attributes: Attributes, obj: Object) -> Object:
    node = obj["spec"].get("nodeName")
    return _with_labels(obj, _labels_of(env, node)) if node else obj


PLUGIN: Final = Plugin(name="PodTopologyLabels", resources=frozenset({PODS.group_resource}), admit=_admit)
