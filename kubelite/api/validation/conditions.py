"""What the conditions of a status must be, in the form that kinds share.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateCondition).
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    invalid,
    invalid_each,
    not_negative,
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


def validate_condition(condition: Object, path: str) -> Errors:
    """The errors of one condition of the shared form."""
    type_, status = condition.get("type") or "", condition.get("status") or ""
    errors = invalid_each(f"{path}.type", type_, names.qualified_name(type_)) if type_ else []
    if not type_:
        errors.append(required(f"{path}.type", "must be set"))
    if not status:
        errors.append(required(f"{path}.status", "must be set"))
    elif status not in STATUSES:
        errors.append(not_supported(f"{path}.status", status, STATUSES))
    errors += not_negative(f"{path}.observedGeneration", condition.get("observedGeneration"))
    if not condition.get("lastTransitionTime"):
        errors.append(required(f"{path}.lastTransitionTime", "must be set"))
    reason = condition.get("reason") or ""
    if not reason:
        errors.append(required(f"{path}.reason", "must be set"))
    elif len(reason) > REASON_LENGTH_MAX:
        errors.append(too_long(f"{path}.reason", reason, REASON_LENGTH_MAX))
    elif not re.fullmatch(_REASON, reason):
        errors.append(invalid(f"{path}.reason", reason, _REASON_TEXT))
    message = condition.get("message") or ""
    if len(message) > MESSAGE_LENGTH_MAX:
        errors.append(too_long(f"{path}.message", message, MESSAGE_LENGTH_MAX))
    return errors
