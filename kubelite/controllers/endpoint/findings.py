"""What looks at Services have found out about their pods, kept from one look to the next.

Invariant: objects are immutable, so that what was found out of the same pod for the same Service still holds;
a pod that has changed is another object. A look costs as much as pods have changed since the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from kubelite.apimachinery.scheme import Object

C = TypeVar("C", bound=Hashable)
T = TypeVar("T")


class Findings(Generic[C, T]):
    """Of the pods of each Service, as they were at the last look."""

    def __init__(self) -> None:
        self._of: dict[Hashable, tuple[Object, dict[tuple[int, C], tuple[Object, T]]]] = {}

    def __repr__(self) -> str:
        return f"<Findings {len(self._of)} Services, {sum(len(pods) for _, pods in self._of.values())} pods>"

    def find(
        self, key: Hashable, service: Object, pods: Iterable[tuple[Object, C]], find: Callable[[Object, C], T]
    ) -> list[T]:
        """What `find` says of each pod.

        Args:
            key: Of the look; usually that of the Service.
            service: On which it depends, too.
            pods: Each with what else it depends on.
            find: A pure function of a pod, with what it depends on besides.
        """
        former = self._of.get(key)
        known = former[1] if former is not None and former[0] is service else {}
        found = {
            (id(pod), context): known.get((id(pod), context)) or (pod, find(pod, context))
            for pod, context in pods
        }
        self._of[key] = service, found
        return [each for _, each in found.values()]

    def forget(self, key: Hashable) -> None:
        """The Service is gone."""
        self._of.pop(key, None)
