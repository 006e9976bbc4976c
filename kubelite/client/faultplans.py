"""Fault plans: which requests and watches of the API server go wrong, how, and how often. Data, no I/O.

    plan = cluster.faults.on("PATCH", "deployments/status", client="kopf").conflict(times=2)
    cluster.faults.watch("pods").drop()
    with cluster.faults.on("*", "leases", probability=0.2).error(503) as plan:
        ...
    print(plan.hits)

A plan is a target (whom it concerns), an effect (what befalls them) and counters. `faults` makes plans, the
API server carries them out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Final, Self

import attrs

from kubelite.apimachinery.scheme import Resource

VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
METHODS: Final = {
    "GET": frozenset({"get", "list", "watch"}),
    "POST": frozenset({"create"}),
    "PUT": frozenset({"update"}),
    "PATCH": frozenset({"patch"}),
    "DELETE": frozenset({"delete", "deletecollection"}),
    "*": frozenset(VERBS),
}
"""HTTP's methods, in capitals, and the verbs that each stands for."""


# --- what a plan concerns -----------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Asked:
    """A request, as far as plans look at it.

    Attributes:
        path: Of a request that is about no resource; else empty.
        agent: The client's user agent; of components in this process their name.
    """

    verb: str
    resource: Resource | None
    subresource: str
    namespace: str
    name: str
    agent: str
    user: str
    path: str = ""

    @property
    def url_path(self) -> str:
        """Where it goes over HTTP, and would if it does not."""
        if self.resource is None:
            return self.path
        to_collection = self.verb == "create" and not self.subresource
        return self.resource.path(self.namespace, "" if to_collection else self.name, self.subresource)


@attrs.frozen
class Target:
    """Which requests a plan concerns.

    Attributes:
        plural: `*` for every resource; empty if the plan is about paths.
        group: None for any.
        subresource: Empty for the object itself, `*` for any subresource, None for both.
        namespace: A pattern; None for any, and for none.
        name: A pattern; None for any.
        client: A pattern of the user agent, or a part of it; None for any.
        user: A pattern of the user's name; None for any.
        path: A pattern of paths, of resources as of others; empty for none.
    """

    verbs: frozenset[str]
    plural: str
    group: str | None = None
    subresource: str | None = ""
    namespace: str | None = None
    name: str | None = None
    client: str | None = None
    user: str | None = None
    path: str = ""

    def matches(self, asked: Asked) -> bool:
        """Whether a request is concerned."""
        return (
            asked.verb in self.verbs
            and self._matches_what(asked)
            and (self.namespace is None or fnmatchcase(asked.namespace, self.namespace))
            and (self.name is None or fnmatchcase(asked.name, self.name))
            and (self.client is None or _is_like(asked.agent, self.client))
            and (self.user is None or fnmatchcase(asked.user, self.user))
        )

    def _matches_what(self, asked: Asked) -> bool:
        resource = asked.resource
        if self.path or resource is None:
            return bool(self.path) and fnmatchcase(_bare(asked.url_path), _bare(self.path))
        if self.plural not in {"*", resource.plural} or self.group not in {None, resource.group}:
            return False
        if self.subresource == "*":
            return bool(asked.subresource)
        return self.subresource in {None, asked.subresource}

    def __str__(self) -> str:
        """As it was asked for."""
        verbs = next((name for name, verbs in METHODS.items() if verbs == self.verbs), "")
        text = f"{verbs or ','.join(sorted(self.verbs))} {self.path or self.plural}"
        if self.group:
            text += f".{self.group}"
        if self.subresource:
            text += f"/{self.subresource}"
        filters = {
            "namespace": self.namespace,
            "name": self.name,
            "client": self.client,
            "user": self.user,
        }
        return " ".join([text, *(f"{key}={value}" for key, value in filters.items() if value is not None)])


def _bare(path: str) -> str:
    """Some clients ask for `/version/`."""
    return path.rstrip("/") or "/"


def _is_like(agent: str, pattern: str) -> bool:
    """Whether a user agent matches a pattern; one without wildcards is a part of it."""
    agent, pattern = agent.lower(), pattern.lower()
    return fnmatchcase(agent, pattern) if set(pattern) & set("*?[") else pattern in agent


def parse_verbs(text: str | Iterable[str]) -> frozenset[str]:
    """The verbs that methods (`GET`, in capitals) and verbs (`list`, `WATCH`) stand for.

    Raises:
        ValueError: One of them is neither.
    """
    found: set[str] = set()
    for each in [text] if isinstance(text, str) else text:
        if each in METHODS:
            found |= METHODS[each]
        elif each.lower() in VERBS:
            found.add(each.lower())
        else:
            known = ", ".join([*METHODS, *VERBS])
            raise ValueError(f"{each!r} is neither a method nor a verb; there are {known}")
    return frozenset(found)


def parse_what(what: str, find: Callable[[str], Resource | None]) -> tuple[str, str | None, str | None]:
    """Plural, group and subresource out of `deployments/status`, `*`, `pods/*` or `lamps.example.com`.

    Args:
        what: The text.
        find: Gives the resource of a plural, singular, short name or kind.

    Raises:
        ValueError: There is no such resource.
    """
    kind, slash, subresource = what.partition("/")
    inner: str | None = subresource if slash else ""
    if kind == "*":
        return "*", None, None if not slash else inner
    resource = find(kind)
    plural, dot, group = kind.partition(".")
    if resource is not None:
        return resource.plural, resource.group if dot else None, inner
    if not dot:
        raise ValueError(
            f"no resource {kind!r} is served; one that is defined later is named with its group, "
            f"as {kind}.example.com"
        )
    return plural, group, inner


# --- what befalls them --------------------------------------------------------------------------------------


@attrs.frozen
class Refuse:
    """The request is answered with an error.

    Attributes:
        message: Empty for what the real server says.
        reason: Empty for the usual one of the code.
        retry_after_s: None for the usual one of the code.
        after_commit: Whether what was asked is done first.
    """

    code: int
    message: str = ""
    reason: str = ""
    retry_after_s: int | None = None
    after_commit: bool = False

    def __str__(self) -> str:
        """In a few words."""
        return f"error {self.code}{' after the commit' if self.after_commit else ''}"


@attrs.frozen
class HangUp:
    """The connection breaks without an answer."""

    after_commit: bool = False

    def __str__(self) -> str:
        """In a few words."""
        return f"disconnect{' after the commit' if self.after_commit else ''}"


@attrs.frozen
class Delay:
    """The request is begun only later."""

    seconds: float

    def __str__(self) -> str:
        """In a few words."""
        return f"delay {self.seconds:g} s"


@attrs.frozen
class EndWatch:
    """A watch ends.

    Attributes:
        expired: Whether it says so, with an ERROR event of code 410; else its connection breaks.
        events: How many events it still sees; None ends those that are open, now.
    """

    expired: bool
    events: int | None = None

    def __str__(self) -> str:
        """In a few words."""
        return ("gone" if self.expired else "drop") + ("" if self.events is None else f" after {self.events}")


@attrs.frozen
class Lag:
    """Events come late."""

    seconds: float

    def __str__(self) -> str:
        """In a few words."""
        return f"lag {self.seconds:g} s"


@attrs.frozen
class Duplicate:
    """Events come twice."""

    def __str__(self) -> str:
        """In a few words."""
        return "duplicate"


Effect = Refuse | HangUp | Delay | EndWatch | Lag | Duplicate


# --- plans --------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Limits:
    """When and how often a plan takes hold.

    Attributes:
        times: None for without end.
        skip: So many that it concerns are let through first.
        probability: With which it takes hold of each.
        begins_s: By the cluster's clock.
        ends_s: By the cluster's clock.
    """

    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    begins_s: float = -math.inf
    ends_s: float = math.inf


class FaultPlan:
    """One plan, which holds until it is used up, its time is over, or `remove`; `with` removes it, too.

    Attributes:
        target: Whom it concerns.
        effect: What befalls them.
        limits: When and how often.
        hits: How often it has taken hold: of a request, a watch (`drop`, `gone`) or an event.
    """

    def __init__(
        self, target: Target, effect: Effect, limits: Limits, chance: Callable[[], float], take_out: TakeOut
    ) -> None:
        self.target = target
        self.effect = effect
        self.limits = limits
        self.hits = 0
        self._seen = 0
        self._chance = chance
        self._take_out = take_out
        self._is_removed = False

    @property
    def is_used_up(self) -> bool:
        """Whether it has taken hold as often as it may."""
        return self.limits.times is not None and self.hits >= self.limits.times

    @property
    def is_removed(self) -> bool:
        """Whether it holds no more."""
        return self._is_removed

    def strikes(self, now_s: float) -> bool:
        """Whether it takes hold of what it concerns; counts it."""
        limits = self.limits
        if self._is_removed or self.is_used_up or not limits.begins_s <= now_s < limits.ends_s:
            return False
        self._seen += 1
        if self._seen <= limits.skip:
            return False
        if limits.probability < 1.0 and self._chance() >= limits.probability:
            return False
        self.hits += 1
        return True

    def missed(self) -> None:
        """It could not take hold after all."""
        self.hits -= 1

    def remove(self) -> None:
        """It holds no more; nothing happens the second time."""
        self._take_out(self)

    def removed(self) -> None:
        """It was taken out."""
        self._is_removed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        times = "" if self.limits.times is None else f" of {self.limits.times}"
        state = ", removed" if self._is_removed else ""
        return f"<{type(self).__name__} {self.target}: {self.effect}, {self.hits}{times} hits{state}>"


TakeOut = Callable[[FaultPlan], None]
