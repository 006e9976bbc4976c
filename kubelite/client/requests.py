"""What is asked of the API server, and what it answers: the one vocabulary of both its doors.

The REST door and the in-process client send the very same messages to the API server actor, so that both go
through one pipeline. Objects in requests and answers are immutable shared trees: whoever gets one never
mutates it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeVar

import attrs

from kubelite.apimachinery.decode import FieldValidation
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.item import Item
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.runtime import Request, Shown
from kubelite.runtime.causes import Cause

__all__ = [
    "ADMIN",
    "ANONYMOUS",
    "DEFAULT_DELETE_OPTIONS",
    "SYSTEM_AUTHENTICATED",
    "SYSTEM_MASTERS",
    "SYSTEM_UNAUTHENTICATED",
    "Answer",
    "AuthorizePath",
    "Connect",
    "ConnectInfo",
    "Create",
    "Delete",
    "DeleteCollection",
    "DeleteOptions",
    "FieldValidation",
    "Get",
    "Item",
    "List",
    "Listing",
    "Message",
    "ObjectList",
    "Patch",
    "PatchType",
    "PropagationPolicy",
    "ResourceRequest",
    "Update",
    "UserInfo",
    "Watch",
    "WatchEvent",
    "Watcher",
]

R = TypeVar("R")

PatchType = Literal["json", "merge", "strategic", "apply"]
PropagationPolicy = Literal["Orphan", "Background", "Foreground"]


@attrs.frozen(repr=False)
class UserInfo(Shown):
    """Who asks.

    Attributes:
        extra: Further facts of the authenticator, each a list of texts.
        agent: The program: a component's name; over HTTP the user agent, where somebody looks at it.
    """

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, eq=False)
    agent: str = attrs.field(default="", eq=False)


SYSTEM_MASTERS: Final = "system:masters"
SYSTEM_AUTHENTICATED: Final = "system:authenticated"
SYSTEM_UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = UserInfo("system:anonymous", (SYSTEM_UNAUTHENTICATED,))
ADMIN: Final = UserInfo("admin", (SYSTEM_MASTERS, SYSTEM_AUTHENTICATED), "admin")
"""Whose the token in the kubeconfig is, as with a static token of kube-apiserver."""


# --- answers ------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class Answer(Shown):
    """The answer to a request for one object, or to a write.

    Attributes:
        item: The object after the request; for a delete either the object or a `Status`.
        code: The HTTP status code: 200, 201 (created) or 202 (accepted).
        warnings: Texts for `Warning: 299` headers.
    """

    item: Item
    code: int = 200
    warnings: tuple[str, ...] = ()

    @property
    def object(self) -> Object:
        """The object of the item."""
        return self.item.object


class Listing(NamedTuple):
    """A consistent snapshot, or one page of it, in key order.

    Attributes:
        items: The entries of this page.
        resource_version: The version of the whole snapshot; the same on all its pages.
        continue_: The token for the next page; empty on the last.
        remaining: How many objects come after this page; None on the last one and when a selector is given.
    """

    items: Sequence[Item]
    resource_version: str
    continue_: str = ""
    remaining: int | None = None


class ObjectList(NamedTuple):
    """What `Client.list` gives: the objects of a `Listing`."""

    items: list[Object]
    resource_version: str
    continue_: str = ""
    remaining: int | None = None


class ConnectInfo(NamedTuple):
    """Where the REST door goes for a connect subresource (log, exec, attach, port-forward, proxy).

    Attributes:
        pod: The pod as stored; the Service for a proxy to one.
        container: The container that is meant; empty for port-forward and proxy.
        node: The name of the pod's node; empty for a proxy.
        host: The node's address, where its kubelet listens; the pod's for a proxy.
        port: The port of the kubelet's API; the pod's for a proxy.
        path: Path on the kubelet, as `/containerLogs/default/web-1/nginx`; the client's own for a proxy.
        scheme: `http` or `https`, for a proxy.
    """

    pod: Object
    container: str
    node: str
    host: str
    port: int
    path: str
    scheme: str = ""


# --- requests -----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceRequest(Request[R]):
    """A request about a resource.

    Attributes:
        namespace: Empty for cluster-scoped kinds, and for lists and watches over all namespaces.
        name: Empty where the request is about a collection.
        agent: The user agent of a client over HTTP.
        cause: What a component acts upon.
    """

    user: UserInfo
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    agent: str = ""
    cause: Cause = None

    def __repr__(self) -> str:
        what = "/".join(filter(None, (self.resource.plural, self.namespace, self.name, self.subresource)))
        return f"<{type(self).__name__} {what} by {self.user.name}>"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Get(ResourceRequest[Answer]):
    """Read one object, or a subresource of it (`status`, `scale`).

    Attributes:
        resource_version: Empty for the newest; else "at least as new as this".
    """

    resource_version: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class List(ResourceRequest[Listing]):
    """Read a collection.

    Attributes:
        limit: The size of a page; 0 for all.
        resource_version_match: `Exact`, `NotOlderThan` or empty.
    """

    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    limit: int = 0
    continue_: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Watch(ResourceRequest[Watcher]):
    """Follow a collection.

    Attributes:
        resource_version: Events after this version; empty or "0" begin with ADDED for what exists.
        bookmarks: Whether BOOKMARK events are wanted.
        send_initial_events: WatchList: ADDED for what exists, then an annotated bookmark. None if not given.
        timeout_s: Seconds after which the watch ends; None for never (in-process watchers).
    """

    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout_s: float | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Create(ResourceRequest[Answer]):
    """Write a new object, or POST to a subresource (`binding`, `eviction`; then `name` is set).

    Attributes:
        field_validation: What to do about unknown and duplicate fields; empty trusts the object (in-process).
        problems: Texts of the decoder about duplicate fields, for field validation.
    """

    object: Object
    dry_run: bool = False
    field_manager: str = ""
    field_validation: FieldValidation = ""
    problems: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Update(ResourceRequest[Answer]):
    """Replace an object, its status, its scale, or a namespace's finalizers (PUT)."""

    object: Object
    dry_run: bool = False
    field_manager: str = ""
    field_validation: FieldValidation = ""
    problems: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Patch(ResourceRequest[Answer]):
    """Change an object by a patch.

    Attributes:
        patch: A list of operations for `json`, else an object.
        force: For `apply`: take over fields of others.
    """

    patch: Any
    patch_type: PatchType
    dry_run: bool = False
    field_manager: str = ""
    field_validation: FieldValidation = ""
    problems: tuple[str, ...] = ()
    force: bool = False


class DeleteOptions(NamedTuple):
    """How to delete.

    Attributes:
        grace_period_s: Seconds; None for the object's own; 0 deletes at once.
        propagation_policy: What becomes of the dependents; None for the kind's default.
        orphan_dependents: The old form of `Orphan`.
        uid: Only delete the object with this uid.
        resource_version: Only delete the object in this version.
    """

    grace_period_s: int | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False


DEFAULT_DELETE_OPTIONS: Final = DeleteOptions()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Delete(ResourceRequest[Answer]):
    """Delete one object; the answer is the object (if it goes on existing for a while) or a `Status`."""

    options: DeleteOptions = DEFAULT_DELETE_OPTIONS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DeleteCollection(ResourceRequest[Listing]):
    """Delete all objects that match, or a page of them; the answer lists them as they were.

    Attributes:
        limit: The size of the page; 0 for all.
    """

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_: str = ""
    options: DeleteOptions = DEFAULT_DELETE_OPTIONS


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Connect(ResourceRequest[ConnectInfo]):
    """Ask whether and whither a pod's `log`, `exec`, `attach`, `portforward` or `proxy` may be connected.

    Attributes:
        verb: The authorizer's verb: `get` for GET, `create` for POST.
        container: The container asked for; empty for the default.
        previous: For `log`: the container's previous run.
    """

    verb: str = "get"
    container: str = ""
    previous: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuthorizePath(Request[None]):
    """Ask whether a user may use a path that is no resource; raises `Forbidden` if not.

    Attributes:
        verb: The HTTP method in lower case.
    """

    user: UserInfo
    verb: str
    path: str


Message = Get | List | Watch | Create | Update | Patch | Delete | DeleteCollection | Connect | AuthorizePath
