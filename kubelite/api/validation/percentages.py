"""Numbers that may also be given as a share.

Source: k8s.io/kubernetes/pkg/apis/apps/validation (ValidatePositiveIntOrPercent, IsNotMoreThan100Percent).
"""

from __future__ import annotations

import re
from typing import Any, Final

from kubelite.api.validation.problems import Errors, invalid, not_negative

_PERCENT: Final = re.compile("[0-9]+%")
_NUMBER: Final = re.compile("[+-]?[0-9]+")
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def validate_int_or_percent(value: Any, path: str) -> Errors:
    """A number that is not negative, or a percentage of any size."""
    if isinstance(value, int):
        return not_negative(path, value)
    return [] if _PERCENT.fullmatch(value) else [invalid(path, value, _PERCENT_TEXT)]


def validate_percent_max(value: Any, path: str) -> Errors:
    """A percentage is not above 100."""
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        return [invalid(path, value, "must not be greater than 100%")]
    return []


def percent_or_number(value: Any) -> int:
    """The number, or that before the percent sign; 0 for any other text."""
    if isinstance(value, int):
        return value
    text = value[:-1] if _PERCENT.fullmatch(value) else value
    return int(text) if _NUMBER.fullmatch(text) else 0
