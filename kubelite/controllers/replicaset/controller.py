"""ReplicaSet manager: the ReplicationController's, with a richer selector and a count of leaving pods.

Source: k8s.io/kubernetes/pkg/controller/replicaset/replica_set.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kubelite.api.resources import REPLICASETS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.podowners import PodOwners
from kubelite.controllers.replicaset.replication import ReplicationManager
from kubelite.reconcile.ownership import controller_of


class ReplicaSetManager(ReplicationManager):
    """Keeps the pods of each ReplicaSet."""

    name = "replicaset-controller"
    component = "replicaset-controller"
    kind: ClassVar[Resource] = REPLICASETS
    matcher = PodOwners.matcher
    counts_terminating: ClassVar[bool] = True

    def related(self, owner: Object) -> Iterable[Object]:
        """The pods of all ReplicaSets of the same Deployment: crowded nodes are thinned out first."""
        reference = controller_of(owner)
        if reference is None:
            return
        for each in self._owners.by_owner(reference["uid"]):
            if controller_of(each) == reference:
                yield from self._pods.by_owner(each["metadata"]["uid"])
