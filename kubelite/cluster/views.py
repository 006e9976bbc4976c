"""Objects as a person at a prompt or in a notebook wants them: tables that are true when they are looked at.

A view holds no objects. What it shows is read from the store in the moment it is shown, so that `pods` typed
again shows the pods of now.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import yaml

from kubelite.api.resources import SERVICES
from kubelite.apimachinery import labels, printing
from kubelite.apimachinery.apierrors import BadRequest, NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.table import make_row, make_table
from kubelite.master.store.selection import Selection

if TYPE_CHECKING:
    from kubelite.apimachinery.strategy import Strategy
    from kubelite.cluster.access import ExecResult
    from kubelite.cluster.cluster import Cluster
    from kubelite.cluster.components import Components
    from kubelite.cluster.why import Why

T = TypeVar("T")
Hop = Callable[[Callable[[], T]], T]
"""Runs a function where the cluster may be touched: on its loop's thread."""

CLEAR_LINES: Final = "\x1b[{}F\x1b[J"


def here(function: Callable[[], T]) -> T:
    """For code that runs on the cluster's loop already."""
    return function()


class Text(str):
    """A text that a prompt shows as it is, not quoted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self).removesuffix("\n")


class Answer:
    """What a server in the cluster answered.

    Attributes:
        status: The HTTP status.
        reason: Its phrase.
        headers: By name, in lower case.
        text: The body.
    """

    def __init__(self, status: int, reason: str, headers: dict[str, str], text: str) -> None:
        self.status, self.reason, self.headers, self.text = status, reason, headers, Text(text)

    def __repr__(self) -> str:
        return f"{self.status} {self.reason}\n{self.text!r}".rstrip()


class _Table(ABC):
    """What shows itself as a table."""

    @abstractmethod
    def _cells(self) -> list[list[str]]:
        """Its rows, the first of which has the titles."""

    def __repr__(self) -> str:
        return printing.as_text(self._cells())

    def _repr_html_(self) -> str:
        """For notebooks."""
        return printing.as_html(self._cells())


@attrs.frozen
class Sight:
    """How views see a cluster.

    Attributes:
        cluster: For what is done.
        components: For what is read.
        hop: How the cluster's thread is reached.
    """

    cluster: Cluster
    components: Components
    hop: Hop[Any] = here

    def resource(self, kind: str) -> Resource:
        """The kind that a user means.

        Raises:
            ValueError: There is none.
        """
        return self.cluster.resource(kind)

    def strategy(self, resource: Resource) -> Strategy:
        """The rules of a kind."""
        found: Strategy = self.components.scheme.strategy(resource)
        return found

    def objects(self, resource: Resource, namespace: str, selector: str = "") -> list[Object]:
        """What is stored, in the kind's version; the empty namespace means all."""
        strategy = self.strategy(resource)
        chosen = labels.parse_selector(selector) if selector else None
        page = self.components.store.list(strategy.storage, Selection(namespace=namespace, labels=chosen))
        return [strategy.from_storage(entry.object) for entry in page.entries]

    def cells(
        self, resource: Resource, objects: list[Object], *, wide: bool = False, with_namespace: bool = False
    ) -> list[list[str]]:
        """The lines of a table of objects."""
        columns, now = self.strategy(resource).columns(), self.cluster.clock.now()
        table = make_table(columns, [make_row(obj, columns, now) for obj in objects], {})
        return printing.cells_of(table, wide=wide, with_namespace=with_namespace)


class KindView(_Table):
    """The objects of one kind: `pods`, `pods["web-1"]`, `pods.where("app=web")`, `pods.everywhere`."""

    def __init__(
        self,
        sight: Sight,
        kind: str,
        *,
        namespace: str | None = "default",
        selector: str = "",
        about: str = "",
        wide: bool = False,
    ) -> None:
        """Look at a kind.

        Args:
            sight: The cluster.
            kind: As kubectl takes it.
            namespace: None for all.
            selector: Labels.
            about: For Events: the UID of the object that they are about.
            wide: Shows the columns of `kubectl get -o wide`.

        Raises:
            ValueError: There is no such kind.
        """
        self._sight, self._kind = sight, kind
        self._namespace, self._selector, self._about, self._wide = namespace, selector, about, wide
        self._resource: Resource = sight.hop(partial(sight.resource, kind))

    def _but(self, **changes: Any) -> KindView:
        options: dict[str, Any] = {
            "namespace": self._namespace,
            "selector": self._selector,
            "about": self._about,
            "wide": self._wide,
        }
        return KindView(self._sight, self._kind, **(options | changes))

    @property
    def everywhere(self) -> KindView:
        """Those of all namespaces."""
        return self._but(namespace=None)

    @property
    def wide(self) -> KindView:
        """With all columns."""
        return self._but(wide=True)

    def of(self, namespace: str) -> KindView:
        """Those of another namespace."""
        return self._but(namespace=namespace)

    def where(self, selector: str) -> KindView:
        """Those with labels, as `app=web,tier!=cache`."""
        labels.parse_selector(selector)
        return self._but(selector=selector)

    @property
    def objects(self) -> list[Object]:
        """The objects themselves."""
        return self._sight.hop(self._read)  # type: ignore[no-any-return]

    def _read(self) -> list[Object]:
        inside = (self._namespace or "") if self._resource.namespaced else ""
        found = self._sight.objects(self._resource, inside, self._selector)
        return [
            each
            for each in found
            if not self._about or (each.get("involvedObject") or {}).get("uid") == self._about
        ]

    def names(self) -> list[str]:
        """The objects' names."""
        return [each["metadata"]["name"] for each in self.objects]

    def __getitem__(self, name: str) -> ObjectView:
        if not isinstance(name, str):
            raise ValueError(f"{self._kind} are looked up by name, not by {name!r}: as in .names()")  # noqa: TRY004
        namespace, _, inner = name.rpartition("/")
        found = ObjectView(self._sight, self._kind, inner, namespace=namespace or self._namespace)
        found.object  # noqa: B018 - a name that is none is told at once
        return found

    def __iter__(self) -> Iterator[ObjectView]:
        for each in self.objects:
            metadata = each["metadata"]
            yield ObjectView(self._sight, self._kind, metadata["name"], namespace=metadata.get("namespace"))

    def __len__(self) -> int:
        return len(self.objects)

    def __bool__(self) -> bool:
        return True

    def _ipython_key_completions_(self) -> list[str]:
        return self.names()

    def _cells(self) -> list[list[str]]:
        return self._sight.hop(self._look)  # type: ignore[no-any-return]

    def _look(self) -> list[list[str]]:
        everywhere = self._resource.namespaced and self._namespace is None
        return self._sight.cells(self._resource, self._read(), wide=self._wide, with_namespace=everywhere)

    def __repr__(self) -> str:
        cells = self._cells()
        if len(cells) > 1:
            return printing.as_text(cells)
        inside = f" in {self._namespace} namespace" if self._namespace and self._resource.namespaced else ""
        return f"No resources found{inside}"

    async def live(self, seconds: float | None = None) -> None:
        """Shows the table anew whenever it changes, for so long or until Ctrl-C."""
        shown, lines = "", 0
        informers, clock = self._sight.components.informers, self._sight.cluster.clock
        assert informers is not None
        changed = asyncio.Event()
        remove = informers.informer(self._resource).add_handler(lambda _old, _new: changed.set())
        end = None if seconds is None else clock.monotonic() + seconds
        try:
            while end is None or clock.monotonic() < end:
                changed.clear()
                if (text := repr(self)) != shown:
                    print(f"{CLEAR_LINES.format(lines) if lines else ''}{text}", flush=True)  # noqa: T201
                    shown, lines = text, text.count("\n") + 1
                left = 1.0 if end is None else min(1.0, end - clock.monotonic())
                try:
                    async with clock.timeout(max(left, 0.001)):
                        await changed.wait()
                except TimeoutError:
                    continue  # ages have changed
        finally:
            remove()


class ObjectView(_Table):
    """One object: its row, and what can be done with it."""

    def __init__(self, sight: Sight, kind: str, name: str, *, namespace: str | None) -> None:
        """Look at an object.

        Args:
            sight: The cluster.
            kind: As kubectl takes it.
            name: Of the object.
            namespace: Of the object; ignored for kinds without.
        """
        self._sight, self._kind, self.name = sight, kind, name
        self._resource: Resource = sight.hop(partial(sight.resource, kind))
        self.namespace = (namespace or "default") if self._resource.namespaced else ""

    def _read(self) -> Object:
        found = self._sight.objects(self._resource, self.namespace)
        named = [each for each in found if each["metadata"]["name"] == self.name]
        if not named:
            raise NotFound(self._resource, self.name)
        return named[0]

    @property
    def object(self) -> Object:
        """The object as it is now.

        Raises:
            NotFound: It is gone.
        """
        return self._sight.hop(self._read)  # type: ignore[no-any-return]

    def __getitem__(self, field: str) -> Any:
        return self.object[field]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.object)

    @property
    def yaml(self) -> Text:
        """As `kubectl get -o yaml` shows it: without its managed fields."""
        obj = self.object
        metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
        return Text(yaml.safe_dump({**obj, "metadata": metadata}))

    def _cells(self) -> list[list[str]]:
        def look() -> list[list[str]]:
            return self._sight.cells(self._resource, [self._read()])

        return self._sight.hop(look)  # type: ignore[no-any-return]

    @property
    def events(self) -> KindView:
        """The Events about it."""
        uid = self.object["metadata"]["uid"]
        return KindView(self._sight, "events", namespace=self.namespace or "default", about=uid)

    @property
    def why(self) -> Why:
        """What led to its last change."""
        look = partial(self._sight.cluster.why, self._what, namespace=self.namespace or "default")
        return self._sight.hop(look)  # type: ignore[no-any-return]

    async def get(self, path: str = "/", *, port: int | None = None, **options: Any) -> Answer:
        """Requests a path of a pod or Service from inside the cluster; `options` are aiohttp's.

        Raises:
            BadRequest: It has no address.
            OSError: Nothing answers.
        """
        host, at = self._address(port)
        async with (
            self._cluster.http() as session,
            session.request(options.pop("method", "GET"), f"http://{host}:{at}{path}", **options) as answer,
        ):
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, answer.reason or "", headers, await answer.text())

    def _address(self, port: int | None) -> tuple[str, int]:
        obj = self.object
        spec = obj.get("spec") or {}
        if self._resource == SERVICES:
            ports = [each["port"] for each in spec.get("ports") or ()]
            host = f"{self.name}.{self.namespace}.svc"
        else:
            host = (obj.get("status") or {}).get("podIP", "")
            containers = spec.get("containers") or ()
            ports = [each["containerPort"] for one in containers for each in one.get("ports") or ()] or [80]
        if not host or not (ports or port):
            raise BadRequest(f"{self._resource.singular} {self.name} has no address to send a request to")
        return host, port or ports[0]

    async def logs(self, **options: Any) -> Text:
        """The log of a pod; see `Cluster.logs`."""
        return Text(await self._cluster.logs(self.name, namespace=self.namespace, **options))

    async def exec(self, argv: Sequence[str] | str, **options: Any) -> ExecResult:
        """Runs a command in a pod; see `Cluster.exec`."""
        return await self._cluster.exec(self.name, argv, namespace=self.namespace, **options)

    async def scale(self, replicas: int) -> None:
        """Sets the number of replicas."""
        await self._cluster.scale(self._what, replicas, namespace=self.namespace)

    async def delete(self, **options: Any) -> None:
        """Deletes it; see `Cluster.delete`."""
        await self._cluster.delete(self._what, namespace=self.namespace, **options)

    async def wait_for(self, condition: str = "ready", **options: Any) -> ObjectView:
        """Waits until a condition holds; see `Cluster.wait_for`."""
        await self._cluster.wait_for(self._what, condition, namespace=self.namespace, **options)
        return self

    @property
    def _cluster(self) -> Cluster:
        return self._sight.cluster

    @property
    def _what(self) -> str:
        return f"{self._kind}/{self.name}"


class Objects:
    """Several objects, a table for each kind.

    Args:
        views: Of each of them.
    """

    def __init__(self, views: Sequence[ObjectView]) -> None:
        self._views = views

    def _tables(self) -> list[list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        for each in self._views:
            title, *rows = each._cells()  # noqa: SLF001 - of this module
            found.setdefault(each._kind, [title]).extend(rows)  # noqa: SLF001 - as above
        return list(found.values())

    def __repr__(self) -> str:
        return "\n\n".join(map(printing.as_text, self._tables()))

    def _repr_html_(self) -> str:
        """For notebooks."""
        return "".join(map(printing.as_html, self._tables()))
