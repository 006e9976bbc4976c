"""What has a scale, and how many replicas the controller of a pod is to have.

Source: k8s.io/kubernetes/pkg/controller/disruption/disruption.go (finders).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from kubelite.api.customresources.served import served_resources
from kubelite.api.resources import (
    CUSTOMRESOURCEDEFINITIONS,
    DEPLOYMENTS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    STATEFULSETS,
    STORED,
)
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.reconcile.informing import InformerLike
from kubelite.reconcile.intents import Intent, Outcomes, ReadObject
from kubelite.reconcile.ownership import controller_of

WATCHED = (REPLICATIONCONTROLLERS, REPLICASETS, DEPLOYMENTS, STATEFULSETS)
"""Kinds whose objects are at hand; the scale of others is read."""


class ScaleError(Exception):
    """A controller has no scale; the text is Kubernetes'."""


def kind_of(definitions: InformerLike, group: str, kind: str) -> Resource | None:
    """The served kind of that name, in its preferred version.

    Args:
        definitions: Those of custom kinds.
        group: Of the API.
        kind: Its name.
    """
    for resource in STORED:
        if (resource.group, resource.kind) == (group, kind):
            return resource
    for definition in definitions.list():
        spec = definition["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind):
            return next(iter(served_resources(definition)), None)
    return None


class Scales:
    """How many replicas controllers are to have.

    Args:
        informer: Gives the shared informer of a kind.
    """

    def __init__(self, informer: Callable[[Resource], InformerLike]) -> None:
        self._informers = {resource: informer(resource) for resource in WATCHED}
        self._definitions = informer(CUSTOMRESOURCEDEFINITIONS)

    def of(
        self, reference: Object, namespace: str
    ) -> Generator[Sequence[Intent], Outcomes, tuple[str, int] | None]:
        """The uid and the number of the controller of a pod; None if it is not there.

        That may be the controller of the one that the pod's reference names. What is not at hand, or in
        another form than expected, is read live.

        Raises:
            ScaleError: Its kind has no scale, or is not served.
        """
        group = reference["apiVersion"].rpartition("/")[0]
        resource = kind_of(self._definitions, group, reference["kind"])
        if resource is None:
            kind, version = reference["kind"], reference["apiVersion"]
            raise ScaleError(f'no matches for kind "{kind}" in version "{version}"')
        known = self._known(resource, reference, namespace)
        if known is not None:
            return known
        if "scale" not in resource.subresources:
            raise ScaleError(f"{resource.group_resource} does not implement the scale subresource")
        (outcome,) = yield (ReadObject(resource, namespace, reference["name"], subresource="scale"),)
        scale = outcome.object
        if outcome.error is not None:
            raise ScaleError(outcome.error.message)
        if scale is None or scale["metadata"]["uid"] != reference["uid"]:
            return None
        return scale["metadata"]["uid"], (scale.get("spec") or {}).get("replicas") or 0

    def _known(self, resource: Resource, reference: Object, namespace: str) -> tuple[str, int] | None:
        """From what is at hand; that of a ReplicaSet which a Deployment controls is the Deployment's."""
        informer = self._informers.get(resource)
        found = None if informer is None else informer.get(namespace, reference["name"])
        if found is None or found["metadata"]["uid"] != reference["uid"]:
            return None
        owner = controller_of(found) if resource == REPLICASETS else None
        if owner is not None and owner["kind"] == DEPLOYMENTS.kind:
            return self._known(DEPLOYMENTS, owner, namespace)
        return found["metadata"]["uid"], found["spec"].get("replicas", 1)
