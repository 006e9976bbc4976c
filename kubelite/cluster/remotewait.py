"""Waiting for objects of a cluster elsewhere: one watch of just what is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubelite.api.podutil import is_ready
from kubelite.api.resources import ENDPOINTSLICES, PODS, SERVICES
from kubelite.apimachinery import labels, meta
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.http import HTTPClient
from kubelite.client.readiness import Verdict
from kubelite.client.wait import Predicate, WaitTimeout
from kubelite.cluster import explaining
from kubelite.cluster.reachable import pod_labels
from kubelite.cluster.waiting import all_hold
from kubelite.runtime import Clock

if TYPE_CHECKING:
    from kubelite.cluster.explaining import ReadLog

RETRY_S: Final = 0.5
TRY_AGAIN: Final = frozenset({410, 429, 500, 503, 504})
"""Answers to a watch that may be better the next time."""
POLL_S: Final = 0.1
BOUND_S: Final = 5.0
"""A Service whose port no pod has never gets endpoints: its objects are ready all the same."""
SERVICE_NAME: Final = "kubernetes.io/service-name"


async def wait_for(
    client: HTTPClient,
    clock: Clock,
    resource: Resource,
    namespace: str | None,
    name: str | None,
    selector: Selector | None,
    predicate: Predicate,
    *,
    condition: str,
    timeout_s: float | None,
    read_log: ReadLog | None = None,
) -> list[Object]:
    """Waits until a condition holds for one object, or for all that are selected; see `waiting.wait_for`.

    Raises:
        WaitTimeout: It did not hold in time.
        APIError: The server refuses to list or watch them.
    """
    copy = _Copy(client, resource, namespace, name, selector)
    try:
        async with clock.timeout(timeout_s):
            while not await copy.until(predicate):
                await clock.sleep(RETRY_S)
            return list(copy.objects.values())
    except TimeoutError as error:
        question = explaining.Question(
            resource=resource,
            namespace=namespace,
            name=name,
            selector=str(selector or ""),
            condition=condition,
            timeout_s=timeout_s or 0.0,
        )
        there = list(copy.objects.values())
        scene = await explaining.look_around(client, question, there, read_log)
        seen: list[Object | None] = [None] if name is not None and not there else [*there]
        raise WaitTimeout(explaining.explain(question, seen, copy.judge(predicate), scene)) from error


class _Copy:
    """A copy of what is waited for."""

    def __init__(
        self,
        client: HTTPClient,
        resource: Resource,
        namespace: str | None,
        name: str | None,
        selector: Selector | None,
    ) -> None:
        self._client, self._resource, self._namespace, self._name = client, resource, namespace, name
        self._labels = str(selector or "")
        self._fields = f"metadata.name={name}" if name is not None else ""
        self.objects: dict[str, Object] = {}

    def judge(self, predicate: Predicate) -> list[Verdict]:
        if self._name is not None and not self.objects:
            return [predicate(None)]
        return [predicate(each) for each in self.objects.values()]

    async def until(self, predicate: Predicate) -> bool:
        """Lists, and watches until the condition holds; false if the watch ended before.

        Raises:
            APIError: The server refuses.
        """
        client, resource, namespace = self._client, self._resource, self._namespace
        found = await client.list(
            resource, namespace, label_selector=self._labels, field_selector=self._fields
        )
        self.objects = {meta.key(each): each for each in found.items}
        if all_hold(self.judge(predicate), predicate):
            return True
        try:
            watcher = await client.watch(
                resource,
                namespace,
                resource_version=found.resource_version,
                label_selector=self._labels,
                field_selector=self._fields,
            )
        except APIError as error:
            if error.code not in TRY_AGAIN:
                raise
            return False
        try:
            async for event in watcher:
                if event.type == "ERROR":
                    return False
                if event.type == "DELETED":
                    self.objects.pop(meta.key(event.object), None)
                elif event.type != "BOOKMARK":
                    self.objects[meta.key(event.object)] = event.object
                if all_hold(self.judge(predicate), predicate):
                    return True
        finally:
            watcher.stop()
        return False


async def until_endpoints(client: HTTPClient, clock: Clock, objects: list[Object]) -> None:
    """Waits until the Services of ready objects have their ready pods as endpoints, within a bound."""
    until = clock.monotonic() + BOUND_S
    for service in await _services_of(client, objects):
        while clock.monotonic() < until and not await _has_endpoints(client, service):
            await clock.sleep(POLL_S)


async def _services_of(client: HTTPClient, objects: list[Object]) -> list[Object]:
    found: dict[str, Object] = {}
    for namespace in {each["metadata"].get("namespace") for each in objects} - {None}:
        inside = [each for each in objects if each["metadata"].get("namespace") == namespace]
        carried = [pod_labels(each) for each in inside]
        names = {each["metadata"]["name"] for each in inside if each.get("kind") == "Service"}
        if not names and not any(carried):
            continue
        for service in (await client.list(SERVICES, namespace)).items:
            selector = service["spec"].get("selector")
            if selector and (
                service["metadata"]["name"] in names
                or any(each and labels.from_set(selector).matches(each) for each in carried)
            ):
                found[meta.key(service)] = service
    return list(found.values())


async def _has_endpoints(client: HTTPClient, service: Object) -> bool:
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    selector = str(labels.from_set(service["spec"]["selector"]))
    pods = (await client.list(PODS, namespace, label_selector=selector)).items
    ready = {
        each["status"]["podIP"]
        for each in pods
        if is_ready(each) and not meta.is_being_deleted(each) and each.get("status", {}).get("podIP")
    }
    slices = (await client.list(ENDPOINTSLICES, namespace, label_selector=f"{SERVICE_NAME}={name}")).items
    known = {
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True)
        for address in endpoint["addresses"]
    }
    return ready <= known
