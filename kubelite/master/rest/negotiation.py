"""In which form to answer: the `Accept` header against what the server can produce. Pure.

JSON is what this server speaks. YAML is made from it on demand; protobuf is accepted in bodies, and produced
only for a client that takes nothing else.

Source: k8s.io/apiserver/pkg/endpoints/handlers/negotiation, RFC 9110 §12.5.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs

from kubelite.apimachinery.apierrors import NotAcceptable

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES: Final = (JSON, YAML, PROTOBUF)
STREAM_TYPES: Final = (JSON, PROTOBUF)
"""In which watches are served."""

META_GROUP: Final = "meta.k8s.io"
META_VERSIONS: Final = frozenset({"v1", "v1beta1"})
DISCOVERY_GROUP: Final = "apidiscovery.k8s.io"
TABLE: Final = "Table"
PARTIAL: Final = "PartialObjectMetadata"
PARTIAL_LIST: Final = "PartialObjectMetadataList"
DISCOVERY_LIST: Final = "APIGroupDiscoveryList"

OBJECT_FORMS: Final = frozenset(
    (kind, META_GROUP, version) for kind in (TABLE, PARTIAL, PARTIAL_LIST) for version in META_VERSIONS
)
"""What objects and lists can be turned into: (kind, group, version)."""

UNPRINTED_FORMS: Final = frozenset(form for form in OBJECT_FORMS if form[0] != TABLE)
"""The same for what has no columns: answers to reviews, and what is only ever created."""

DISCOVERY_FORMS: Final = frozenset({(DISCOVERY_LIST, DISCOVERY_GROUP, "v2")})
"""What /api and /apis can be turned into; 1.36 offers no v2beta1, old clients take the plain lists."""

NO_FORMS: Final[frozenset[tuple[str, str, str]]] = frozenset()

_ONLY: Final = "only the following media types are accepted: " + ", ".join(MEDIA_TYPES)
_REPRESENTATIONS: Final = ", ".join(MEDIA_TYPES)
_LIST_REPRESENTATIONS: Final = f"{_REPRESENTATIONS}, {JSON};stream=watch, {PROTOBUF};stream=watch"
_CACHED_HEADERS: Final = 256
"""Distinct (header, forms) pairs remembered; clients use a handful."""


@attrs.frozen
class Form:
    """What to answer with: a media type, and the kind to turn the object into (empty: none)."""

    media_type: str = JSON
    kind: str = ""
    group: str = ""
    version: str = ""

    @property
    def api_version(self) -> str:
        """The apiVersion of the kind to turn the object into."""
        return f"{self.group}/{self.version}"


@attrs.frozen
class _Clause:
    """One element of an `Accept` header."""

    type: str
    subtype: str
    quality: float
    parameters: tuple[tuple[str, str], ...]


@lru_cache(maxsize=_CACHED_HEADERS)
def negotiate(
    accept: str, forms: frozenset[tuple[str, str, str]] = OBJECT_FORMS, *, lists: bool = False
) -> Form:
    """Choose the form of an answer.

    Args:
        accept: the header as sent; empty means anything.
        forms: what the answer can be turned into.
        lists: whether the request is for a collection; only the text of a refusal differs.

    Raises:
        NotAcceptable: nothing that the client takes can be produced.
    """
    clauses = parse_accept(accept)
    if not clauses:
        return Form()
    if not any(_matches(clause, media_type) for clause in clauses for media_type in MEDIA_TYPES):
        available = _LIST_REPRESENTATIONS if lists else _REPRESENTATIONS
        raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {available}", details={})
    protobuf_only: Form | None = None
    for clause in clauses:
        for media_type in MEDIA_TYPES:
            if not _matches(clause, media_type):
                continue
            form = _form(clause, media_type, forms)
            if form is None:
                continue
            if media_type == PROTOBUF:
                protobuf_only = protobuf_only or form
                continue
            return form
    if protobuf_only is not None:
        return protobuf_only
    raise NotAcceptable(_ONLY)


def takes(accept: str, media_type: str) -> bool:
    """Whether an `Accept` header takes one media type, whatever its parameters."""
    clauses = parse_accept(accept)
    return not clauses or any(_matches(clause, media_type) for clause in clauses)


def parse_accept(header: str) -> tuple[_Clause, ...]:
    """The clauses of an `Accept` header, the preferred first; malformed ones are left out."""
    clauses = []
    for text in header.split(","):
        head, *parameter_texts = (part.strip() for part in text.split(";"))
        main, slash, subtype = head.partition("/")
        if not head:
            continue
        if not slash:
            subtype = "*"
        parameters = dict(_parameter(text) for text in parameter_texts if text)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 1.0
        clauses.append(_Clause(main.lower(), subtype.lower(), quality, tuple(parameters.items())))
    clauses.sort(key=lambda clause: (-clause.quality, clause.type == "*", clause.subtype == "*"))
    return tuple(clauses)


def _parameter(text: str) -> tuple[str, str]:
    """`name=value` as a pair."""
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _matches(clause: _Clause, media_type: str) -> bool:
    """Whether the clause takes the media type, its parameters aside."""
    main, _, subtype = media_type.partition("/")
    return clause.type in {"*", main} and clause.subtype in {"*", subtype}


def _form(clause: _Clause, media_type: str, forms: frozenset[tuple[str, str, str]]) -> Form | None:
    """The form that the clause's parameters ask for, or None if it cannot be had."""
    wanted = {"as": "", "g": "", "v": ""}
    for name, value in clause.parameters:
        if name in wanted:
            wanted[name] = value
        elif name == "stream" and value and (value != "watch" or media_type not in STREAM_TYPES):
            return None
    kind, group, version = wanted["as"], wanted["g"], wanted["v"]
    if not (kind or group or version):
        return Form(media_type)
    if (kind, group, version) not in forms or (media_type == PROTOBUF and kind == TABLE):
        return None
    return Form(media_type, kind, group, version)
