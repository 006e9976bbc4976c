"""The columns of flow schemas and priority levels.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, NONE, Column
from kubelite.api.conditions import get_condition
from kubelite.apimachinery.scheme import Object


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _limited(field: str) -> Callable[[Object, float], Any]:
    def cell(level: Object, _: float) -> Any:
        limited = _spec(level).get("limited") or {}
        value = limited.get(field)
        return NONE if value is None else value

    return cell


def _queuing(field: str) -> Callable[[Object, float], Any]:
    def cell(level: Object, _: float) -> Any:
        response = (_spec(level).get("limited") or {}).get("limitResponse") or {}
        queuing = response.get("queuing")
        return NONE if queuing is None else queuing.get(field, 0)

    return cell


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.FLOWSCHEMAS: (
        NAME,
        Column(
            "PriorityLevel",
            lambda obj, _: (_spec(obj).get("priorityLevelConfiguration") or {}).get("name") or "",
            "The level of its requests.",
        ),
        Column(
            "MatchingPrecedence",
            lambda obj, _: _spec(obj).get("matchingPrecedence") or 0,
            "The lowest matches first.",
        ),
        Column(
            "DistinguisherMethod",
            lambda obj, _: (_spec(obj).get("distinguisherMethod") or {}).get("type") or NONE,
            "What makes a flow of requests.",
        ),
        AGE,
        Column(
            "MissingPL",
            lambda obj, _: (get_condition(obj, "Dangling") or {}).get("status") or "?",
            "Whether its level is absent.",
        ),
    ),
    r.PRIORITYLEVELCONFIGURATIONS: (
        NAME,
        Column("Type", lambda obj, _: _spec(obj).get("type") or "", "Exempt, or Limited."),
        Column(
            "NominalConcurrencyShares",
            _limited("nominalConcurrencyShares"),
            "Its part of all requests at once.",
        ),
        Column("Queues", _queuing("queues"), "How many queues it has."),
        Column("HandSize", _queuing("handSize"), "How many of them a flow may use."),
        Column("QueueLengthLimit", _queuing("queueLengthLimit"), "How many requests wait in each."),
        AGE,
    ),
}
