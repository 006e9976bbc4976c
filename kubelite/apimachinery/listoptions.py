"""Which options of a list or a watch go together. Pure.

Source: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation.
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.field import FieldError

KIND: Final = "ListOptions.meta.k8s.io"
_MATCHES: Final = ("Exact", "NotOlderThan", "")
_NEWER: Final = "NotOlderThan"
_MATCH: Final = "resourceVersionMatch"
_NOT_WITH_CONTINUE: Final = "resourceVersionMatch is forbidden when continue is provided"


def list_errors(match: str, version: str, continue_: str, *, sends_initial: bool) -> list[FieldError]:
    """What is wrong with the options of a list.

    Args:
        match: `resourceVersionMatch`; empty if not given.
        version: `resourceVersion`; as above.
        continue_: The continue token; as above.
        sends_initial: Whether `sendInitialEvents` is given.
    """
    errors = []
    if match:
        if not version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            errors.append(FieldError.forbidden(_MATCH, why))
        if continue_:
            errors.append(FieldError.forbidden(_MATCH, _NOT_WITH_CONTINUE))
        if match not in _MATCHES:
            errors.append(FieldError.not_supported(_MATCH, match, _MATCHES))
        if match == "Exact" and version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(FieldError.forbidden(_MATCH, why))
    if sends_initial:
        errors.append(FieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def watch_errors(match: str, continue_: str, *, sends_initial: bool) -> list[FieldError]:
    """What is wrong with the options of a watch; the arguments are those of `list_errors`."""
    errors = []
    if sends_initial:
        if match != _NEWER:
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            errors.append(FieldError.forbidden(_MATCH, why))
    elif match:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        errors.append(FieldError.forbidden(_MATCH, why))
    if match and match != _NEWER:
        errors.append(FieldError.not_supported(_MATCH, match, (_NEWER,)))
    if match and continue_:
        errors.append(FieldError.forbidden(_MATCH, _NOT_WITH_CONTINUE))
    return errors
