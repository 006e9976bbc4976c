"""Nodes and pods as plain objects, for the scheduler's tests."""

from __future__ import annotations

import itertools

_numbers = itertools.count()


def make_node(
    name, *, cpu="4", memory="8Gi", pods="110", labels=None, taints=(), cordoned=False, **allocatable
):
    spec = {"taints": [dict(zip(("key", "value", "effect"), taint, strict=True)) for taint in taints]}
    if cordoned:
        spec["unschedulable"] = True
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **allocatable}},
    }


def make_pod(
    name="p",
    *,
    requests=None,
    owner=None,
    labels=None,
    node=None,
    phase="Pending",
    ports=(),
    namespace="default",
    **spec,
):
    containers = [{"name": "c", "image": "i", "resources": {"requests": requests or {}}}]
    if ports:
        containers[0]["ports"] = list(ports)
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{name}",
        "resourceVersion": str(next(_numbers)),
        "labels": labels or {},
    }
    if owner:
        metadata["ownerReferences"] = [
            {
                "apiVersion": "v1",
                "kind": "ReplicationController",
                "name": owner,
                "uid": owner,
                "controller": True,
            }
        ]
    if node:
        spec["nodeName"] = node
    return {"metadata": metadata, "spec": {"containers": containers, **spec}, "status": {"phase": phase}}
