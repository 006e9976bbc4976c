"""Requests that write: what is between their bodies and the store.

decode → mutate → prepare → validate → admit → store is `writes`; here is which object that is done to: the
one that was sent, the stored one with a patch, or the one whose scale was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from kubelite.api.scale import API_VERSION as SCALE_VERSION
from kubelite.api.scale import KIND as SCALE_KIND
from kubelite.apimachinery.apierrors import Conflict, MethodNotAllowed, NotFound
from kubelite.apimachinery.managedfields import with_entries
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strategy import Strategy
from kubelite.client.requests import Answer, Create, Item, Patch, Update
from kubelite.master.apiserver import decoding, writes
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver.environment import Environment, stored
from kubelite.master.apiserver.patches import applied, check_name, patched
from kubelite.master.apiserver.subresources import act, action_of
from kubelite.master.store.entry import Entry

SYSTEM_METADATA: Final = frozenset(
    {"resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"}
)
"""What an apply cannot set of an object that it makes."""
WRITE_BODY_KINDS: Final = {"scale": (SCALE_VERSION, SCALE_KIND)}
"""Kinds of bodies at subresources, where they differ from the resource's."""


class WriteRequests:
    """What carries them out.

    Args:
        env: What the API server works with.
        may_create: Raises `Forbidden` if the user of an apply may not make the object that is not there.
        on_written: Is told of each write; the entry is None after a dry run.

    Attributes:
        warnings: About the fields of the object at hand, which are told with a refusal, too.
    """

    def __init__(
        self,
        env: Environment,
        may_create: Callable[[Patch], None],
        on_written: Callable[[Strategy, Entry | None], None],
    ) -> None:
        self._env = env
        self._may_create = may_create
        self._on_written = on_written
        self.warnings: tuple[str, ...] = ()

    def create(self, request: Create) -> Answer:
        """Make an object, or act through a subresource."""
        action = action_of(request.resource, request.subresource)
        strategy = self._env.strategy(request.resource)
        if action is not None:
            obj, warnings = self._body(request, strategy, action.kind)
            answer = act(self._env, action, request, obj)
            return attrs.evolve(answer, warnings=(*warnings, *answer.warnings)) if warnings else answer
        obj, warnings = self._body(request, strategy, None)
        written = writes.create(
            self._env,
            request.resource,
            request.namespace,
            obj,
            user=request.user,
            manager=request.field_manager,
            dry_run=request.dry_run,
        )
        return self._written(strategy, written, warnings)

    def _body(
        self, request: Create | Update, strategy: Strategy, kind: tuple[str, str] | None
    ) -> tuple[Object, tuple[str, ...]]:
        obj, warnings = decoding.body(
            strategy, request.object, request.field_validation, request.problems, kind=kind
        )
        obj, more = meta.with_distinct_owners(obj)
        self.warnings = (*warnings, *more)
        return obj, self.warnings

    def _written(self, strategy: Strategy, written: writes.Written, warnings: tuple[str, ...]) -> Answer:
        self._on_written(strategy, written.entry)
        return written.answer(warnings)

    def update(self, request: Update) -> Answer:
        """Replace an object, or a part of it through a subresource."""
        env, resource = self._env, request.resource
        strategy = env.strategy(resource)
        if request.subresource not in {"", "scale"} and not strategy.updates(request.subresource):
            raise MethodNotAllowed
        obj, warnings = self._body(request, strategy, WRITE_BODY_KINDS.get(request.subresource))
        check_name(obj, request.name)
        obj = writes.check_namespace(resource, obj, request.namespace)
        entry = env.store.get(strategy.storage, request.namespace, request.name)
        if entry is None and not request.subresource and strategy.rules.creates_on_update:
            if obj["metadata"].get("resourceVersion"):
                raise NotFound(resource, request.name)
            written = writes.create(
                env,
                resource,
                request.namespace,
                obj,
                user=request.user,
                manager=request.field_manager,
                dry_run=request.dry_run,
            )
            return self._written(strategy, written, warnings)
        if entry is None or request.subresource:
            entry = stored(env, request)
        self._check_uid(request, obj, entry)
        return self._replace(request, strategy, entry, obj, warnings)

    @staticmethod
    def _check_uid(request: Update, obj: Object, entry: Entry) -> None:
        given, stored = obj["metadata"].get("uid"), entry.object["metadata"]["uid"]
        if given and given != stored:
            key = f"/registry/{request.resource.plural}/{entry.key}"
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {given}, UID in object meta: {stored}"
            )
            raise Conflict(request.resource, request.name, why)

    def _replace(
        self,
        request: Update | Patch,
        strategy: Strategy,
        entry: Entry,
        obj: Object,
        warnings: tuple[str, ...],
        *,
        accounted: bool = False,
    ) -> Answer:
        subresource = request.subresource
        if subresource == "scale":
            obj, subresource = self._scaled(request, strategy, entry, obj, accounted=accounted), ""
            accounted = True
        writes.check_version(strategy, obj, entry)
        written = writes.update(
            self._env,
            strategy,
            entry,
            obj,
            subresource=subresource,
            user=request.user,
            manager=None if accounted else request.field_manager,
            dry_run=request.dry_run,
        )
        answer = self._written(strategy, written, warnings)
        if request.subresource == "scale":
            return Answer(Item(strategy.scale_of(answer.object)), warnings=warnings)
        return answer

    def _scaled(
        self, request: Update | Patch, strategy: Strategy, entry: Entry, given: Object, *, accounted: bool
    ) -> Object:
        """The object with what a write of its scale changes, managed fields included."""
        env = self._env
        parent = strategy.from_storage(entry.object)
        fields = env.field_managers.scale_fields(strategy, parent)
        if not accounted:
            live = with_entries(strategy.scale_of(parent), fields.of_scale())
            manager = env.field_managers.of(strategy, "scale")
            given = manager.update(live, given, request.field_manager, env.now_text())
        entries = fields.of_parent(given["metadata"].get("managedFields"))
        return with_entries(strategy.scaled(parent, given), entries)

    def patch(self, request: Patch) -> Answer:
        """Change an object by a patch of any type."""
        subresource, resource = request.subresource, request.resource
        strategy = self._env.strategy(resource)
        if subresource not in {"", "scale"} and not strategy.updates(subresource):
            raise MethodNotAllowed
        if request.patch_type == "apply":
            return self._apply(request, strategy)
        entry = stored(self._env, request)
        current = strategy.from_storage(entry.object)
        if subresource == "scale":
            current = strategy.scale_of(current)
        obj, warnings = patched(request, strategy, current, WRITE_BODY_KINDS.get(subresource))
        self.warnings = warnings
        obj = writes.check_namespace(resource, obj, request.namespace)
        obj, more = meta.with_distinct_owners(obj, meta.AFTER_ADMISSION)
        return self._replace(request, strategy, entry, obj, (*warnings, *more))

    def _apply(self, request: Patch, strategy: Strategy) -> Answer:
        """Server-side apply: creates what is not there."""
        env, resource, subresource = self._env, request.resource, request.subresource
        entry = env.get(resource, request.namespace, request.name)
        if subresource and (entry is None or subresource not in resource.subresources):
            entry = stored(env, request)
        live = None if entry is None else strategy.from_storage(entry.object)
        if live is not None and subresource == "scale":
            fields = env.field_managers.scale_fields(strategy, live)
            live = with_entries(strategy.scale_of(live), fields.of_scale())
        manager = env.field_managers.of(strategy, subresource)
        obj, warnings = applied(request, strategy, manager, live, env.now_text())
        if entry is None and obj["metadata"].get("uid"):
            uid = obj["metadata"]["uid"]
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise Conflict(resource, request.name, why)
        obj = writes.check_namespace(resource, obj, request.namespace)
        check_name(obj, request.name)
        if entry is not None:
            return self._replace(request, strategy, entry, obj, warnings, accounted=True)
        self._may_create(request)
        metadata = {key: value for key, value in obj["metadata"].items() if key not in SYSTEM_METADATA}
        written = writes.create(
            env,
            resource,
            request.namespace,
            {**obj, "metadata": metadata},
            user=request.user,
            manager=None,
            dry_run=request.dry_run,
        )
        return self._written(strategy, written, warnings)
