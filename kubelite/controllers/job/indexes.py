"""The completion indexes of an Indexed Job: as text, and which of them want a pod.

Source: k8s.io/kubernetes/pkg/controller/job/indexed_job_utils.go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

_LONG = 3
"""From so many neighbours on, they are written as an interval."""


def parse_ranges(text: str, completions: int) -> list[range]:
    """The intervals of a text such as "0-2,5", below `completions`; malformed parts are skipped."""
    found: list[range] = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() if dash else True):
            found.append(range(int(first), min(int(last if dash else first), completions - 1) + 1))
    return found


def parse_indexes(text: str, completions: int) -> frozenset[int]:
    """The indexes of such a text, one by one: for those that pods have had, which are never too many."""
    return frozenset(index for each in parse_ranges(text, completions) for index in each)


def format_indexes(indexes: Collection[int]) -> str:
    """The shortest text for them: three neighbours and more as an interval."""
    return ",".join(
        f"{run.start}-{run.stop - 1}" if len(run) >= _LONG else ",".join(map(str, run))
        for run in _runs(indexes)
    )


def _runs(indexes: Collection[int]) -> Iterator[range]:
    first: int | None = None
    last = -1
    for index in sorted(indexes):
        if first is None:
            first = index
        elif index != last + 1:
            yield range(first, last + 1)
            first = index
        last = index
    if first is not None:
        yield range(first, last + 1)


def first_pending(count: int, completions: int, taken: Collection[int]) -> list[int]:
    """The lowest `count` indexes below `completions` that are not taken."""
    pending: list[int] = []
    for index in range(completions):
        if len(pending) >= count:
            break
        if index not in taken:
            pending.append(index)
    return pending
