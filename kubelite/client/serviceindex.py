"""Which Services select a pod, without a look at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from kubelite.apimachinery.scheme import Object

SELECTED_BY: Final = "selected-by"
"""The index of Services by one label that they select."""


class Indexed(Protocol):
    """What of an informer of Services is used here."""

    def by_index(self, name: str, key: str) -> Sequence[Object]:
        """The objects under a key of an index."""
        ...


def selected_by(service: Object) -> tuple[str, ...]:
    """The index `SELECTED_BY`: the key under which a Service is found; none if it selects nothing."""
    selector = service["spec"].get("selector")
    if not selector:
        return ()
    label = min(selector)
    return (f"{service['metadata'].get('namespace')}/{label}={selector[label]}",)


def selecting(labels: Mapping[str, str], namespace: str, services: Indexed) -> Iterator[Object]:
    """The Services of a namespace that select pods with these labels.

    Args:
        labels: Of a pod.
        namespace: Of the pod.
        services: Has the index `SELECTED_BY`.
    """
    for label, value in labels.items():
        for service in services.by_index(SELECTED_BY, f"{namespace}/{label}={value}"):
            if all(labels.get(name) == wanted for name, wanted in service["spec"]["selector"].items()):
                yield service
