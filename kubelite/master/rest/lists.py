"""Large lists on the wire: in pieces; plain JSON straight from the texts that the objects have already.

Nothing is joined as a whole: the first piece leaves as soon as it is there (unless it says how much follows),
and the event loop turns between pieces, so that a list of all pods holds up nobody. What is listed is a
snapshot: its items never change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import orjson
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from kubelite.apimachinery.strategy import Strategy
from kubelite.client.item import Item
from kubelite.client.requests import Listing
from kubelite.master.rest import answers, responses
from kubelite.master.rest.gate import Visit
from kubelite.master.rest.listforms import ListForm, list_form
from kubelite.master.rest.negotiation import JSON, Form
from kubelite.master.rest.prompt import AnyRequest, whole
from kubelite.master.rest.reply import Reply
from kubelite.runtime import tasks

WHOLE_ITEMS_MAX: Final = 100
"""Up to so many items a list leaves at once, with its length."""
PIECE_BYTES: Final = 256 * 1024
"""About what one piece holds."""
FIRST_ITEMS: Final = 32
PIECE_ITEMS_MAX: Final = 1024
TURN_BYTES: Final = 1024 * 1024
"""What is written before the event loop turns, even if the client reads as fast as that."""
PLAIN: Final = Form()
"""Objects as they are stored."""


def pieces(head: bytes, items: Sequence[Item]) -> Iterator[bytes]:
    """A list as chunks of a chunked answer.

    Args:
        head: The JSON text of the list's own fields, up to where `items` would follow: `{"kind":…`.
        items: One at least.
    """
    prefix, begin, count = head + b',"items":[{', 0, FIRST_ITEMS
    while begin < len(items):
        texts = [item.text or item.list_tail() for item in items[begin : begin + count]]
        begin += count
        suffix = b"]}" if begin >= len(items) else b""
        size = len(prefix) + sum(map(len, texts)) + 2 * (len(texts) - 1) + len(suffix)
        # The frame goes to the first and the last text: the piece as a whole is copied once, by the join.
        texts[0] = b"%x\r\n%b%b" % (size, prefix, texts[0])
        texts[-1] += suffix + b"\r\n"
        yield b",{".join(texts)
        prefix = b",{"
        count = min(PIECE_ITEMS_MAX, max(1, count * PIECE_BYTES // size))


async def answer(
    request: AnyRequest,
    visit: Visit,
    listing: Listing,
    form: Form,
    strategy: Strategy,
    now: float,
) -> web.StreamResponse | Reply:
    """Answer with a list: at once if it is small, else as fast as the client reads.

    Args:
        request: The client's.
        visit: The same, on its way.
        listing: What was found.
        form: What was negotiated.
        strategy: Of the resource.
        now: Unix seconds, for ages in Tables.

    Raises:
        APIError: It cannot be had in this form.
        ConnectionError: The client has gone.
    """
    info, headers, items = visit.info, visit.headers, listing.items
    is_large = len(items) > WHOLE_ITEMS_MAX and request.version >= HttpVersion11
    indented = is_large and responses.is_for_people(info, request.headers.get("User-Agent", ""))
    if is_large and form == PLAIN and not indented and not strategy.unstructured:
        head = orjson.dumps(answers.list_head(listing, strategy.resource))[:-1]
        return await _stream(await whole(request), pieces(head, items), JSON, headers)
    made = list_form(listing, form, strategy, now, info.query.text("includeObject"), indented=indented)
    if not is_large:
        return responses.response(200, made.whole(items), form.media_type, headers)
    request = await whole(request)
    known = [text async for text in _sized(made, items)] if made.needs_size else None
    turn_bytes = 0 if known is None else TURN_BYTES
    return await _stream(request, chunks(made, items, known), form.media_type, headers, turn_bytes)


async def _sized(made: ListForm, items: Sequence[Item]) -> AsyncIterator[bytes]:
    """The items of a list, without keeping others waiting."""
    for number, item in enumerate(items, 1):
        yield made.item(item)
        if number % made.turn_items == 0:
            await tasks.checkpoint()


def chunks(made: ListForm, items: Sequence[Item], known: Sequence[bytes] | None = None) -> Iterator[bytes]:
    """A list in a form as chunks of a chunked answer, each of some items.

    Args:
        made: The form.
        items: One at least.
        known: Their bytes, if these are there already.
    """
    step, prefix = made.turn_items, made.head(0 if known is None else sum(map(len, known)))
    for begin in range(0, len(items), step):
        end = begin + step
        texts = known[begin:end] if known is not None else list(map(made.item, items[begin:end]))
        piece = prefix + made.between.join(texts) + (made.tail if end >= len(items) else b"")
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
        prefix = made.between


async def _stream(
    request: web.BaseRequest,
    framed: Iterator[bytes],
    media_type: str,
    headers: CIMultiDict[str],
    turn_bytes: int = TURN_BYTES,
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.headers["Content-Type"] = media_type
    response.enable_chunked_encoding()
    writer = await response.prepare(request)
    transport = request.transport
    if writer is None or transport is None:
        return response
    unturned = 0
    try:
        for piece in framed:
            if transport.is_closing():
                break
            transport.write(piece)
            unturned += len(piece)
            await writer.drain()
            if unturned >= turn_bytes:
                unturned = 0
                await tasks.checkpoint()
    except BaseException:
        transport.abort()  # in the middle of an answer there is no other way to say that it ends here
        raise
    return response
