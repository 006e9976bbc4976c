"""What a request asks for: method, path and query taken apart by the grammar of the Kubernetes API. Pure.

    /api/v1/[watch/][namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE[/PATH…]]]
    /apis/GROUP/VERSION/[watch/][namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE[/PATH…]]]

Everything else, discovery included, is a non-resource request. Whether the group, the plural or the
subresource exists is not decided here: that takes a scheme.

Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote

import attrs

_VERB_BY_METHOD: Final = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES: Final = frozenset({"status", "finalize"})
LONG_RUNNING_SUBRESOURCES: Final = frozenset({"attach", "exec", "log", "portforward", "proxy"})
_REMEMBERED_MAX: Final = 1024
_REMEMBERED_LENGTH_MAX: Final = 512
_FALSE_TEXTS: Final = frozenset({"false", "0"})


@attrs.frozen
class Query:
    """The query of a URL: names with their values, in the order of the URL."""

    pairs: tuple[tuple[str, str], ...] = ()

    def text(self, name: str, default: str = "") -> str:
        """The first value of `name`, or `default`."""
        for key, value in self.pairs:
            if key == name:
                return value
        return default

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of `name`."""
        return tuple(value for key, value in self.pairs if key == name)

    def flag(self, name: str) -> bool:
        """Whether `name` is given as true; any value but `false` and `0` counts as true, the empty one too.

        Source: apimachinery `Convert_Slice_string_To_bool`.
        """
        values = self.texts(name)
        return bool(values) and values[0].lower() not in _FALSE_TEXTS

    def has(self, name: str) -> bool:
        """Whether `name` is given at all."""
        return any(key == name for key, _ in self.pairs)


def parse_query(text: str) -> Query:
    """The pairs of a raw query string; names without `=` have an empty value."""
    return Query(tuple(parse_qsl(text, keep_blank_values=True))) if text else Query()


@attrs.frozen
class RequestInfo:
    """One request, taken apart.

    `verb` is Kubernetes' verb for resource requests (`list`, `watch`, `deletecollection`, …; empty if the
    method has none) and the lower-cased method for all others. `rest` is what follows the subresource in the
    path. `lasts` says whether it may last: such a request has no deadline, and does not count as in flight.
    """

    method: str
    path: str
    query: Query
    is_resource: bool
    verb: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    lasts: bool = attrs.field(init=False)

    @lasts.default
    def _lasts(self) -> bool:
        return self.is_resource and (self.verb == "watch" or self.subresource in LONG_RUNNING_SUBRESOURCES)

    @property
    def full_resource(self) -> str:
        """`pods` or `pods/log`, as authorization messages name it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def origin_form(target: str) -> str:
    """Path and query of a request's target; clients of proxies send a whole URL.

    Source: RFC 9112 §3.2.
    """
    if target.startswith("/"):
        return target
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() not in {"http", "https"}:
        return target
    at = next((index for index, char in enumerate(rest) if char in "/?"), len(rest))
    return rest[at:] if rest[at : at + 1] == "/" else f"/{rest[at:]}"


def parse_request(method: str, raw_path: str, raw_query: str = "") -> RequestInfo:
    """Take a request apart. Clients repeat themselves, so the last ones are remembered, unless they are long.

    Args:
        method: the HTTP method in upper case.
        raw_path: the path as sent, still percent-encoded.
        raw_query: what follows `?`, still encoded.
    """
    if len(raw_path) + len(raw_query) > _REMEMBERED_LENGTH_MAX:
        return _parse(method, raw_path, raw_query)
    return _remembered(method, raw_path, raw_query)


def _parse(method: str, raw_path: str, raw_query: str) -> RequestInfo:
    query = parse_query(raw_query)
    parts = raw_path.strip("/").split("/")
    if "%" in raw_path:
        parts = [unquote(part) for part in parts]
    plain = RequestInfo(
        method=method, path=unquote(raw_path), query=query, is_resource=False, verb=method.lower()
    )
    if "//" in raw_path and parse_request(method, raw_path.partition("//")[0]).subresource != "proxy":
        return plain  # an empty segment names nothing; after /proxy the path is the pod's business
    if parts[0] == "api" and len(parts) >= 3:
        group, version, tail = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, tail = parts[1], parts[2], parts[3:]
    else:
        return plain

    legacy_watch = tail[0] == "watch" and len(tail) > 1
    if legacy_watch:
        tail = tail[1:]
    namespace = ""
    if tail[0] == "namespaces" and len(tail) > 1:
        namespace = tail[1]
        if len(tail) > 2 and tail[2] not in _NAMESPACE_SUBRESOURCES:
            tail = tail[2:]
    plural, name, subresource = (*tail[:3], "", "", "")[:3]
    if plural == "namespaces":
        namespace = ""
    return RequestInfo(
        method=method,
        path=plain.path,
        query=query,
        is_resource=True,
        verb=_verb(method, name, query, legacy_watch=legacy_watch),
        group=group,
        version=version,
        namespace=namespace,
        plural=plural,
        name=name,
        subresource=subresource,
        rest="/".join(tail[3:]),
    )


_remembered = lru_cache(maxsize=_REMEMBERED_MAX)(_parse)


def _verb(method: str, name: str, query: Query, *, legacy_watch: bool) -> str:
    """The verb of a resource request; a name turns `watch=1` off, as the real server does."""
    verb = _VERB_BY_METHOD.get(method, "")
    if legacy_watch:
        return "watch" if verb == "get" else verb
    if name:
        return verb
    if verb == "get":
        return "watch" if query.flag("watch") else "list"
    if verb == "delete":
        return "deletecollection"
    return verb
