"""Questions to a cluster of this process: why, by whom, how much, and what it looks like."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.cluster.objects import ClusterObjects, unknown_kind
from kubelite.master.store.entry import make_key

if TYPE_CHECKING:
    from kubelite.cluster.components import Components
    from kubelite.cluster.views import KindView
    from kubelite.cluster.why import Why
    from kubelite.runtime import System
    from kubelite.scheduler.explain import Explanation

CAUSES_SHOWN_MAX = 8


class ClusterInsight(ClusterObjects):
    """The methods that tell; nothing of it changes anything."""

    @property
    @abstractmethod
    def _running(self) -> Components:
        """What it is made of, while it runs."""

    @property
    @abstractmethod
    def _actors(self) -> System:
        """The actors, while it runs."""

    @abstractmethod
    def _itself(self) -> Any:
        """The cluster, for views."""

    def resource(self, kind: str) -> Resource:
        """The kind that a name means, as kubectl takes it: `pods`, `po`, `Pod`, `crontabs.example.com`.

        Raises:
            ValueError: There is none.
        """
        resource: Resource | None = self._running.scheme.find(kind)
        if resource is None:
            raise ValueError(unknown_kind(kind, self._running.scheme.resources()))
        return resource

    def statistics(self) -> dict[str, Any]:
        """What the actors and the wires have done so far."""
        components = self._running
        nodes = {name: machine.runtime.statistics() for name, machine in components.machines.items()}
        return {
            "actors": self._actors.statistics(),
            "network": components.fabric.statistics(),
            "nodes": nodes,
        }

    async def explain_scheduling(self, pod: str, *, namespace: str = "default") -> Explanation:
        """What every plugin of the scheduler says of a pod on every node; `print` shows it.

        Args:
            pod: `web-1`, or `pod/web-1`; one that waits, or that has its node already.
            namespace: The pod's.

        Raises:
            NotFound: There is no such pod.
        """
        from kubelite.scheduler.messages import Explain  # noqa: PLC0415 - seldom asked

        components = self._running
        assert components.informers is not None
        await components.informers.flush()
        request = Explain(namespace, pod.removeprefix("pod/"))
        return await request.ask(self._actors.ref("scheduler"))

    def why(self, what: str | Object, *, namespace: str = "default") -> Why:
        """What led to the last change of an object, step by step: who wrote what, because of what.

        It is told of objects that are gone, too. Of a change as a watch shows it, an object with its
        version, the chain of just that change is told.

        Args:
            what: `pod/web-1`, or an object.
            namespace: Of the object, if a text names it.

        Raises:
            ValueError: There is no such kind, or no name is given.
        """
        from kubelite.cluster.why import why  # noqa: PLC0415 - seldom asked

        version = None
        if isinstance(what, str):
            kind, _, name = what.partition("/")
            resource = self.resource(kind)
        else:
            found = self._running.scheme.by_kind(what.get("apiVersion", ""), what.get("kind", ""))
            if found is None:
                raise ValueError(f"there is no kind {what.get('kind')!r} in {what.get('apiVersion')!r}")
            resource, name = found, what["metadata"]["name"]
            namespace = what["metadata"].get("namespace", namespace)
            version = int(what["metadata"].get("resourceVersion") or 0) or None
        if not name:
            raise ValueError(f"say which one: {resource.singular}/NAME")
        log = self._running.log
        key = make_key(namespace if resource.namespaced else "", name)
        return why(log, resource, key, version=version, is_recorded=log.is_kept, watches=log.watches)

    def last_changes(self, count: int = 20) -> list[str]:
        """The last writes of anybody, oldest first, a line each."""
        from kubelite.cluster.why import last_changes  # noqa: PLC0415 - seldom asked

        return last_changes(self._running.log, count)

    def view(
        self,
        kind: str,
        *,
        namespace: str | None = "default",
        selector: str = "",
        hop: Callable[[Callable[[], Any]], Any] | None = None,
    ) -> KindView:
        """The objects of a kind as a table, which is made when it is looked at: for prompts and notebooks.

        Args:
            kind: As kubectl takes it.
            namespace: None for all.
            selector: Labels.
            hop: Calls a function on the cluster's thread, for those who look from another one.

        Raises:
            ValueError: There is no such kind.
        """
        from kubelite.cluster import views  # noqa: PLC0415 - programs need none

        sight = views.Sight(self._itself(), self._running, hop or views.here)
        return views.KindView(sight, kind, namespace=namespace, selector=selector)

    def _causes(self, resource: Resource, namespace: str | None, name: str) -> Sequence[str]:
        from kubelite.cluster.why import why  # noqa: PLC0415 - only who waits in vain needs it

        log = self._running.log
        found = why(log, resource, make_key(namespace or "", name), is_recorded=log.is_kept)
        return [found.about, *found.lines(CAUSES_SHOWN_MAX)] if found.steps else ()
