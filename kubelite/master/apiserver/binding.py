"""`pods/binding`: the scheduler gives a pod its node, once.

Source: k8s.io/kubernetes/pkg/registry/core/pod/storage/storage.go (assignPod).
"""

from __future__ import annotations

from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import BadRequest, Conflict, unexpected
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import Create
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver.admission import podtopologylabels
from kubelite.master.apiserver.environment import Environment

NOT_A_NODE = 'target.kind: Unsupported value: "{}": supported values: "Node", "<empty>"'


def bind(env: Environment, request: Create, binding: Object) -> None:
    """Assign a pod to a node.

    Args:
        env: The API server's surroundings.
        request: Names the pod, unless the binding does.
        binding: The decoded body.

    Raises:
        Conflict: It has one, is being deleted, or is held back by gates.
        APIError: The binding names no node.
    """
    if request.resource == PODS:
        binding = podtopologylabels.admit_binding(env, binding)
    target = binding.get("target") or {}
    if target.get("kind") not in {None, "", "Node"}:
        raise unexpected(NOT_A_NODE.format(target["kind"]))
    node = target.get("name")
    if not node:
        raise unexpected("target.name: Required value")
    given = binding.get("metadata") or {}
    name = request.name or given.get("name") or ""
    if given.get("name") not in {None, "", name}:
        raise BadRequest("name in URL does not match name in Binding object")
    if not name:
        raise BadRequest("Name parameter required.")
    entry = env.must_get(PODS, request.namespace, name)
    pod = entry.object
    _check(pod, given, name)
    if not request.dry_run:
        env.store.update(PODS, entry, _bound(pod, node, given, env.now_text()))


def _check(pod: Object, given: Object, name: str) -> None:
    metadata, spec = pod["metadata"], pod["spec"]
    what = "pods/binding"
    if given.get("uid") and given["uid"] != metadata["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {metadata['uid']}"
        )
        raise Conflict(what, name, why)
    if "deletionTimestamp" in metadata:
        raise Conflict(what, name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise Conflict(what, name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise Conflict(what, name, f"pod {name} has non-empty .spec.schedulingGates")


def _bound(pod: Object, node: str, given: Object, now: str) -> Object:
    """The pod on its node, with the annotations and labels that the binding brings."""
    metadata = pod["metadata"]
    additions = {
        key: {**(metadata.get(key) or {}), **given[key]}
        for key in ("labels", "annotations")
        if given.get(key)
    }
    if additions:
        metadata = meta.ordered({**metadata, **additions})
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    conditions = [each for each in pod["status"].get("conditions") or () if each["type"] != "PodScheduled"]
    status = {key: value for key, value in pod["status"].items() if key != "nominatedNodeName"}
    status["conditions"] = [*conditions, scheduled]
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], "nodeName": node}, "status": status}
