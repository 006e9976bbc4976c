"""The options of a request out of its query, checked. Pure.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation, pkg/apis/meta/internalversion/validation.
"""

from __future__ import annotations

from typing import Final, cast

from kubelite.apimachinery import listoptions
from kubelite.apimachinery.apierrors import BadRequest, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.strconv import NumberError, parse_int
from kubelite.client.requests import FieldValidation
from kubelite.master.rest.requestinfo import Query

FIELD_MANAGER_LENGTH_MAX: Final = 128
_VALIDATIONS: Final = ("", "Ignore", "Strict", "Warn")


def integer(query: Query, name: str) -> int | None:
    """A whole number; None if it is not given.

    Raises:
        BadRequest: It is no number, or too large a one.
    """
    if not query.has(name):
        return None
    try:
        return parse_int(query.text(name))
    except NumberError as error:
        raise BadRequest(str(error)) from error


def check_write_options(query: Query, kind: str) -> None:
    """Check what creates, updates and patches have in common.

    Args:
        query: The query.
        kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`, as errors name it.

    Raises:
        Invalid: An option has a value that it cannot have.
    """
    if not query.pairs:
        return
    errors = []
    manager = query.text("fieldManager")
    if len(manager.encode()) > FIELD_MANAGER_LENGTH_MAX:
        errors.append(FieldError.too_long("fieldManager", manager, FIELD_MANAGER_LENGTH_MAX))
    if not manager.isprintable():
        errors.append(FieldError.invalid("fieldManager", manager, "should only contain printable characters"))
    errors += _dry_run_errors(query)
    validation = query.text("fieldValidation")
    if validation not in _VALIDATIONS:
        errors.append(FieldError.not_supported("fieldValidation", validation, _VALIDATIONS))
    if errors:
        raise Invalid(f"{kind}.meta.k8s.io", "", errors)


def check_patch_options(query: Query, patch_type: str) -> None:
    """Check the options of a patch.

    Raises:
        Invalid: An option has a value that it cannot have.
    """
    errors = []
    if patch_type == "apply":
        if not query.text("fieldManager"):
            errors.append(FieldError.required("fieldManager", "is required for apply patch"))
    elif query.has("force"):
        errors.append(FieldError.forbidden("force", "may not be specified for non-apply patch"))
    if errors:
        raise Invalid("PatchOptions.meta.k8s.io", "", errors)
    check_write_options(query, "PatchOptions")


def check_list_options(query: Query, *, watch: bool) -> None:
    """Check which versions a list or a watch asks for.

    Raises:
        Invalid: The options contradict each other.
    """
    match, continue_ = query.text("resourceVersionMatch"), query.text("continue")
    initial = query.has("sendInitialEvents")
    if watch:
        errors = listoptions.watch_errors(match, continue_, sends_initial=initial)
    else:
        errors = listoptions.list_errors(
            match, query.text("resourceVersion"), continue_, sends_initial=initial
        )
    if errors:
        raise Invalid(listoptions.KIND, "", errors)


def dry_run(query: Query) -> bool:
    """Whether nothing is to be stored."""
    return bool(query.texts("dryRun"))


def check_dry_run(query: Query, kind: str) -> None:
    """Check the only option that some requests have.

    Raises:
        Invalid: It is neither absent nor `All`.
    """
    errors = _dry_run_errors(query)
    if errors:
        raise Invalid(f"{kind}.meta.k8s.io", "", errors)


def _dry_run_errors(query: Query) -> list[FieldError]:
    """One error if `dryRun` says anything but `All`."""
    values = [value for value in query.texts("dryRun") if value != "All"]
    return [FieldError.not_supported("dryRun", values[0], ("All",))] if values else []


def field_validation(query: Query) -> FieldValidation:
    """What to do about unknown fields; who says nothing is warned."""
    return cast("FieldValidation", query.text("fieldValidation") or "Warn")


def field_manager(query: Query, user_agent: str) -> str:
    """Who owns the fields that are written: as told, or the client's program name."""
    return query.text("fieldManager") or user_agent.partition("/")[0][:FIELD_MANAGER_LENGTH_MAX]
