"""Bodies of requests: read within limits, and parsed by their content type.

Source: k8s.io/apiserver/pkg/endpoints/handlers (limitedReadBody, create.go, patch.go, delete.go).
"""

from __future__ import annotations

from typing import Any, Final

import attrs
from aiohttp import web

from kubelite.api import facts
from kubelite.apimachinery import codec, protobuf
from kubelite.apimachinery.apierrors import (
    BadRequest,
    Invalid,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    unexpected,
)
from kubelite.apimachinery.decode import DecodeError, decode
from kubelite.apimachinery.depth import shallow
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.govalues import json_word
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import DeleteOptions, PatchType
from kubelite.master.rest import options
from kubelite.master.rest.negotiation import JSON, MEDIA_TYPES, PROTOBUF, YAML
from kubelite.master.rest.prompt import AnyRequest, Prompt
from kubelite.master.rest.requestinfo import Query

BODY_BYTES_MAX: Final = 3 * 1024 * 1024

PATCH_TYPES: Final[dict[str, PatchType]] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_CONTINUE: Final = "100-continue"
_SUMMARY_LENGTH: Final = 30
_UNKNOWN_FORMAT: Final = (
    "the body of the request was in an unknown format - accepted media types include: "
    + ", ".join(MEDIA_TYPES)
)
_TYPE_META: Final = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)
_OPTIONS_KIND: Final = "DeleteOptions"
_META_SCHEME: Final = "pkg/apis/meta/internalversion/scheme/register.go:27"
"""The place in Kubernetes' source that its message names."""
_POLICIES: Final = ("Background", "Foreground", "Orphan", "nil")


@attrs.frozen
class Body:
    """A parsed body, and what to say of keys that stand in it twice."""

    value: Any
    problems: tuple[str, ...] = ()


async def read_body(request: AnyRequest) -> bytes:
    """All of a body. How long that may take is the request's deadline.

    Raises:
        RequestEntityTooLarge: It is larger than 3 MiB.
        BadRequest: It ends early, or its encoding is broken.
    """
    if isinstance(request, Prompt):
        return request.body()
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise _too_large()
    if not request.body_exists:
        return b""
    if request.headers.get("Expect", "").lower() == _CONTINUE and not request.content.is_eof():
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    content, parts, size = request.content, [], 0
    try:
        if not content.is_eof():
            async for part in content.iter_any():
                size += len(part)
                if size > BODY_BYTES_MAX:
                    raise _too_large()
                parts.append(part)
        else:
            parts.append(content.read_nowait())
            if len(parts[0]) > BODY_BYTES_MAX:
                raise _too_large()
    except web.RequestPayloadError as error:
        raise BadRequest(f"unexpected EOF: {error}") from error
    return b"".join(parts)


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {BODY_BYTES_MAX}")


def media_type(content_type: str) -> str:
    """A `Content-Type` without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def parse_object(body: bytes, content_type: str, kind: str, *, duplicates: bool = True) -> Body:
    """The object in a body.

    Args:
        body: What was sent.
        content_type: The header; empty means JSON.
        kind: What is expected, for the words of errors.
        duplicates: Whether keys that stand twice matter.

    Raises:
        BadRequest: It does not parse, or is no object.
        UnsupportedMediaType: The content type is not known.
    """
    media = media_type(content_type) or JSON
    if media not in MEDIA_TYPES:
        raise UnsupportedMediaType(_UNKNOWN_FORMAT)
    unrecognized = f"the object provided is unrecognized (must be of type {kind})"
    if media == PROTOBUF:
        try:
            return Body(shallow(protobuf.decode(body, facts.protobuf())[2]))
        except (protobuf.ProtobufError, ValueError) as error:
            raise BadRequest(f"{unrecognized}: {error} ({summary(body)})") from error
    try:
        if media == YAML:
            parsed = codec.parse_yaml(body)
            problems = _yaml_problems(parsed.duplicates)
        else:
            parsed = codec.parse_json(body, duplicates=duplicates)
            problems = tuple(f'duplicate field "{path}"' for path in parsed.duplicates)
    except codec.CodecError as error:
        where = "" if media == YAML else "couldn't get version/kind; json parse error: "
        raise BadRequest(f"{unrecognized}: {where}{error} ({summary(body)})") from error
    value = {} if parsed.value is None else parsed.value
    if not isinstance(value, dict):
        why = f"couldn't get version/kind; json parse error: json: cannot unmarshal {json_word(value)}"
        raise BadRequest(f"{unrecognized}: {why} into Go value of type {_TYPE_META} ({summary(body)})")
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field) or "", str):
            why = f"cannot unmarshal {json_word(value[field])} into Go struct field .{field} of type string"
            start = f"{unrecognized}: couldn't get version/kind; json parse error: json: "
            raise BadRequest(f"{start}{why} ({summary(body)})")
    return Body(value, problems)


def _yaml_problems(repeated: tuple[str, ...]) -> tuple[str, ...]:
    return ("yaml: unmarshal errors:\n" + "\n".join(repeated),) if repeated else ()


def summary(body: bytes) -> str:
    """The beginning of a body, as errors show it: JSON objects as text, the rest as hexadecimal digits.

    Source: apimachinery pkg/runtime/serializer/versioning, `summarizeData`.
    """
    if not body:
        return "<empty>"
    more = " ..." if len(body) > _SUMMARY_LENGTH else ""
    if body.startswith(b"{"):
        return body[:_SUMMARY_LENGTH].decode(errors="replace") + more
    return body[:_SUMMARY_LENGTH].hex() + more


def patch_type_of(content_type: str) -> PatchType:
    """The kind of patch that a content type names.

    Raises:
        UnsupportedMediaType: It names none.
    """
    found = PATCH_TYPES.get(media_type(content_type))
    if found is None:
        raise UnsupportedMediaType("415: Unsupported Media Type", details={})
    return found


_CONVERTING: Final = "error converting YAML to JSON: "
_DECODING: Final = {
    "apply": f"error decoding YAML: {_CONVERTING}",
    "json": "error decoding patch: ",
    "merge": "error decoding patch: ",
}
"""What stands before the reason why a patch of a type cannot be read."""


def parse_patch(body: bytes, patch_type: PatchType) -> Body:
    """The patch in a body.

    Raises:
        BadRequest: It does not parse, or has the wrong shape.
    """
    try:
        if patch_type == "apply":
            parsed = codec.parse_yaml(body)
            problems = tuple(f"{_CONVERTING}{each}" for each in _yaml_problems(parsed.duplicates))
        else:
            parsed = codec.parse_json(body, duplicates=True)
            problems = tuple(f'duplicate field "{path}"' for path in parsed.duplicates)
    except codec.CodecError as error:
        raise BadRequest(f"{_DECODING.get(patch_type, '')}{error}") from error
    value = parsed.value
    if patch_type == "json":
        if not isinstance(value, list):
            raise BadRequest(
                f"error decoding patch: json: cannot unmarshal {json_word(value)} "
                "into Go value of type []handlers.jsonPatchOp"
            )
    elif value is None and patch_type == "apply":
        value = {}
    elif not isinstance(value, dict):
        before = _DECODING.get(patch_type, "")
        if patch_type == "apply":
            before = "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
        where = "Go value of type map[string]interface {}"
        raise BadRequest(f"{before}json: cannot unmarshal {json_word(value)} into {where}")
    return Body(value, problems)


def delete_options(body: bytes, content_type: str, query: Query) -> DeleteOptions:
    """How to delete: by the body, or without one by the query.

    Raises:
        BadRequest: The body does not parse.
        Invalid: An option has a value that it cannot have.
    """
    if body:
        given: Object = parse_object(body, content_type, "DeleteOptions", duplicates=False).value
        _check_options_kind(given)
        given = _decoded_options(given)
        if query.texts("dryRun") and not given.get("dryRun"):
            given = {**given, "dryRun": list(query.texts("dryRun"))}
    else:
        given = {}
        grace_period_s = options.integer(query, "gracePeriodSeconds")
        if grace_period_s is not None:
            given["gracePeriodSeconds"] = grace_period_s
        if query.has("orphanDependents"):
            given["orphanDependents"] = query.flag("orphanDependents")
        if query.has("propagationPolicy"):
            given["propagationPolicy"] = query.text("propagationPolicy")
        if query.texts("dryRun"):
            given["dryRun"] = list(query.texts("dryRun"))
    _check_delete_options(given)
    preconditions = given.get("preconditions") or {}
    return DeleteOptions(
        grace_period_s=given.get("gracePeriodSeconds"),
        propagation_policy=given.get("propagationPolicy") or None,
        orphan_dependents=given.get("orphanDependents"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=bool(given.get("dryRun")),
    )


def _check_options_kind(given: Object) -> None:
    """Refuse to delete at the word of an object of another kind.

    Raises:
        APIError: It is one, which Kubernetes answers with 500.
    """
    kind, version = given.get("kind") or _OPTIONS_KIND, given.get("apiVersion") or "v1"
    if kind != _OPTIONS_KIND:
        raise unexpected(f'no kind "{kind}" is registered for version "{version}" in scheme "{_META_SCHEME}"')


def _decoded_options(given: Object) -> Object:
    """The options without unknown fields, their types checked.

    Raises:
        BadRequest: A value has another type than its option.
    """
    type_ = facts.type_of("v1", "DeleteOptions")
    assert type_ is not None
    try:
        return decode(given, type_)[0]
    except DecodeError as error:
        why = 'DeleteOptions in version "v1" cannot be handled as a DeleteOptions: '
        raise BadRequest(f"{why}{error}") from error


def _check_delete_options(given: Object) -> None:
    """See `delete_options`."""
    errors = []
    policy, orphan = given.get("propagationPolicy"), given.get("orphanDependents")
    if policy is not None and orphan is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(FieldError.invalid("propagationPolicy", policy, why))
    elif policy is not None and policy not in _POLICIES[:3]:
        errors.append(FieldError.not_supported("propagationPolicy", policy, _POLICIES))
    wrong = [value for value in given.get("dryRun") or () if value != "All"]
    if wrong:
        errors.append(FieldError.not_supported("dryRun", wrong[0], ("All",)))
    if errors:
        raise Invalid("DeleteOptions.meta.k8s.io", "", errors)
