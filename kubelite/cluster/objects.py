"""What can be done with the objects of any cluster: this process's own, or one over HTTP.

A handle on a cluster says how kinds are found, which client is used and how it waits; the rest is the same
for all, so that a test's body does not tell the one from the other.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, cast

from kubelite.apimachinery import labels
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.apply import apply_object
from kubelite.client.wait import WaitTimeout, parse_condition
from kubelite.cluster.manifest import Manifest, load_manifest
from kubelite.cluster.pods import ClusterPods
from kubelite.cluster.waiting import Question, describe_condition

if TYPE_CHECKING:
    from kubelite.client.client import Client

LOG_LINES: Final = 5
NAMESPACED: Final = frozenset(
    {
        "apply",
        "delete",
        "exec",
        "explain_scheduling",
        "get",
        "http",
        "logs",
        "resolve",
        "scale",
        "view",
        "wait_for",
        "why",
    }
)
"""The methods that take a namespace."""


class ClusterObjects(ClusterPods):
    """The methods about objects; see the module's docstring."""

    @property
    @abstractmethod
    def client(self) -> Client:
        """The client of an administrator."""

    @abstractmethod
    async def _kinds(self) -> Sequence[Resource]:
        """All kinds that are served."""

    @abstractmethod
    async def _find(self, kind: str) -> Resource | None:
        """The kind that a person means."""

    @abstractmethod
    async def _find_kind(self, api_version: str, kind: str) -> Resource | None:
        """The kind of a manifest's object."""

    @abstractmethod
    async def _wait(self, question: Question) -> list[Object]:
        """Waits as `waiting.wait_for` does."""

    def _causes(self, _resource: Resource, _namespace: str | None, _name: str) -> Sequence[str]:
        """What led to the state of an object, where that is known."""
        return ()

    async def _in_vain(self, question: Question, objects: Sequence[Object | None]) -> WaitTimeout:
        """The error of a wait in vain."""
        from kubelite.cluster import explaining  # noqa: PLC0415 - only who waits in vain needs it

        return await explaining.in_vain(
            self.client, question, objects, self._read_log, self._causes, self._image_names()
        )

    def _image_names(self) -> Sequence[str]:
        """The images that this process has for its nodes."""
        return ()

    def _check(self, resource: Resource, obj: Object) -> None:
        """Refuses an object before it is sent."""

    async def _what(
        self, what: str, name: str | None, namespace: str | None
    ) -> tuple[Resource, str | None, str | None]:
        kind, slash, inner = what.partition("/")
        resource = await self._find(kind)
        if resource is None:
            raise ValueError(unknown_kind(kind, await self._kinds()))
        chosen = inner if slash else name
        if chosen is not None and (not chosen or "/" in chosen):
            raise ValueError(f"{what!r} is not KIND or KIND/NAME" if slash else f"no name is {chosen!r}")
        return resource, chosen, (namespace if resource.namespaced else None)

    async def apply(self, manifest: Manifest, *, namespace: str = "default") -> list[Object]:
        """Makes objects be as a manifest says: YAML text, a path, an object, or several of these.

        Raises:
            ValueError: The manifest does not parse, or names a kind that is not served.
            TypeError: It is no manifest at all.
            BadRequest: A field is unknown, or of another type.
            APIError: The API server refuses an object; those before it stay.
        """
        made = []
        for obj in load_manifest(manifest):
            resource = await self._find_kind(obj["apiVersion"], obj["kind"])
            if resource is None:
                raise ValueError(f"no matches for kind {obj['kind']!r} in version {obj['apiVersion']!r}")
            self._check(resource, obj)
            obj = {**obj, "metadata": obj.get("metadata") or {}}
            inside = obj["metadata"].get("namespace") or namespace
            made.append(
                await apply_object(self.client, resource, obj, inside if resource.namespaced else None)
            )
        return made

    async def get(
        self,
        kind: str,
        name: str | None = None,
        *,
        namespace: str | None = "default",
        selector: str | Mapping[str, str] | None = None,
    ) -> Any:
        """An object by its name, or the list of those that a selector matches.

        Namespace None means all namespaces.

        Raises:
            NotFound: There is no object of that name.
        """
        resource, name, namespace = await self._what(kind, name, namespace)
        if name is not None:
            return await self.client.get(resource, name, namespace)
        found = await self.client.list(resource, namespace, label_selector=_selector_text(selector))
        return [{"kind": resource.kind, "apiVersion": resource.api_version, **each} for each in found.items]

    async def delete(
        self,
        kind: str,
        name: str | None = None,
        *,
        namespace: str | None = "default",
        selector: str | Mapping[str, str] = "",
        grace_period_s: int | None = None,
        propagation_policy: str | None = "Background",
    ) -> None:
        """Deletes an object, or all that a selector matches. That there is none is no error.

        Args:
            kind: `pod`, or `pod/web-1`.
            name: Of the object.
            namespace: Of namespaced kinds.
            selector: Labels, where no name is given.
            grace_period_s: For pods; None is their own.
            propagation_policy: `Background`, `Foreground` or `Orphan`; None is the kind's own.

        Raises:
            ValueError: Neither name nor selector is given.
        """
        resource, name, namespace = await self._what(kind, name, namespace)
        if name is None and not selector:
            raise ValueError("say which one to delete: a name, or a selector")
        try:
            if name is not None:
                await self.client.delete(
                    resource,
                    name,
                    namespace,
                    grace_period_s=grace_period_s,
                    propagation_policy=propagation_policy,
                )
            else:
                await self.client.delete_collection(
                    resource,
                    namespace,
                    label_selector=_selector_text(selector),
                    grace_period_s=grace_period_s,
                    propagation_policy=propagation_policy,
                )
        except NotFound:
            return

    async def scale(self, what: str, replicas: int, *, namespace: str = "default") -> None:
        """Sets the number of replicas through the scale subresource.

        Raises:
            NotFound: There is no such object, or its kind does not scale.
        """
        resource, name, inside = await self._what(what, None, namespace)
        await self.client.patch(
            resource, name or "", {"spec": {"replicas": replicas}}, inside, subresource="scale"
        )

    async def wait_for(
        self,
        what: str,
        condition: str | Callable[[Object], Any] = "ready",
        *,
        timeout: float | None = 30.0,  # noqa: ASYNC109 - the contract's own name
        namespace: str = "default",
        selector: str | None = None,
    ) -> Any:
        """Waits until a condition holds; event driven.

        Args:
            what: `rc/backend`, or `pods` for all that `selector` matches.
            condition: `ready`, `deleted`, `exists`, `condition=TYPE[=STATUS]`, `jsonpath=EXPR=VALUE`,
                or a callable that is given the object.
            timeout: Seconds of the cluster's clock; None waits for ever.
            namespace: Of namespaced kinds.
            selector: Labels, where no name is given.

        Returns:
            The object, or the list of those selected.

        Raises:
            WaitTimeout: It did not hold in time; the text says what was seen instead, why, and what to try.
            ValueError: The condition or the kind is unknown.
        """
        __tracebackhide__ = True
        resource, name, inside = await self._what(what, None, namespace)
        question = Question(
            resource=resource,
            namespace=inside,
            name=name,
            selector=labels.parse_selector(selector) if selector else None,
            predicate=parse_condition(condition),
            condition=describe_condition(condition),
            timeout_s=timeout,
        )
        found = await self._wait(question)
        return found if name is None else (found[0] if found else None)

    async def _read_log(self, pod: str, namespace: str, container: str, previous: bool) -> str:
        return await self.logs(
            pod, namespace=namespace, container=container, previous=previous, tail=LOG_LINES
        )

    def in_namespace(self, namespace: str) -> Self:
        """The same cluster, whose methods take this namespace where none is given."""
        return cast("Self", InNamespace(self, namespace))


class InNamespace:
    """A cluster, blocking or not, with another default namespace."""

    def __init__(self, cluster: Any, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cluster, name)
        return partial(found, namespace=self.namespace) if name in NAMESPACED else found

    def in_namespace(self, namespace: str) -> InNamespace:
        """The same cluster in another namespace."""
        return InNamespace(self._cluster, namespace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *caught: object) -> None:
        self._cluster.__exit__(*caught)

    def __repr__(self) -> str:
        return f"<{self._cluster!r} in namespace {self.namespace}>"


def unknown_kind(kind: str, served: Iterable[Resource]) -> str:
    """That there is no such kind, and what may have been meant."""
    from kubelite.cluster.hints import near  # noqa: PLC0415 - only who errs needs it

    kinds = list(served)
    plurals = sorted({each.plural for each in kinds})
    meant = near(kind, dict.fromkeys(name for each in kinds for name in (each.singular, each.plural)))
    guess = f" (did you mean {meant[0]!r}?)" if meant else ""
    return f"there is no kind {kind!r}{guess}; this cluster serves {', '.join(plurals)}"


def _selector_text(selector: str | Mapping[str, str] | None) -> str:
    if isinstance(selector, Mapping):
        return ",".join(f"{key}={value}" for key, value in selector.items())
    return selector or ""
