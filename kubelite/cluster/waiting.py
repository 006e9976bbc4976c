"""`wait_for`: event driven, and on a time-out it says what was seen, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from kubelite.api.resources import EVENTS
from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.informer import Informer, InformerFactory
from kubelite.client.wait import Predicate, Verdict, WaitTimeout
from kubelite.runtime import Clock

EVENTS_SHOWN = 5


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
                if _all_hold(verdicts, predicate):
                    return [each for each in objects if each is not None]
                await changed.wait()
    except TimeoutError as error:
        objects, verdicts = _look(informer, namespace, name, selector, predicate)
        what = f"{resource.singular}/{name}" if name else f"{resource.plural} {selector or ''}".strip()
        where = f" in namespace {namespace}" if namespace not in {None, "default"} else ""
        seen = "; ".join(_describe(obj, verdict) for obj, verdict in zip(objects, verdicts, strict=True))
        events = await _events(informers, [each for each in objects if each is not None])
        text = (
            f"{what}{where} was not {condition} within {timeout_s:g} s: {seen or 'nothing matches'}{events}"
        )
        raise WaitTimeout(text) from error
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


def _all_hold(verdicts: list[Verdict], predicate: Predicate) -> bool:
    # With nothing selected a condition holds only if it holds for what is absent: "deleted" does.
    return all(each.holds for each in verdicts) if verdicts else predicate(None).holds


def _describe(obj: Object | None, verdict: Verdict) -> str:
    name = f"{obj['metadata']['name']}: " if obj is not None else ""
    return f"{name}{verdict.seen}"


async def _events(informers: InformerFactory, objects: list[Object]) -> str:
    """The last Events about the objects, warnings first in the reader's eye: one line each."""
    uids = {each["metadata"]["uid"] for each in objects}
    found = await informers.client.list(EVENTS)
    about = [each for each in found.items if each["involvedObject"].get("uid") in uids]
    about.sort(key=lambda each: each.get("lastTimestamp") or "")
    lines = [f"\n  {each['type']} {each['reason']}: {each['message']}" for each in about[-EVENTS_SHOWN:]]
    return "".join(lines)


def describe_condition(condition: str | Callable[[Object], Any]) -> str:
    """A condition in words."""
    words = {"exists": "there", "create": "there", "delete": "deleted"}
    return (
        words.get(condition, condition)
        if isinstance(condition, str)
        else f"as {getattr(condition, '__name__', 'asked')}"
    )
