"""From what the API server answered to bytes in the form that the client asked for. Pure.

Objects go out as the bytes that were encoded when they were written; lists are those bytes joined.

Source: k8s.io/apiserver/pkg/endpoints/handlers/response.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

import orjson

from kubelite.api import facts
from kubelite.apimachinery import codec, protobuf
from kubelite.apimachinery.apierrors import BadRequest, NotAcceptable
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.table import IncludeObject, make_row, make_table, partial_metadata
from kubelite.client.requests import Item, Listing
from kubelite.client.watcher import WatchEvent
from kubelite.master.rest.negotiation import (
    JSON,
    PARTIAL,
    PARTIAL_LIST,
    PROTOBUF,
    TABLE,
    YAML,
    Form,
)

_INCLUDES: Final = ("", "Metadata", "Object", "None")
_STATUS_KIND: Final = "Status"
_UNSTRUCTURED: Final = "*unstructured.Unstructured"
_INTERNAL_GROUPS: Final = {"": "core", "events": "core"}
"""Groups whose types are of another package in Go."""


def include_object(text: str) -> IncludeObject:
    """What of the objects goes along with the rows of a Table.

    Raises:
        BadRequest: None of the words for it.
    """
    if text not in _INCLUDES:
        error = FieldError.invalid("includeObject", text, "must be 'Metadata', 'Object', 'None', or empty")
        raise BadRequest(f"Unable to convert to Table as requested: {error}")
    return cast("IncludeObject", text or "Metadata")


def object_bytes(
    item: Item, form: Form, strategy: Strategy, subresource: str, now: float, include: str = ""
) -> bytes:
    """One object in a form.

    Args:
        item: The object; a `Status` is never turned into another kind.
        form: What was negotiated.
        strategy: That of the resource asked for.
        subresource: As above.
        now: Unix seconds, for ages in Tables.
        include: The option `includeObject`.

    Raises:
        NotAcceptable: The form is one of lists.
    """
    if form.kind and item.object.get("kind") != _STATUS_KIND:
        if form.kind == PARTIAL_LIST:
            raise NotAcceptable(
                f"you requested {PARTIAL_LIST}, but the requested object is not a list "
                f"{go_type(strategy.resource)}"
            )
        if form.kind == PARTIAL:
            return encode(
                partial_metadata(strategy.unversioned(item.object), form.api_version), form.media_type
            )
        metadata = _table_metadata(item.object)
        return encode(
            _table([item.object], metadata, form, strategy, subresource, now, include), form.media_type
        )
    if form.media_type == JSON:
        return item.json()
    if strategy.unstructured and item.object.get("kind") == strategy.resource.kind:
        check_encodable(form)
    return encode(item.object, form.media_type)


def check_encodable(form: Form) -> None:
    """Refuse what has no Go type in protobuf.

    Raises:
        NotAcceptable: The form is protobuf.
    """
    if form.media_type == PROTOBUF:
        raise NotAcceptable(
            "object *unstructured.Unstructured does not implement the protobuf marshalling interface and "
            "cannot be encoded to a protobuf message"
        )


def list_head(listing: Listing, resource: Resource) -> Object:
    """A list without its items."""
    metadata = list_metadata(listing)
    return {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": metadata}


def _table_metadata(obj: Object) -> Object:
    """The metadata of a table of one object: its version, if it has one."""
    version = obj.get("metadata", {}).get("resourceVersion")
    return {"resourceVersion": version} if version else {}


def list_metadata(listing: Listing) -> Object:
    """The metadata of a list."""
    metadata: Object = {"resourceVersion": listing.resource_version} if listing.resource_version else {}
    if listing.continue_:
        metadata["continue"] = listing.continue_
    if listing.remaining is not None:
        metadata["remainingItemCount"] = listing.remaining
    return metadata


def encode(obj: Object, media_type: str) -> bytes:
    """An object in a media type."""
    if media_type == YAML:
        return codec.to_yaml(obj)
    if media_type == PROTOBUF:
        return protobuf.encode(obj, facts.protobuf())
    return orjson.dumps(obj)


class FrameEncoder:
    """Turns watch events into lines: as they are, as Tables (columns in the first only) or as metadata."""

    def __init__(self, form: Form, strategy: Strategy, include: str) -> None:
        self._form = form
        self._strategy = strategy
        self._include = include
        self._first = True

    def __call__(self, event: WatchEvent, now: float) -> bytes:
        """One event as a line.

        Args:
            event: The event; an ERROR is sent as it is.
            now: Unix seconds, for ages.
        """
        form = self._form
        if not form.kind or event.type == "ERROR":
            return event.frame()
        if form.kind == TABLE:
            metadata = _table_metadata(event.object)
            made = _table(
                [event.object],
                metadata,
                form,
                self._strategy,
                "",
                now,
                self._include,
                with_columns=self._first,
            )
            self._first = False
        else:
            made = partial_metadata(self._strategy.unversioned(event.object), form.api_version)
        return orjson.dumps({"type": event.type, "object": made}) + b"\n"

    def protobuf(self, event: WatchEvent) -> bytes:
        """One event as a `WatchEvent` message around the object's; there are no Tables in protobuf."""
        form, obj = self._form, event.object
        if form.kind and event.type != "ERROR":
            obj = partial_metadata(obj, form.api_version)
        return protobuf.watch_event(event.type, protobuf.encode(obj, facts.protobuf()))


def _table(
    objects: list[Object],
    metadata: Object,
    form: Form,
    strategy: Strategy,
    subresource: str,
    now: float,
    include: str,
    *,
    with_columns: bool = True,
) -> Object:
    """A Table of objects."""
    columns, rows = strategy.columns(subresource), row_maker(form, strategy, subresource, now, include)
    return make_table(
        columns, map(rows, objects), metadata, api_version=form.api_version, with_columns=with_columns
    )


def row_maker(
    form: Form, strategy: Strategy, subresource: str, now: float, include: str
) -> Callable[[Object], Object]:
    """What makes the row of an object; the arguments are those of `object_bytes`."""
    columns, included = strategy.columns(subresource), include_object(include)

    def row(obj: Object) -> Object:
        return make_row(
            obj if included == "Object" else strategy.unversioned(obj),
            columns,
            now,
            include_object=included,
            conditions=strategy.row_conditions(obj),
            api_version=form.api_version,
        )

    return row


def bare(obj: Object) -> Object:
    """An object as lists hold it."""
    return {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}


def check_protobuf(resource: Resource, *, is_list: bool) -> None:
    """Refuse custom kinds, for which there are no messages.

    Raises:
        NotAcceptable: It is one.
    """
    if not protobuf.knows(resource, facts.protobuf()):
        name = _UNSTRUCTURED + ("List" if is_list else "")
        raise NotAcceptable(
            f"object {name} does not implement the protobuf marshalling interface and cannot be encoded to a "
            "protobuf message"
        )


def go_type(resource: Resource, suffix: str = "") -> str:
    """The Go type of a kind, as errors show it."""
    if not protobuf.knows(resource, facts.protobuf()):
        return f"({_UNSTRUCTURED}{suffix})"
    group = resource.group.partition(".")[0]
    return f"(*{_INTERNAL_GROUPS.get(group, group)}.{resource.kind}{suffix})"
