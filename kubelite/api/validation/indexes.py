"""The indexes of a Job's pods as text: numbers and intervals in growing order, such as "1,3-5,7".

Source: k8s.io/kubernetes/pkg/apis/batch/validation/validation.go (validateIndexesFormat).
"""

from __future__ import annotations

import json
import re
from typing import Final

_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)


class IndexesError(ValueError):
    """The text is no list of indexes; the message says why."""


def count_indexes(text: str, completions: int) -> int:
    """How many indexes there are.

    Raises:
        IndexesError: The text is malformed, not in order, or names an index that there is not.
    """
    if not text:
        return 0
    last: int | None = None
    total = 0
    for part in text.split(","):
        first, end = _interval(part, completions)
        if last is not None and last >= first:
            raise IndexesError(f"non-increasing order, previous: {last}, current: {first}")
        total += end - first + 1
        last = end
    return total


def _interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        raise IndexesError(
            f"the fragment {json.dumps(text)} violates the requirement that an index interval can have at "
            "most two parts separated by '-'"
        )
    first = end = _index(limits[0], completions)
    if len(limits) > 1:
        end = _index(limits[1], completions)
        if first >= end:
            raise IndexesError(f"non-increasing order, previous: {first}, current: {end}")
    return first, end


def _index(text: str, completions: int) -> int:
    if not _INTEGER.fullmatch(text):
        raise IndexesError(f"cannot convert string to integer for index: {json.dumps(text)}")
    if int(text) >= completions:
        raise IndexesError(f"too large index: {json.dumps(text)}")
    return int(text)


def overlap(completed: str, failed: str, completions: int) -> int | None:
    """The lowest index that both lists name; None if there is none. Malformed parts are skipped."""
    ranges = _intervals(failed, completions)
    for first, end in _intervals(completed, completions):
        for other_first, other_end in ranges:
            if first <= other_end and other_first <= end:
                return max(first, other_first)
    return None


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    found = []
    for part in text.split(",") if text else ():
        try:
            found.append(_interval(part, completions))
        except IndexesError:
            continue
    return found
