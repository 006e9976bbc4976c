"""Lists and watches: selectors, versions, pages.

Source: k8s.io/apiserver/pkg/storage (continue.go, etcd3/store.go), pkg/apis/meta/internalversion/validation;
https://kubernetes.io/docs/reference/using-api/api-concepts/ (resource versions).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from kubelite.apimachinery import listoptions
from kubelite.apimachinery.apierrors import APIError, BadRequest, Expired, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.fields import FieldSelectorError
from kubelite.apimachinery.fields import parse_selector as parse_field_selector
from kubelite.apimachinery.labels import SelectorError
from kubelite.apimachinery.labels import parse_selector as parse_label_selector
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.strconv import NumberError, parse_uint
from kubelite.client.requests import Item, List, Listing, Watch
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.apiserver.environment import Environment, shown
from kubelite.master.store.selection import FieldReader, Selection, everything_in

TOKEN_VERSION: Final = "meta.k8s.io/v1"  # noqa: S105 - a version, not a secret
INCONSISTENT: Final = -1
"""The version in a continue token that goes on at whatever is newest."""
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_-]")
CONTINUE_TOO_OLD: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)
LIST_TOO_OLD: Final = "The resourceVersion for the provided list is too old."
_PLAIN_FIELDS: Final = '"metadata.name", "metadata.namespace"'


def select(strategy: Strategy, namespace: str, label_selector: str, field_selector: str) -> Selection:
    """What a request's selectors mean.

    Raises:
        BadRequest: They do not parse, or name a field which the kind does not have.
    """
    if not label_selector and not field_selector:
        return everything_in(namespace)
    try:
        labels = parse_label_selector(label_selector) if label_selector else None
        fields = parse_field_selector(field_selector) if field_selector else None
    except (SelectorError, FieldSelectorError) as error:
        raise BadRequest(str(error)) from error
    readers = _readers(strategy) if fields is not None else {}
    for requirement in fields.requirements if fields is not None else ():
        if requirement.field not in readers:
            plain = len(readers) <= 2 and not strategy.unstructured  # the kind has none of its own
            raise BadRequest(_unknown_field(requirement.field, plain=plain))
    return Selection(namespace, labels, fields, readers)


def _readers(strategy: Strategy) -> Mapping[str, FieldReader]:
    """How fields are read from objects as they are stored."""
    readers = strategy.field_labels()
    if not strategy.converts:
        return readers

    def converting(read: FieldReader) -> FieldReader:
        return lambda obj: read(strategy.from_storage(obj))

    return {label: converting(read) for label, read in readers.items()}


def _unknown_field(field: str, *, plain: bool) -> str:
    if plain:
        return f'"{field}" is not a known field selector: only {_PLAIN_FIELDS}'
    return f"field label not supported: {field}"


def parse_version(text: str) -> int:
    """A resourceVersion as a number.

    Raises:
        Invalid: It is none.
    """
    try:
        return parse_uint(text)
    except NumberError as error:
        raise Invalid("", "", [_no_version(text, error)]) from error


def _list_version(text: str) -> int:
    """The version that a list asks for; 0 if it does not.

    Raises:
        BadRequest: It is none.
    """
    try:
        return parse_uint(text or "0")
    except NumberError as error:
        raise BadRequest(f"invalid resource version: {_no_version(text, error)}") from error


def _no_version(text: str, error: NumberError) -> FieldError:
    return FieldError.invalid("resourceVersion", text, str(error))


# --- continue tokens ----------------------------------------------------------------------------------------


def encode_continue(revision: int, after: str) -> str:
    """A token that goes on behind the key `after`."""
    text = orjson.dumps({"v": TOKEN_VERSION, "rv": revision, "start": f"{after}\0"})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_continue(token: str) -> tuple[int, str]:
    """The revision and the last key that a token stands for.

    Raises:
        BadRequest: It is made up.
    """
    bad = _ILLEGAL.search(token)
    at = bad.start() if bad is not None else len(token) - 1 if len(token) % 4 == 1 else None
    if at is not None:
        raise _bad_token(f"illegal base64 data at input byte {at}")
    from kubelite.apimachinery import codec  # noqa: PLC0415 - few lists are read page by page

    try:
        value = codec.parse_json(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))).value
    except codec.CodecError as error:
        raise _bad_token(str(error)) from error
    if not isinstance(value, dict):
        raise _bad_token("json: cannot unmarshal into Go value of type storage.continueToken")
    version, revision, start = value.get("v"), value.get("rv"), value.get("start")
    if version != TOKEN_VERSION:
        raise _bad_token(f'server does not recognize this encoded version "{version or ""}"')
    if not isinstance(revision, int) or not revision:
        raise _bad_token(f"incorrect encoded start resourceVersion (version {TOKEN_VERSION})")
    if not isinstance(start, str) or not start:
        raise _bad_token(f"encoded start key empty (version {TOKEN_VERSION})")
    if {".", "..", ""} & {*start.removeprefix("/").removesuffix("\0").split("/")}:
        raise _bad_token(start)
    return revision, start.removesuffix("\0")


def _bad_token(why: str) -> BadRequest:
    return BadRequest(f"invalid continue token: continue key is not valid: {why}")


# --- lists --------------------------------------------------------------------------------------------------


def check_list(request: List) -> None:
    """Judge how a list asks for versions.

    Raises:
        Invalid: The parts contradict each other.
        BadRequest: As above, in words of its own.
    """
    version, match = request.resource_version, request.resource_version_match
    errors = listoptions.list_errors(match, version, request.continue_, sends_initial=False)
    if errors:
        raise Invalid(listoptions.KIND, "", errors)
    if request.continue_:
        decode_continue(request.continue_)
        if version not in {"", "0"}:
            raise BadRequest("specifying resource version is not allowed when using continue")


def future_version(env: Environment, request: List) -> int | None:
    """The version of the future which a list has to wait for; None if it need not wait."""
    if not request.resource_version or request.continue_:
        return None
    version = _list_version(request.resource_version)
    return version if version > env.store.revision else None


def list_objects(env: Environment, request: List) -> Listing:
    """A list, or a page of one.

    Raises:
        Expired: The version asked for, or that of the continue token, is forgotten.
    """
    strategy = env.strategy(request.resource)
    selection = select(strategy, request.namespace, request.label_selector, request.field_selector)
    limit = 0 if request.resource_version == "0" and not request.continue_ else max(0, request.limit)
    if request.continue_:
        return _next_page(env, strategy, request, selection, limit)
    version = _list_version(request.resource_version)
    exact = request.resource_version_match == "Exact" or (
        version and limit and not request.resource_version_match
    )
    try:
        return _page(env, strategy, selection, limit, "", version if exact else None)
    except Expired as error:
        raise Expired(LIST_TOO_OLD) from error


def _next_page(
    env: Environment, strategy: Strategy, request: List, selection: Selection, limit: int
) -> Listing:
    revision, after = decode_continue(request.continue_)
    at = None if revision == INCONSISTENT else revision
    if at is not None and at > env.store.revision:
        raise BadRequest("continue key is not valid: it is of the future")
    try:
        return _page(env, strategy, selection, limit, after, at)
    except Expired as error:
        raise _ContinueExpired(encode_continue(INCONSISTENT, after)) from error


class _ContinueExpired(Expired):
    """The token is too old; another one goes on at the newest state."""

    def __init__(self, token: str) -> None:
        super().__init__(CONTINUE_TOO_OLD)
        self._token = token

    def status(self) -> dict[str, object]:
        """The body of the answer, with the new token in its metadata."""
        return {**super().status(), "metadata": {"continue": self._token}}


def _page(
    env: Environment, strategy: Strategy, selection: Selection, limit: int, after: str, revision: int | None
) -> Listing:
    page = env.store.list(strategy.storage, selection, limit=limit, after=after, revision=revision)
    items: Sequence[Item] = page.entries
    if strategy.converts:
        items = [shown(strategy, entry) for entry in page.entries]
    if not page.goes_on:
        return Listing(items, str(page.revision))
    token = encode_continue(page.revision, page.entries[-1].key)
    remaining = None if selection.is_filtered else page.remaining
    return Listing(items, str(page.revision), token, remaining)


# --- watches ------------------------------------------------------------------------------------------------


def check_watch(request: Watch) -> None:
    """Judge how a watch asks for its beginning.

    Raises:
        Invalid: The parts contradict each other.
    """
    initial = request.send_initial_events is not None
    errors = listoptions.watch_errors(request.resource_version_match, "", sends_initial=initial)
    if errors:
        raise Invalid(listoptions.KIND, "", errors)


def watch(env: Environment, request: Watch) -> Watcher:
    """Open a watch that was judged. A version that is forgotten gives a watch that only tells so."""
    strategy = env.strategy(request.resource)
    selection = select(strategy, request.namespace, request.label_selector, request.field_selector)
    revision: int | None = parse_version(request.resource_version) if request.resource_version else 0
    initial = request.send_initial_events
    if initial or (initial is None and not revision):
        revision = None
    elif initial is False and not revision:
        revision = env.store.revision
    try:
        return env.store.watch(
            strategy.storage,
            selection,
            shown_as=request.resource,
            convert=strategy.from_storage if strategy.converts else None,
            revision=revision,
            bookmarks=request.bookmarks,
            initial_events_end=bool(initial) and request.bookmarks,
            waiting_max=None if request.timeout_s is None else env.config.watch_waiting_max,
        )
    except Expired as error:
        return ended_with(error)


def ended_with(error: APIError) -> Watcher:
    """A watch that has ended with an ERROR event."""
    watcher = Watcher()
    watcher.end(WatchEvent("ERROR", error.status()))
    return watcher
