"""`wait_for`: event driven, and on a time-out it says what was seen, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.informer import Informer, InformerFactory
from kubelite.client.readiness import Verdict
from kubelite.client.wait import Predicate, WaitTimeout
from kubelite.runtime import Clock

if TYPE_CHECKING:
    from kubelite.cluster.explaining import ReadLog


async def wait_for(
    informers: InformerFactory,
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
    """Waits until a condition holds for one object, or for all that are selected.

    Args:
        informers: Where the objects are looked up.
        clock: For the time-out.
        resource: Their kind.
        namespace: None for cluster-scoped kinds.
        name: None for all objects that the selector matches.
        selector: None for any labels.
        predicate: The condition.
        condition: The condition in words, for the message.
        timeout_s: None waits for ever.
        read_log: How logs are read for the message of a time-out.

    Returns:
        The objects when it held.

    Raises:
        WaitTimeout: It did not hold in time.
    """
    informer = informers.informer(resource)
    changed = asyncio.Event()
    remove = informer.add_handler(lambda _old, _new: changed.set())
    try:
        async with clock.timeout(timeout_s):
            await informer.wait_synced()
            await informers.flush()
            while True:
                changed.clear()
                objects, verdicts = _look(informer, namespace, name, selector, predicate)
                if all_hold(verdicts, predicate):
                    return [each for each in objects if each is not None]
                await changed.wait()
    except TimeoutError as error:
        from kubelite.cluster import explaining  # noqa: PLC0415 - only who waits in vain needs it

        objects, verdicts = _look(informer, namespace, name, selector, predicate)
        question = explaining.Question(
            resource=resource,
            namespace=namespace,
            name=name,
            selector=str(selector or ""),
            condition=condition,
            timeout_s=timeout_s or 0.0,
        )
        there = [each for each in objects if each is not None]
        scene = await explaining.look_around(informers.client, question, there, read_log)
        raise WaitTimeout(explaining.explain(question, objects, verdicts, scene)) from error
    finally:
        remove()


def _look(
    informer: Informer,
    namespace: str | None,
    name: str | None,
    selector: Selector | None,
    predicate: Predicate,
) -> tuple[list[Object | None], list[Verdict]]:
    objects: list[Object | None]
    objects = (
        [informer.get(namespace, name)] if name is not None else list(informer.list(namespace, selector))
    )
    return objects, [predicate(each) for each in objects]


def all_hold(verdicts: list[Verdict], predicate: Predicate) -> bool:
    """Whether a condition holds for all that were looked at."""
    # With nothing selected a condition holds only if it holds for what is absent: "deleted" does.
    return all(each.holds for each in verdicts) if verdicts else predicate(None).holds


def describe_condition(condition: str | Callable[[Object], Any]) -> str:
    """A condition in words."""
    words = {"exists": "there", "create": "there", "delete": "deleted"}
    return (
        words.get(condition, condition)
        if isinstance(condition, str)
        else f"as {getattr(condition, '__name__', 'asked')}"
    )
