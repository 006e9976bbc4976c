"""What the conditions of a status must be, in the form that kinds share.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateConditions).
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
)
from kubelite.apimachinery.scheme import Object

REASON_LENGTH_MAX: Final = 1024
MESSAGE_LENGTH_MAX: Final = 32768
STATUSES: Final = ("False", "True", "Unknown")

_REASON: Final = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_TEXT: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of "
    "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' "
    "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', "
    "regex used for validation is "
    f"'{_REASON}')"
)


def validate_conditions(conditions: list[Object] | None, path: str) -> Errors:
    """Types that come once, each with a status, a time and a reason."""
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions or ()):
        type_ = condition.get("type") or ""
        if type_ in seen:
            errors.append(duplicate(f"{path}[{index}].type", type_))
        seen.add(type_)
        errors += validate_condition(condition, f"{path}[{index}]")
    return errors


def validate_condition(condition: Object, path: str) -> Errors:
    """The errors of one condition of the shared form."""
    type_, status = condition.get("type") or "", condition.get("status") or ""
    errors = invalid_each(f"{path}.type", type_, names.label_key(type_))
    if status not in STATUSES:
        errors.append(not_supported(f"{path}.status", status, STATUSES))
    generation = condition.get("observedGeneration") or 0
    if generation < 0:
        detail = "must be greater than or equal to zero"
        errors.append(invalid(f"{path}.observedGeneration", generation, detail))
    if not condition.get("lastTransitionTime"):
        errors.append(required(f"{path}.lastTransitionTime", "must be set"))
    reason, message = condition.get("reason") or "", condition.get("message") or ""
    if not reason:
        errors.append(required(f"{path}.reason", "must be set"))
    elif not re.fullmatch(_REASON, reason):
        errors.append(invalid(f"{path}.reason", reason, _REASON_TEXT))
    if len(reason) > REASON_LENGTH_MAX:
        errors.append(too_long(f"{path}.reason", reason, REASON_LENGTH_MAX))
    if len(message) > MESSAGE_LENGTH_MAX:
        errors.append(too_long(f"{path}.message", message, MESSAGE_LENGTH_MAX))
    return errors
