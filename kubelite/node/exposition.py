"""Metrics in the text format of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Sample(NamedTuple):
    """A value; `at` is when it was true, in Unix seconds, None for now."""

    labels: Mapping[str, str]
    value: float
    at: float | None = None


class Family(NamedTuple):
    """A metric: its name, what kind it is, what it says, its values."""

    name: str
    kind: Literal["counter", "gauge"]
    text: str
    samples: Iterable[Sample]


def exposition(families: Iterable[Family]) -> str:
    """The text; a metric without a value is left out."""
    lines: list[str] = []
    for family in families:
        shown = [_line(family.name, sample) for sample in family.samples]
        if shown:
            lines += (f"# HELP {family.name} {family.text}", f"# TYPE {family.name} {family.kind}", *shown)
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in sorted(sample.labels.items()))
    time = "" if sample.at is None else f" {round(sample.at * 1000)}"
    return (
        f"{name}{{{labels}}} {_number(sample.value)}{time}"
        if labels
        else f"{name} {_number(sample.value)}{time}"
    )


def _number(value: float) -> str:
    """A number as Go writes it, in the shortest form."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)
