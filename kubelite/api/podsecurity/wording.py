"""How the Pod Security Standards speak: who set what is forbidden, and lists of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import attrs

from kubelite.api.podutil import containers
from kubelite.apimachinery.scheme import Object

_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})


@attrs.frozen
class Violation:
    """What is forbidden, in a word, and where it was found."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Test: TypeAlias = Callable[[Object], bool]
"""Of a security context or a container: whether it is bad."""


def quoted(values: Iterable[str]) -> str:
    """The values in quotes, with commas between."""
    return ", ".join(f'"{value.translate(_ESCAPES)}"' for value in values)


def plural(one: str, many: str, count: int) -> str:
    """The word for so many."""
    return one if count == 1 else many


def named_containers(names: list[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{plural('container', 'containers', len(names))} {quoted(names)}"


def containers_that(spec: Object, test: Test) -> list[str]:
    """The names of the containers that pass the test."""
    return [container["name"] for container in containers(spec) if test(container)]


def security_context(of: Object) -> Object:
    """The security context of a pod's spec or of a container."""
    context: Object = of.get("securityContext") or {}
    return context


def setters(spec: Object, test: Test) -> str:
    """Who set a bad value: `pod and container "a"`; "" if nobody did. The test is of security contexts."""
    found = ["pod"] if test(security_context(spec)) else []
    bad = containers_that(spec, lambda container: test(security_context(container)))
    if bad:
        found.append(named_containers(bad))
    return " and ".join(found)


def contexts(spec: Object) -> list[Object]:
    """The security contexts of a pod and of its containers."""
    return [security_context(spec), *(security_context(container) for container in containers(spec))]
