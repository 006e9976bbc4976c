"""Slips of whoever waits, and what an object itself says of its standing still: pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kubelite.apimachinery.scheme import Object
from kubelite.client.readiness import find_condition

NEAR_MAX: Final = 3
FIELDS_MAX: Final = 8
NAMESPACE_TROUBLES: Final = frozenset(
    {
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    }
)


def near(word: str, known: Iterable[str]) -> list[str]:
    """Words that may have been meant, the likeliest first."""
    spelled = {each.lower(): each for each in known}
    return [spelled[each] for each in difflib.get_close_matches(word.lower(), spelled, n=NEAR_MAX)]


def standstill(obj: Object) -> list[str]:
    """Why nothing happens, as the object's own spec has it."""
    kind, spec, status = obj.get("kind"), obj.get("spec") or {}, obj.get("status") or {}
    found = []
    if kind == "Deployment" and spec.get("paused"):
        found.append("it is paused (spec.paused): changes of its template wait")
    if kind in {"Job", "CronJob"} and spec.get("suspend"):
        found.append("it is suspended (spec.suspend)")
    elif kind == "CronJob":
        zone = f" in {spec['timeZone']}" if spec.get("timeZone") else ""
        found.append(f"its schedule is {spec.get('schedule')!r}{zone}")
    if kind == "Namespace":
        found += _remaining(obj)
    if kind == "DaemonSet" and status.get("desiredNumberScheduled") == 0:
        found.append("no node suits it (status.desiredNumberScheduled is 0)")
    if kind == "PodDisruptionBudget" and status.get("disruptionsAllowed") == 0:
        healthy, wanted = status.get("currentHealthy"), status.get("desiredHealthy")
        found.append(f"it allows no disruption: {healthy} pods are healthy, {wanted} have to be")
    if spec.get("replicas") == 0:
        found.append("it wants no pods (spec.replicas is 0)")
    if "deletionTimestamp" in obj["metadata"]:
        finalizers = ", ".join(obj["metadata"].get("finalizers") or ())
        found.append("it is being deleted" + (f", finalizers {finalizers}" if finalizers else ""))
    return found


def _remaining(namespace: Object) -> Iterator[str]:
    """What a namespace that is being deleted still holds, or what stops its deletion."""
    for each in (namespace.get("status") or {}).get("conditions") or ():
        if each.get("type") in NAMESPACE_TROUBLES and each.get("status") == "True":
            yield each.get("message") or each["type"]


def slips(condition: str, objects: Sequence[Object]) -> list[str]:
    """What may have been meant by a condition that speaks of what the objects do not have."""
    kind, _, rest = condition.partition("=")
    found: list[str] = []
    for obj in objects:
        if kind == "condition":
            found += _condition_slips(rest.partition("=")[0], obj)
        elif kind == "jsonpath":
            found += _path_slips(rest, obj)
    return list(dict.fromkeys(found))


def _condition_slips(name: str, obj: Object) -> Iterator[str]:
    if find_condition(obj, name) is not None:
        return
    known = [each["type"] for each in (obj.get("status") or {}).get("conditions") or ()]
    meant = near(name, known)
    if meant:
        yield f"condition={meant[0]}: there is no condition {name}"
    elif known:
        yield f"one of the conditions that it has: {', '.join(known)}"


def _path_slips(text: str, obj: Object) -> Iterator[str]:
    from kubelite.apimachinery import jsonpath  # noqa: PLC0415 - only for waits in vain

    expression = text[: text.index("}") + 1] if "}" in text else text.partition("=")[0]
    try:
        steps = jsonpath.parse(expression).steps
    except ValueError:
        return
    at: object = obj
    for step in steps:
        if not isinstance(step, str) or not isinstance(at, dict):
            return
        if step not in at:
            fields = [str(each) for each in at]
            meant = near(step, fields)
            if meant:
                yield f"{meant[0]!r} in the path: there is no field {step!r}"
            elif fields:
                yield f"a field that is there, in place of {step!r}: {', '.join(fields[:FIELDS_MAX])}"
            return
        at = at[step]
