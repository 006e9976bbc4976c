"""How a list is put together in each form: what comes before its items, they, what comes behind. Pure.

Nothing here makes a list as a whole, so that large ones can be made piece by piece.

Source: k8s.io/apimachinery/pkg/runtime/serializer (json and protobuf, collections_encode.go);
k8s.io/apiserver/pkg/endpoints/handlers/response.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import orjson

from kubelite.api import facts
from kubelite.apimachinery import codec, protobuf
from kubelite.apimachinery.apierrors import NotAcceptable
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.table import make_table, partial_metadata
from kubelite.client.requests import Item, Listing
from kubelite.master.rest import answers
from kubelite.master.rest.negotiation import PARTIAL, PARTIAL_LIST, PROTOBUF, TABLE, YAML, Form

_TURN_ITEMS: Final = {YAML: 4, PROTOBUF: 16}
_TURN_ITEMS_OF_JSON: Final = 64
"""So many are made in some milliseconds."""


class ListForm(NamedTuple):
    """A way to write a list.

    Attributes:
        head: What comes before the items, by how many bytes they take together.
        item: The bytes of one.
        between: What stands between two of them.
        tail: What comes behind them.
        empty: The whole, if there are none.
        turn_items: How many may be made before others have their turn.
        needs_size: Whether the head depends on the size of the items.
    """

    head: Callable[[int], bytes]
    item: Callable[[Item], bytes]
    between: bytes
    tail: bytes
    empty: bytes
    turn_items: int
    needs_size: bool = False

    def whole(self, items: Sequence[Item]) -> bytes:
        """A list as a whole."""
        if not items:
            return self.empty
        made = self.between.join(map(self.item, items))
        return b"%b%b%b" % (self.head(len(made)), made, self.tail)


class _Shape(NamedTuple):
    """A list as an object without its items.

    Attributes:
        before: Fields that come before the items where fields have an order.
        name: Of the field that holds the items.
        after: The fields behind it.
        make: What stands there for an item.
        text: The same as JSON, if that is at hand.
    """

    before: Object
    name: str
    after: Object
    make: Callable[[Item], Object]
    text: Callable[[Item], bytes] | None = None


def list_form(
    listing: Listing, form: Form, strategy: Strategy, now: float, include: str = "", *, indented: bool = False
) -> ListForm:
    """How to write a list.

    Args:
        listing: What was found.
        form: What was negotiated.
        strategy: That of the resource.
        now: Unix seconds, for ages in Tables.
        include: The option `includeObject`.
        indented: Whether JSON is for people.

    Raises:
        NotAcceptable: The form is one of single objects, or the objects cannot be had in it.
    """
    shape = _shape(listing, form, strategy, now, include)
    if form.media_type == YAML:
        return _yaml(shape)
    if form.media_type == PROTOBUF:
        return _protobuf(shape)
    return _indented(shape) if indented else _json(shape)


def _shape(listing: Listing, form: Form, strategy: Strategy, now: float, include: str) -> _Shape:
    metadata = answers.list_metadata(listing)
    resource = strategy.resource
    if strategy.unstructured and not form.kind:
        answers.check_encodable(form)
        before: Object = {"apiVersion": resource.api_version, "kind": resource.list_kind}
        after = {"metadata": {"continue": "", **metadata}}
        return _Shape(before, "items", after, lambda item: item.object, Item.json)
    if form.kind == PARTIAL:
        raise NotAcceptable(
            f"you requested {PARTIAL}, but the requested object is a list {answers.go_type(resource, 'List')}"
        )
    if form.kind == PARTIAL_LIST:
        before = {"kind": PARTIAL_LIST, "apiVersion": form.api_version, "metadata": metadata}
        return _Shape(
            before,
            "items",
            {},
            lambda item: partial_metadata(strategy.unversioned(item.object), form.api_version),
        )
    if form.kind == TABLE:
        before = make_table(strategy.columns(""), (), metadata, api_version=form.api_version)
        del before["rows"]
        row = answers.row_maker(form, strategy, "", now, include)
        return _Shape(before, "rows", {}, lambda item: row(item.object))
    before = answers.list_head(listing, resource)
    return _Shape(before, "items", {}, lambda item: answers.bare(item.object), Item.list_json)


def _json(shape: _Shape) -> ListForm:
    make = shape.make
    head = b'%b,"%b":[' % (orjson.dumps(shape.before)[:-1], shape.name.encode())
    tail = b"]," + orjson.dumps(shape.after)[1:] if shape.after else b"]}"
    item = shape.text or (lambda item: orjson.dumps(make(item)))
    return ListForm(lambda _: head, item, b",", tail, head + tail, _TURN_ITEMS_OF_JSON)


def _indented(shape: _Shape) -> ListForm:
    """As `orjson` indents a whole list."""
    indent, make = orjson.OPT_INDENT_2, shape.make
    whole = orjson.dumps({**shape.before, shape.name: [], **shape.after}, option=indent)
    head, _, tail = whole.partition(b'"%b": []' % shape.name.encode())
    head += b'"%b": [\n    ' % shape.name.encode()

    def item(each: Item) -> bytes:
        return orjson.dumps(make(each), option=indent).replace(b"\n", b"\n    ")

    return ListForm(lambda _: head, item, b",\n    ", b"\n  ]" + tail, whole, _TURN_ITEMS_OF_JSON)


def _protobuf(shape: _Shape) -> ListForm:
    parts, make = protobuf.list_parts({**shape.before, **shape.after}, facts.protobuf()), shape.make
    return ListForm(
        parts.head,
        lambda item: parts.item(make(item)),
        b"",
        parts.tail,
        parts.head(0) + parts.tail,
        _TURN_ITEMS[PROTOBUF],
        needs_size=True,
    )


def _yaml(shape: _Shape) -> ListForm:
    """The names of fields are in order of the alphabet."""
    fields, make = {**shape.before, **shape.after}, shape.make
    head = _fields({name: value for name, value in fields.items() if name < shape.name})
    tail = _fields({name: value for name, value in fields.items() if name > shape.name})
    head += f"{shape.name}:\n".encode()
    empty = codec.to_yaml({**fields, shape.name: []})
    return ListForm(
        lambda _: head, lambda item: codec.to_yaml([make(item)]), b"", tail, empty, _TURN_ITEMS[YAML]
    )


def _fields(fields: Object) -> bytes:
    return codec.to_yaml(fields) if fields else b""
