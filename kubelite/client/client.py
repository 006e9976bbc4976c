"""What every client of the API server can do, in-process or over HTTP.

Components are written against this protocol and cannot tell the flavours apart; that both are equal is
tested.
All methods raise `APIError` (a subclass by reason). Objects that go in and come out are immutable shared
trees.
"""

from __future__ import annotations

from typing import Any, Protocol

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import ObjectList, PatchType
from kubelite.client.watcher import Watcher


class Client(Protocol):
    """A door to the API server with one user's rights.

    In all methods `namespace` is None for cluster-scoped kinds; for `list`, `watch` and `delete_collection`
    None
    means all namespaces. `create` and `update` take the namespace of the object's metadata if none is given.
    """

    async def get(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        subresource: str = "",
        resource_version: str = "",
    ) -> Object:
        """Read one object.

        Raises:
            NotFound: There is none.
        """
        ...

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
        """Read a collection, or a page of it (`limit` objects, `continue_` from the page before).

        Raises:
            Expired: The continue token or the version is older than the last compaction.
        """
        ...

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
        """Write a new object, or POST to the subresource of the object `name`.

        Raises:
            AlreadyExists: There is one of that name.
            Invalid: Validation found errors.
        """
        ...

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
        """Replace an object; if it carries a resourceVersion, only while that is still current.

        Raises:
            Conflict: The object has changed since.
        """
        ...

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
        """Change an object by a patch: a list of operations for `json`, else an object."""
        ...

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
        """Delete an object; gives it back if it goes on existing for a while, else a `Status`.

        Raises:
            Conflict: `uid` or `resource_version` are not those of the object.
        """
        ...

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
        ...

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
        """Follow a collection from (after) a version; without one, begin with ADDED for what exists.

        A version that is too old gives one ERROR event with a `Status` of code 410 and the end of the watch.
        """
        ...
