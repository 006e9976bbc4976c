"""Large lists on the wire: in pieces, straight from the texts that their objects have already.

Nothing is joined as a whole: the first piece leaves as soon as it is there, and the event loop turns between
pieces, so that a list of all pods holds up nobody. What is listed is a snapshot: its items never change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import orjson
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from kubelite.apimachinery.strategy import Strategy
from kubelite.client.item import Item
from kubelite.client.requests import Listing
from kubelite.master.rest import answers, responses
from kubelite.master.rest.gate import Visit
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
TURN_BYTES: Final = 4 * 1024 * 1024
"""What is written before the event loop turns, even if the client reads as fast as that."""


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
    """Answer with a list: at once if it is small or has to be made first, else as fast as the client reads.

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
    info, headers = visit.info, visit.headers
    if (
        len(listing.items) > WHOLE_ITEMS_MAX
        and not form.kind
        and not strategy.unstructured
        and form.media_type == JSON
        and request.version >= HttpVersion11
        and not responses.is_for_people(info, request.headers.get("User-Agent", ""))
    ):
        head = orjson.dumps(answers.list_head(listing, strategy.resource))[:-1]
        return await _stream(await whole(request), head, listing.items, headers)
    body = answers.list_bytes(listing, form, strategy, now, info.query.text("includeObject"))
    return responses.response(200, body, form.media_type, headers)


async def _stream(
    request: web.BaseRequest, head: bytes, items: Sequence[Item], headers: CIMultiDict[str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.headers["Content-Type"] = JSON
    response.enable_chunked_encoding()
    writer = await response.prepare(request)
    transport = request.transport
    if writer is None or transport is None:
        return response
    unturned = 0
    try:
        for piece in pieces(head, items):
            if transport.is_closing():
                break
            transport.write(piece)
            unturned += len(piece)
            await writer.drain()
            if unturned >= TURN_BYTES:
                unturned = 0
                await tasks.checkpoint()
    except asyncio.CancelledError:
        transport.abort()  # in the middle of an answer there is no other way to say that it ends here
        raise
    return response
