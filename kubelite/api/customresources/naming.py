"""Which names of a definition hold, and the conditions that tell of it.

A name that another definition of the group has is not accepted; the resource is established once all names
were.

Source: k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go, pkg/controller/establish.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kubelite.api.conditions import get_condition, is_condition_true, set_condition
from kubelite.apimachinery.scheme import Object

FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"


class Taken(NamedTuple):
    """The names that other definitions of a group have."""

    resources: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


def taken_by(others: Iterable[Object]) -> Taken:
    """The accepted names of other definitions."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for each in others:
        accepted = each["status"]["acceptedNames"]
        resources |= {accepted["plural"], accepted.get("singular", ""), *accepted.get("shortNames", ())}
        kinds |= {accepted["kind"], accepted.get("listKind", "")}
    return Taken(frozenset(resources - {""}), frozenset(kinds - {""}))


def named(definition: Object, taken: Taken, now: float) -> Object:
    """The definition with its accepted names and the conditions about them; itself if nothing changes."""
    wanted, accepted = definition["spec"]["names"], definition["status"]["acceptedNames"]
    if wanted == accepted and get_condition(definition, "NamesAccepted") is not None:
        return definition
    made, conflict = _accepted(wanted, accepted, taken)
    if conflict is None:
        names_accepted: Object = {
            "type": "NamesAccepted",
            "status": "True",
            "lastTransitionTime": None,
            "reason": "NoConflicts",
            "message": "no conflicts found",
        }
    else:
        reason, message = conflict
        names_accepted = {
            "type": "NamesAccepted",
            "status": "False",
            "lastTransitionTime": None,
            "reason": reason,
            "message": message,
        }
    conditions = set_condition(definition["status"]["conditions"], names_accepted, now)
    if not is_condition_true(definition, "Established"):
        reason, message = (
            ("Installing", "the initial names have been accepted")
            if conflict is None
            else ("NotAccepted", "not all names are accepted")
        )
        conditions = set_condition(conditions, _established("False", reason, message), now)
    status = {**definition["status"], "conditions": conditions, "acceptedNames": made}
    return definition if status == definition["status"] else {**definition, "status": status}


def _accepted(wanted: Object, accepted: Object, taken: Taken) -> tuple[Object, tuple[str, str] | None]:
    """The names that hold, and the last reason why others do not."""
    made: dict[str, Any] = {**accepted}
    conflict: tuple[str, str] | None = None
    for field, reason, used in (
        ("plural", "PluralConflict", taken.resources),
        ("singular", "SingularConflict", taken.resources),
        ("shortNames", "ShortNamesConflict", taken.resources),
        ("kind", "KindConflict", taken.kinds),
        ("listKind", "ListKindConflict", taken.kinds),
    ):
        value = wanted.get(field)
        if field == "shortNames":
            bad = [each for each in value or () if each in used and each not in (accepted.get(field) or ())]
        else:
            bad = [value] if value != accepted.get(field) and value in used else []
        if not bad:
            made[field] = value
            continue
        texts = [f'"{each}" is already in use' for each in dict.fromkeys(bad)]
        conflict = reason, texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    made["categories"] = wanted.get("categories")
    order = ("plural", "singular", "shortNames", "kind", "listKind", "categories")
    return {field: made[field] for field in order if made.get(field) or field in {"plural", "kind"}}, conflict


def _established(status: str, reason: str, message: str) -> Object:
    return {
        "type": "Established",
        "status": status,
        "lastTransitionTime": None,
        "reason": reason,
        "message": message,
    }


def established(definition: Object, now: float) -> Object:
    """The definition as established once its names were accepted; itself if nothing changes."""
    if not is_condition_true(definition, "NamesAccepted") or is_condition_true(definition, "Established"):
        return definition
    condition = _established("True", "InitialNamesAccepted", "the initial names have been accepted")
    return with_condition(definition, condition, now)


def with_condition(definition: Object, condition: Object, now: float) -> Object:
    """The definition with a condition in place of the one of its type."""
    filled = {
        "type": condition["type"],
        "status": condition["status"],
        "lastTransitionTime": None,
        **condition,
    }
    conditions = set_condition(definition["status"]["conditions"], filled, now)
    if conditions == definition["status"]["conditions"]:
        return definition
    return {**definition, "status": {**definition["status"], "conditions": conditions}}


def terminating(reason: str, message: str, *, status: str = "True") -> Object:
    """The condition of a definition that is being deleted."""
    return {
        "type": "Terminating",
        "status": status,
        "lastTransitionTime": None,
        "reason": reason,
        "message": message,
    }


DELETION_PENDING: Final = terminating(
    "InstanceDeletionPending",
    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
)
DELETION_IN_PROGRESS: Final = terminating(
    "InstanceDeletionInProgress", "CustomResource deletion is in progress"
)
DELETION_WAITING: Final = terminating(
    "InstanceDeletionCheck",
    "could not confirm zero CustomResources remaining: timed out waiting for the condition",
)
DELETION_COMPLETED: Final = terminating("InstanceDeletionCompleted", "removed all instances", status="False")
NEVER_ESTABLISHED: Final = terminating("NeverEstablished", "resource was never established", status="False")
