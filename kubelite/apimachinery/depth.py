"""How deeply objects and lists may stand in each other: one limit, whichever way a tree comes in. Pure.

Source: Go's encoding/json and YAML, which take 10 000 levels; the words are theirs.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import orjson

T = TypeVar("T")

DEPTH_MAX: Final = 200
"""orjson writes 254 levels. The rest is for what stands around an object (lists, Tables, events) and for the
managed fields that tell of it."""
TOO_DEEP: Final = "exceeded max depth"
_DEPTH_OF_WRITER: Final = 254


class TooDeepError(ValueError):
    """A tree can be read, but not be written everywhere."""

    def __init__(self) -> None:
        super().__init__(TOO_DEEP)


def shallow(value: T) -> T:
    """A JSON tree that is not too deep.

    Raises:
        TooDeepError: It is nested more deeply than `DEPTH_MAX`.
    """
    inside: Any = value
    for _ in range(_DEPTH_OF_WRITER - DEPTH_MAX):
        inside = (inside,)
    try:
        orjson.dumps(inside)
    except orjson.JSONEncodeError as error:
        raise TooDeepError from error
    return value
