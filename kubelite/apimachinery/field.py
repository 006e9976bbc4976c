"""One wrong field of an object: what Kubernetes' validation says about it.

Source: k8s.io/apimachinery/pkg/util/validation/field (types of errors and their wording).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import copysign, isfinite
from typing import Any, Final

import attrs
import orjson

REQUIRED: Final = "FieldValueRequired"
INVALID: Final = "FieldValueInvalid"
NOT_SUPPORTED: Final = "FieldValueNotSupported"
DUPLICATE: Final = "FieldValueDuplicate"
FORBIDDEN: Final = "FieldValueForbidden"
TOO_LONG: Final = "FieldValueTooLong"
TOO_MANY: Final = "FieldValueTooMany"
NOT_FOUND: Final = "FieldValueNotFound"
TYPE_INVALID: Final = "FieldValueTypeInvalid"
INTERNAL: Final = "InternalError"

EXPONENT_MIN: Final = 6
"""The first exponent with which Go writes a float."""

_WORDS: Final = {
    REQUIRED: "Required value",
    INVALID: "Invalid value",
    NOT_SUPPORTED: "Unsupported value",
    DUPLICATE: "Duplicate value",
    FORBIDDEN: "Forbidden",
    TOO_LONG: "Too long",
    TOO_MANY: "Too many",
    NOT_FOUND: "Not found",
    TYPE_INVALID: "Invalid value",
    INTERNAL: "Internal error",
}
OMITTED: Final = object()
"""A bad value that is not worth showing."""
_WITHOUT_VALUE: Final = frozenset({REQUIRED, FORBIDDEN, TOO_LONG, INTERNAL})


@attrs.frozen
class FieldError:
    """One wrong field.

    Attributes:
        type: The reason of the cause in a `Status`: `FieldValueInvalid` ….
        field: The path: `spec.containers[0].image`.
        bad_value: What stands there.
        detail: What would be right.
    """

    type: str
    field: str
    bad_value: Any = None
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message

    @property
    def message(self) -> str:
        """The error without its path, as in a cause of a `Status`."""
        words = _WORDS[self.type]
        if self.type not in _WITHOUT_VALUE and self.bad_value is not OMITTED:
            words += f": {format_value(self.bad_value)}"
        return f"{words}: {self.detail}" if self.detail else words

    def cause(self) -> dict[str, str]:
        """The error as a cause of a `Status`."""
        return {"reason": self.type, "message": self.message, "field": self.field}

    @staticmethod
    def required(field: str, detail: str = "") -> FieldError:
        """A field that must be there is not."""
        return FieldError(REQUIRED, field, "", detail)

    @staticmethod
    def invalid(field: str, value: Any, detail: str) -> FieldError:
        """A value that is not allowed."""
        return FieldError(INVALID, field, value, detail)

    @staticmethod
    def not_supported(field: str, value: Any, valid: Iterable[str]) -> FieldError:
        """A value that is none of the valid ones, which the detail lists in their sorted order."""
        listed = ", ".join(_quote(each) for each in sorted(valid))
        return FieldError(NOT_SUPPORTED, field, value, f"supported values: {listed}" if listed else "")

    @staticmethod
    def duplicate(field: str, value: Any) -> FieldError:
        """A value that stands there already."""
        return FieldError(DUPLICATE, field, value)

    @staticmethod
    def forbidden(field: str, detail: str) -> FieldError:
        """A field that must not be set or changed."""
        return FieldError(FORBIDDEN, field, "", detail)

    @staticmethod
    def too_long(field: str, value: Any, length_max: int) -> FieldError:
        """A text with too many bytes."""
        return FieldError(TOO_LONG, field, value, f"may not be more than {length_max} bytes")

    @staticmethod
    def too_many(field: str, count: int, count_max: int) -> FieldError:
        """A list with too many items."""
        return FieldError(TOO_MANY, field, count, f"must have at most {count_max} items")

    @staticmethod
    def not_found(field: str, value: Any) -> FieldError:
        """A value that names what does not exist."""
        return FieldError(NOT_FOUND, field, value)

    @staticmethod
    def type_invalid(field: str, value: Any, detail: str) -> FieldError:
        """A value of another type."""
        return FieldError(TYPE_INVALID, field, value, detail)


def format_value(value: Any) -> str:
    """A value as Go prints it in these errors: texts quoted, numbers bare, the rest as JSON."""
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return format_float(value) if isinstance(value, float) else orjson.dumps(value).decode()


def format_float(value: float) -> str:
    """A float as Go prints it with %v: the shortest text, with an exponent below -4 and above 5."""
    if not isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).lstrip("0")
    point = int(power or 0) + len(significant) - len(fraction)
    digits = significant.rstrip("0") or "0"
    sign = "-" if copysign(1, value) < 0 else ""
    if value and not -4 < point <= EXPONENT_MIN:
        shown = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{sign}{shown}e{'-' if point < 1 else '+'}{abs(point - 1):02}"
    if point <= 0:
        return sign + (f"0.{'0' * -point}{digits}" if value else "0")
    if len(digits) <= point:
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}"


def _quote(text: str) -> str:
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
    )
