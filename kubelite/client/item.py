"""An object together with its JSON text: what the store holds, and what answers and events are made of.

Invariant: the text of a stored object is encoded at most once for as long as it is kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs
import orjson

from kubelite.apimachinery.scheme import Object

HEADS_MAX: Final = 1024
"""Kinds whose beginning in JSON is remembered."""


@attrs.define(eq=False, weakref_slot=False, repr=False)
class Item:
    """An object and its JSON text, which is encoded when first asked for and then kept.

    A stored object begins with `kind` and `apiVersion`. The text is kept without these two, so that it serves
    for lists, which leave them out, as it is; objects by themselves and in events are the same text behind a
    head that all objects of a kind share.

    Attributes:
        text: What `tail` gives, if that was asked for.
    """

    object: Object
    text: bytes | None = None

    def tail(self) -> bytes | None:
        """The text behind `kind` and `apiVersion`, as `"metadata":…}`; None of another form of object."""
        tail = self.text
        if tail is None:
            head = _head_of(self.object)
            if head is not None:
                tail = self.text = orjson.dumps(self.object)[len(head) :]
        return tail

    def forget_text(self) -> None:
        """Let go of the text, which takes as much memory as the object; who needs it encodes it anew."""
        self.text = None

    def json(self) -> bytes:
        """The object as JSON."""
        head, tail = self.json_parts()
        return head + tail

    def json_parts(self) -> tuple[bytes, bytes]:
        """The object as JSON in two pieces, the second of which is kept."""
        tail = self.text
        if tail is None and (tail := self.tail()) is None:
            return b"", orjson.dumps(self.object)
        return head_text(self.object["kind"], self.object["apiVersion"]), tail

    def list_tail(self) -> bytes:
        """The object as JSON the way lists show it, without `kind` and `apiVersion`, less its first brace."""
        tail = self.tail()
        if tail is None:
            bare = {key: value for key, value in self.object.items() if key not in {"kind", "apiVersion"}}
            return orjson.dumps(bare)[1:]
        return tail

    def list_json(self) -> bytes:
        """The object as JSON the way lists show it."""
        return b"{" + self.list_tail()


@lru_cache(maxsize=HEADS_MAX)
def head_text(kind: str, api_version: str) -> bytes:
    """How the JSON text of a stored object begins, its other fields follow."""
    return orjson.dumps({"kind": kind, "apiVersion": api_version})[:-1] + b","


def _head_of(obj: Object) -> bytes | None:
    """The head of an object that begins with `kind` and `apiVersion` and goes on; None of others."""
    names = iter(obj)
    if next(names, "") == "kind" and next(names, "") == "apiVersion" and next(names, ""):
        return head_text(obj["kind"], obj["apiVersion"])
    return None
