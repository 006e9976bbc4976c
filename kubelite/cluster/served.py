"""When a Service is ready: when somebody answers there.

A Service that selects pods is ready with the first ready endpoint in its EndpointSlices, one of type
LoadBalancer with its ingress besides; others (ExternalName, without a selector) as soon as they exist. The
object itself says nothing of that, so that slices are looked at, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from kubelite.api.resources import ENDPOINTSLICES, SERVICES
from kubelite.apimachinery import labels, meta
from kubelite.apimachinery.scheme import Object
from kubelite.client.readiness import Verdict
from kubelite.cluster.waiting import InVain, Question

if TYPE_CHECKING:
    from kubelite.apimachinery.labels import Selector
    from kubelite.client.client import Client
    from kubelite.client.informer import InformerFactory
    from kubelite.runtime import Clock

SERVICE_NAME: Final = "kubernetes.io/service-name"
POLL_S: Final = 0.1

SlicesOf = Callable[[Object], Iterable[Object]]
"""The EndpointSlices of a Service."""


def is_about_services(question: Question) -> bool:
    """Whether Services are to be ready."""
    return question.condition == "ready" and question.resource == SERVICES


def asks_for_endpoints(question: Question, slices_of: SlicesOf) -> Question:
    """The same question, of the Services and their endpoints."""

    def holds(service: Object | None) -> Verdict:
        verdict = question.predicate(service)
        if service is None or not verdict.holds or not _selects(service):
            return verdict
        if any(_has_ready_endpoint(each) for each in slices_of(service)):
            return Verdict(holds=True, seen=f"{verdict.seen}, with endpoints")
        wanted = labels.from_set(service["spec"]["selector"])
        return Verdict(holds=False, seen=f"it has no endpoints: no pod with {wanted} is ready")

    return attrs.evolve(question, predicate=holds)


def slices_in(informers: InformerFactory) -> SlicesOf:
    """From the copies in this process."""
    informer = informers.informer(ENDPOINTSLICES)
    return lambda service: informer.list(service["metadata"]["namespace"], selector_of_slices(service))


def selector_of_slices(service: Object) -> Selector:
    """By which a Service's slices are found."""
    return labels.from_set({SERVICE_NAME: service["metadata"]["name"]})


async def until_served(
    client: Client,
    clock: Clock,
    question: Question,
    services: Sequence[Object],
    until_s: float | None,
    in_vain: InVain,
) -> None:
    """Waits for endpoints of Services in a cluster elsewhere.

    Args:
        client: Of that cluster.
        clock: For the time-out.
        question: What was waited for.
        services: As they were found.
        until_s: When to give up, by the clock; None is never.
        in_vain: Says why it did not come.

    Raises:
        WaitTimeout: There were none in time.
    """
    slices: dict[str, Sequence[Object]] = {}

    async def listed(service: Object) -> Sequence[Object]:
        selector = str(selector_of_slices(service))
        found = await client.list(ENDPOINTSLICES, service["metadata"]["namespace"], label_selector=selector)
        return found.items

    asked = asks_for_endpoints(question, lambda service: slices.get(meta.key(service), ()))
    while True:
        for service in filter(_selects, services):
            slices[meta.key(service)] = await listed(service)
        if asked.is_answered(asked.judge(services)):
            return
        if until_s is not None and clock.monotonic() >= until_s:
            raise await in_vain(asked, services)
        await clock.sleep(POLL_S)


def _selects(service: Object) -> bool:
    spec = service["spec"]
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName"


def _has_ready_endpoint(each: Object) -> bool:
    return any(
        (endpoint.get("conditions") or {}).get("ready", True) for endpoint in each.get("endpoints") or ()
    )
