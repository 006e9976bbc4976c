"""What `wait_for` waits for: conditions on objects, as pure predicates.

A predicate looks at an object (or at `None` where there is none) and answers with a `Verdict`: whether it
holds, and in a few words what is missing, which a time-out's message repeats.
What "ready" means for each kind stands in `readiness`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubelite.apimachinery.scheme import Object
from kubelite.client.readiness import READY, Verdict, check_condition

Predicate = Callable[[Object | None], "Verdict"]


ABSENT = Verdict(holds=False, seen="it does not exist")


def _has_condition(name: str, status: str = "True") -> Predicate:
    return lambda obj: ABSENT if obj is None else check_condition(obj, name, status)


def _ready(obj: Object | None) -> Verdict:
    if obj is None:
        return ABSENT
    rule = READY.get(obj.get("kind", ""))
    return Verdict(holds=True, seen="it exists") if rule is None else rule(obj)


def _deleted(obj: Object | None) -> Verdict:
    if obj is None:
        return Verdict(holds=True, seen="it is gone")
    finalizers = obj["metadata"].get("finalizers")
    words = "is being deleted" if "deletionTimestamp" in obj["metadata"] else "exists"
    return Verdict(
        holds=False, seen=f"it {words}" + (f", finalizers {', '.join(finalizers)}" if finalizers else "")
    )


def _exists(obj: Object | None) -> Verdict:
    return ABSENT if obj is None else Verdict(holds=True, seen="it exists")


def _jsonpath(expression: str, value: str | None) -> Predicate:
    from kubelite.apimachinery import jsonpath  # noqa: PLC0415 - few conditions need it

    path = jsonpath.parse(expression)

    def holds(obj: Object | None) -> Verdict:
        if obj is None:
            return ABSENT
        found = path.find(obj)
        texts = [jsonpath.format_value(each) for each in found]
        held = bool(found) if value is None else value in texts
        return Verdict(held, f"{expression} is {', '.join(texts) if texts else 'absent'}")

    return holds


def _tested(test: Callable[[Object], Any]) -> Predicate:
    def holds(obj: Object | None) -> Verdict:
        if obj is None:
            return ABSENT
        try:
            return Verdict(bool(test(obj)), "the condition given does not hold")
        except (LookupError, TypeError) as error:  # fields of a status come one after the other
            return Verdict(holds=False, seen=f"the condition given raises {type(error).__name__}: {error}")

    return holds


def parse_condition(condition: str | Callable[[Object], Any]) -> Predicate:
    """The predicate for a condition as users write it.

    Args:
        condition: `ready`, `deleted` (or `delete`), `exists` (or `create`), `condition=TYPE[=STATUS]`,
            `jsonpath=EXPR[=VALUE]`, or a callable that is given the object and answers with a truth value.
            That it does not find a field (LookupError, TypeError) means "not yet".

    Raises:
        ValueError: The text is none of these.

    Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_wait/
    """
    if callable(condition):
        return _tested(condition)
    known = {"ready": _ready, "deleted": _deleted, "delete": _deleted, "exists": _exists, "create": _exists}
    if condition in known:
        return known[condition]
    kind, _, rest = condition.partition("=")
    if kind == "condition" and rest:
        name, _, status = rest.partition("=")
        return _has_condition(name, status or "True")
    if kind == "jsonpath" and rest:
        expression, value = _split_jsonpath(rest)
        return _jsonpath(expression, value)
    raise ValueError(
        f"unknown condition {condition!r}: use ready, deleted, exists, condition=TYPE[=STATUS], "
        "jsonpath=EXPR=VALUE, or a callable",
    )


def _split_jsonpath(text: str) -> tuple[str, str | None]:
    """`{.a[?(@.b=="c")].d}=V` -> its expression and value; the `=` inside braces or brackets do not count."""
    depth = 0
    for index, char in enumerate(text):
        if char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        elif char == "=" and depth == 0:
            return text[:index], text[index + 1 :]
    return text, None


class WaitTimeout(TimeoutError):  # noqa: N818 - says what happened
    """What was waited for did not come about in time; the text says what was seen instead, and why."""
