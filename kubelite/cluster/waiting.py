"""`wait_for`: event driven, and on a time-out it says what was seen, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.informer import Informer, InformerFactory
from kubelite.client.readiness import Verdict
from kubelite.client.wait import Predicate, WaitTimeout
from kubelite.runtime import Clock


@attrs.frozen(kw_only=True, eq=False)
class Question:
    """What is waited for.

    Attributes:
        resource: The kind.
        namespace: None for cluster-scoped kinds.
        name: None for all that the selector matches.
        selector: Labels; None for any.
        predicate: What is to hold.
        condition: The same in words.
        timeout_s: How long; None for ever.
    """

    resource: Resource
    namespace: str | None
    name: str | None
    selector: Selector | None
    predicate: Predicate
    condition: str
    timeout_s: float | None

    @property
    def subject(self) -> str:
        """What it is about."""
        resource, labels = self.resource, str(self.selector or "")
        what = f"{resource.singular}/{self.name}" if self.name else f"{resource.plural} {labels}".strip()
        return what + (f" in namespace {self.namespace}" if self.namespace not in {None, "default"} else "")

    def judge(self, objects: Sequence[Object | None]) -> list[Verdict]:
        """What is to be said of each object; of None that it does not exist."""
        return [self.predicate(each) for each in objects]

    def is_answered(self, verdicts: Sequence[Verdict]) -> bool:
        """Whether the condition holds for all that were looked at."""
        # With nothing selected a condition holds only if it holds for what is absent: "deleted" does.
        return all(each.holds for each in verdicts) if verdicts else self.predicate(None).holds


InVain = Callable[[Question, Sequence[Object | None]], Awaitable[WaitTimeout]]
"""Makes the error of a wait in vain, of what was seen at the end."""


async def wait_for(
    informers: InformerFactory,
    clock: Clock,
    question: Question,
    in_vain: InVain,
    *,
    also: Sequence[Resource] = (),
) -> list[Object]:
    """Waits until a condition holds for one object, or for all that are selected.

    Args:
        informers: Where the objects are looked up.
        clock: For the time-out.
        question: What is waited for.
        in_vain: Says why it did not come.
        also: Further kinds whose changes may answer it.

    Returns:
        The objects when it held.

    Raises:
        WaitTimeout: It did not hold in time.
    """
    __tracebackhide__ = True
    informer = informers.informer(question.resource)
    changed = asyncio.Event()
    watched = [informer, *(informers.informer(each) for each in also)]
    removals = [each.add_handler(lambda _old, _new: changed.set()) for each in watched]
    try:
        async with clock.timeout(question.timeout_s):
            for each in watched:
                await each.wait_synced()
            await informers.flush()
            while True:
                changed.clear()
                objects = _look(informer, question)
                if question.is_answered(question.judge(objects)):
                    return [each for each in objects if each is not None]
                await changed.wait()
    except TimeoutError:
        pass
    finally:
        for remove in removals:
            remove()
    raise await in_vain(question, _look(informer, question))


def _look(informer: Informer, question: Question) -> list[Object | None]:
    if question.name is not None:
        return [informer.get(question.namespace, question.name)]
    return list(informer.list(question.namespace, question.selector))


def describe_condition(condition: str | Callable[[Object], Any]) -> str:
    """A condition in words."""
    words = {"exists": "there", "create": "there", "delete": "deleted"}
    return (
        words.get(condition, condition)
        if isinstance(condition, str)
        else f"as {getattr(condition, '__name__', 'the callable')} wants it"
    )
