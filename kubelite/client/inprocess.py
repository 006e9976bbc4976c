"""The client for everything that runs in the API server's own process.

Each call is one message to the API server actor; an idle one answers in the caller's stack, without a turn of
the
event loop. Nothing is encoded or copied.
"""

from __future__ import annotations

import builtins
from typing import Any

import attrs

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import (
    Create,
    Delete,
    DeleteCollection,
    DeleteOptions,
    Get,
    List,
    Message,
    ObjectList,
    Patch,
    PatchType,
    Update,
    UserInfo,
    Watch,
)
from kubelite.client.watcher import Watcher
from kubelite.runtime import Ref
from kubelite.runtime.causes import current


def field_manager_of(user: UserInfo) -> str:
    """The name under which a component owns fields: that of its program, as in its user agent."""
    name = user.name.removeprefix("system:")
    if name.startswith("node:"):
        return "kubelet"
    return name if name != user.name else "kubelite"


class InProcessClient:
    """A `Client` that talks to the API server actor.

    Args:
        ref: The API server.
        user: Whose rights and name the requests have.
    """

    def __init__(self, ref: Ref[Message], user: UserInfo) -> None:
        self._ref = ref
        self._user = user
        self._field_manager = field_manager_of(user)

    @property
    def user(self) -> UserInfo:
        """Who asks."""
        return self._user

    def as_user(self, user: UserInfo) -> InProcessClient:
        """The same door for another user."""
        return InProcessClient(self._ref, user)

    def as_agent(self, agent: str) -> InProcessClient:
        """The same door for another program of the same user."""
        return InProcessClient(self._ref, attrs.evolve(self._user, agent=agent))

    async def get(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        subresource: str = "",
        resource_version: str = "",
    ) -> Object:
        """Read one object."""
        request = Get(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            name=name,
            subresource=subresource,
            resource_version=resource_version,
        )
        return (await request.ask(self._ref)).object

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
        limit: int = 0,
        continue_: str = "",
    ) -> ObjectList:
        """Read a collection, or a page of it."""
        listing = await List(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            limit=limit,
            continue_=continue_,
        ).ask(self._ref)
        objects: builtins.list[Object] = [item.object for item in listing.items]
        return ObjectList(objects, listing.resource_version, listing.continue_, listing.remaining)

    async def create(
        self,
        resource: Resource,
        obj: Object,
        namespace: str | None = None,
        *,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
    ) -> Object:
        """Write a new object, or POST to a subresource."""
        if namespace is None and resource.namespaced:
            namespace = obj["metadata"].get("namespace", "")
        request = Create(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            name=name,
            subresource=subresource,
            object=obj,
            dry_run=dry_run,
            field_manager=field_manager or self._field_manager,
            cause=current.get(),
        )
        return (await request.ask(self._ref)).object

    async def update(
        self,
        resource: Resource,
        obj: Object,
        *,
        name: str = "",
        namespace: str | None = None,
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
    ) -> Object:
        """Replace an object."""
        metadata = obj["metadata"]
        if namespace is None and resource.namespaced:
            namespace = metadata.get("namespace", "")
        request = Update(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            name=name or metadata["name"],
            subresource=subresource,
            object=obj,
            dry_run=dry_run,
            field_manager=field_manager or self._field_manager,
            cause=current.get(),
        )
        return (await request.ask(self._ref)).object

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        force: bool = False,
    ) -> Object:
        """Change an object by a patch."""
        request = Patch(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            name=name,
            subresource=subresource,
            patch=patch,
            patch_type=patch_type,
            dry_run=dry_run,
            field_manager=field_manager or self._field_manager,
            force=force,
            cause=current.get(),
        )
        return (await request.ask(self._ref)).object

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        grace_period_s: int | None = None,
        propagation_policy: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Delete an object."""
        options = DeleteOptions(
            grace_period_s=grace_period_s,
            propagation_policy=propagation_policy,
            uid=uid,
            resource_version=resource_version,
            dry_run=dry_run,
        )
        request = Delete(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            name=name,
            options=options,
            cause=current.get(),
        )
        return (await request.ask(self._ref)).object

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_s: int | None = None,
        propagation_policy: str | None = None,
        dry_run: bool = False,
    ) -> None:
        """Delete all objects that match."""
        options = DeleteOptions(
            grace_period_s=grace_period_s, propagation_policy=propagation_policy, dry_run=dry_run
        )
        await DeleteCollection(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            label_selector=label_selector,
            field_selector=field_selector,
            options=options,
            cause=current.get(),
        ).ask(self._ref)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        bookmarks: bool = True,
        send_initial_events: bool | None = None,
        timeout_s: float | None = None,
    ) -> Watcher:
        """Follow a collection."""
        return await Watch(
            user=self._user,
            resource=resource,
            namespace=namespace or "",
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=resource_version,
            resource_version_match="" if send_initial_events is None else "NotOlderThan",
            bookmarks=bookmarks,
            send_initial_events=send_initial_events,
            timeout_s=timeout_s,
        ).ask(self._ref)

    def __repr__(self) -> str:
        return f"<InProcessClient {self._user.name}>"
