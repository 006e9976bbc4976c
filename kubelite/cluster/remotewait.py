"""Waiting for objects of a cluster elsewhere: one watch of just what is waited for."""

from __future__ import annotations

from typing import Final

from kubelite.api.podutil import is_ready
from kubelite.api.resources import ENDPOINTSLICES, PODS, SERVICES
from kubelite.apimachinery import labels, meta
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object
from kubelite.client.http import HTTPClient
from kubelite.client.wait import WaitTimeout
from kubelite.cluster.reachable import pod_labels
from kubelite.cluster.waiting import InVain, Question
from kubelite.runtime import Clock

RETRY_S: Final = 0.5
TRY_AGAIN: Final = frozenset({410, 429, 500, 503, 504})
"""Answers that may be better the next time."""
POLL_S: Final = 0.1
BOUND_S: Final = 5.0
"""A Service whose port no pod has never gets endpoints: its objects are ready all the same."""
SERVICE_NAME: Final = "kubernetes.io/service-name"


async def wait_for(client: HTTPClient, clock: Clock, question: Question, in_vain: InVain) -> list[Object]:
    """Waits until a condition holds for one object, or for all that are selected; see `waiting.wait_for`.

    A server that is overloaded or away for a while is asked again.

    Raises:
        WaitTimeout: It did not hold in time.
        APIError: The server refuses to list or watch them.
    """
    __tracebackhide__ = True
    copy = _Copy(client, question)
    try:
        async with clock.timeout(question.timeout_s):
            while not await copy.until_answered():
                await clock.sleep(RETRY_S)
            return list(copy.objects.values())
    except TimeoutError:
        seen: list[Object | None] = [*copy.objects.values()]
        told = await in_vain(question, seen or ([None] if question.name is not None else []))
        if copy.trouble is not None:
            told = WaitTimeout(f"{told}\n  the API server did not answer at last: {copy.trouble}")
        raise told from None


class _Copy:
    """A copy of what is waited for.

    Attributes:
        objects: By their keys.
        trouble: The last answer of the server, if it was one that may be better the next time.
    """

    def __init__(self, client: HTTPClient, question: Question) -> None:
        self._client, self._question = client, question
        self._labels = str(question.selector or "")
        self._fields = f"metadata.name={question.name}" if question.name is not None else ""
        self.objects: dict[str, Object] = {}
        self.trouble: APIError | None = None

    @property
    def _is_answered(self) -> bool:
        question = self._question
        nothing: list[Object | None] = [None] if question.name is not None else []
        return question.is_answered(question.judge([*self.objects.values()] or nothing))

    async def until_answered(self) -> bool:
        """Lists, and watches until the condition holds; false if it is to be tried again.

        Raises:
            APIError: The server refuses.
        """
        try:
            return await self._look()
        except APIError as error:
            if error.code not in TRY_AGAIN:
                raise
            self.trouble = error
            return False

    async def _look(self) -> bool:
        client, resource, namespace = self._client, self._question.resource, self._question.namespace
        found = await client.list(
            resource, namespace, label_selector=self._labels, field_selector=self._fields
        )
        self.trouble = None
        self.objects = {meta.key(each): each for each in found.items}
        if self._is_answered:
            return True
        watcher = await client.watch(
            resource,
            namespace,
            resource_version=found.resource_version,
            label_selector=self._labels,
            field_selector=self._fields,
        )
        try:
            async for event in watcher:
                if event.type == "ERROR":
                    return False
                if event.type == "DELETED":
                    self.objects.pop(meta.key(event.object), None)
                elif event.type != "BOOKMARK":
                    self.objects[meta.key(event.object)] = event.object
                if self._is_answered:
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
