"""What a component needs of informers: those of a running cluster, or of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.runtime import ActorStopped, Clock

CATCH_UP_RETRY_S: Final = 1.0
"""Seconds between two tries to list what a restarted component has to know."""
Handler = Callable[[Object | None, Object | None], Any]


class InformerLike(Protocol):
    """What of an `Informer` is used here and by reconcilers."""

    def get(self, namespace: str | None, name: str) -> Object | None:
        """The object, or None."""
        ...

    def list(self, namespace: str | None = None, selector: Any = None) -> Sequence[Object]:
        """The objects of a namespace (None: of all) which the selector matches."""
        ...

    def by_owner(self, uid: str) -> Sequence[Object]:
        """The objects which name that uid as an owner."""
        ...

    def add_index(self, name: str, fn: Callable[[Object], Iterable[str]]) -> None:
        """Keep an index: the keys of each object."""
        ...

    def by_index(self, name: str, key: str) -> Sequence[Object]:
        """The objects under a key of an index."""
        ...

    def add_handler(self, handler: Handler) -> Any:
        """Call `handler(old, new)` for what exists and for every change."""
        ...

    async def wait_synced(self) -> None:
        """Wait until the first list is in."""
        ...


class InformersLike(Protocol):
    """What of an `InformerFactory` is used here."""

    def informer(self, resource: Resource) -> InformerLike:
        """The shared informer of a kind."""
        ...

    def forget(self, resource: Resource) -> None:
        """Give up the informer of a kind that is gone."""
        ...

    async def catch_up(self, resource: Resource) -> None:
        """Wait until the informer of a kind holds all that was written before now."""
        ...


async def catch_up(informers: InformersLike, resource: Resource, clock: Clock, log: Any) -> None:
    """See what was written before a crash, which nobody remembers; tried until it can be listed.

    Args:
        informers: Who have to see it.
        resource: Of which kind.
        clock: The cluster's.
        log: Told of each try that fails.
    """
    while True:
        try:
            await informers.catch_up(resource)
        except (APIError, ActorStopped, OSError) as error:
            log.warning("catch_up_failed", resource=resource.plural, error=str(error))
            await clock.sleep(CATCH_UP_RETRY_S)
        else:
            return
