"""What the controllers of Endpoints and of EndpointSlices have in common: keys are Services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from kubelite.api.resources import PODS, SERVICES
from kubelite.apimachinery.scheme import Object
from kubelite.client.serviceindex import SELECTED_BY, selected_by
from kubelite.controllers.endpoint.batching import Batching
from kubelite.controllers.endpoint.serviceparts import TriggerTimes, keys_of_change, selected_pods
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.ownership import key_of


class ServiceReconciler(Reconciler):
    """Looks at a Service when it or its pods have changed, with the rests that its batching says."""

    batching: ClassVar[Batching]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._services = self.informer(SERVICES)
        self._services.add_index(SELECTED_BY, selected_by)
        self._pods = self.informer(PODS)
        self._times = TriggerTimes()
        self._sizes: dict[str, int] = {}

    def watches(self) -> Sequence[Watch]:
        """Services and their pods."""
        return (
            Watch(SERVICES, lambda old, new: (key_of(new or old or {}),)),
            Watch(PODS, lambda old, new: keys_of_change(old, new, self._services)),
        )

    def delay_s(self, key: str) -> float:
        """Events are gathered for a moment."""
        return self.batching.gather_s

    def interval_s(self, key: str) -> float:
        """The more endpoints, the longer the rest between writes."""
        return self.batching.rest_s(self._sizes.get(key, 0))

    def _look(self, key: str, service: Object) -> tuple[list[Object], str | None]:
        """The Service's pods, and when the change happened that is about to be published."""
        pods = selected_pods(service, self._pods)
        self._sizes[key] = len(pods)
        return pods, self._times.compute(key, service, pods)

    def _forget(self, key: str) -> None:
        """The Service is gone."""
        self._times.forget(key)
        self._sizes.pop(key, None)


def is_followed(service: Object) -> bool:
    """Whether a Service's endpoints are found by its selector; others are somebody else's to write."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"
