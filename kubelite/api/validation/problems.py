"""The errors that validation returns, in one place: `path` is a text such as "spec.containers[0].name"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from kubelite.apimachinery.field import NOT_SUPPORTED, FieldError

Errors: TypeAlias = list[FieldError]

required = FieldError.required
invalid = FieldError.invalid
duplicate = FieldError.duplicate
forbidden = FieldError.forbidden
too_long = FieldError.too_long
too_many = FieldError.too_many
not_found = FieldError.not_found


def not_supported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value that is none of those supported, which are listed in the order given."""
    listed = ", ".join(f'"{choice}"' for choice in supported)
    return FieldError(NOT_SUPPORTED, path, value, f"supported values: {listed}")


def invalid_each(path: str, value: Any, messages: Iterable[str]) -> Errors:
    """One error of the value for each message."""
    return [invalid(path, value, message) for message in messages]


def checked(path: str, value: Any, check: Callable[[Any], list[str]]) -> Errors:
    """The errors of `check` on the value; Required if it is empty."""
    return invalid_each(path, value, check(value)) if value else [required(path, "")]


def one_of(path: str, value: Any, supported: Iterable[str]) -> Errors:
    """Required if empty, NotSupported if not among those supported (listed in the order given)."""
    if not value:
        return [required(path, "")]
    choices = list(supported)
    return [] if value in choices else [not_supported(path, value, choices)]


def not_negative(path: str, value: int | None) -> Errors:
    """Invalid if below zero."""
    if value is None or value >= 0:
        return []
    return [invalid(path, value, "must be greater than or equal to 0")]


def unchanged(path: str, new: Any, old: Any) -> Errors:
    """Invalid if the value of an immutable field differs; the error shows the new one."""
    return [] if new == old else [invalid(path, new, "field is immutable")]
