"""URLs of a proxied pod lead through the proxy: those of redirects, and those in its pages.

Source: k8s.io/apimachinery/pkg/util/proxy/transport.go.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from typing import Final
from urllib.parse import urlsplit, urlunsplit

HTML: Final = "text/html"
_URLS: Final = {
    "a": "href",
    "applet": "codebase",
    "area": "href",
    "audio": "src",
    "base": "href",
    "blockquote": "cite",
    "body": "background",
    "button": "formaction",
    "command": "icon",
    "del": "cite",
    "embed": "src",
    "form": "action",
    "frame": "longdesc src",
    "head": "profile",
    "html": "manifest",
    "iframe": "longdesc src",
    "img": "longdesc src usemap",
    "input": "src usemap formaction",
    "ins": "cite",
    "link": "href",
    "object": "classid codebase data usemap",
    "q": "cite",
    "script": "src",
    "source": "src",
    "video": "poster src",
}
"""The attributes of a tag that hold URLs."""


def rewritten(url: str, base: str, netloc: str, host: str = "") -> str:
    """A URL of the pod itself leads through the proxy; one of elsewhere, or a relative one, stays as it is.

    Args:
        url: As the pod says it.
        base: Path of the proxy.
        netloc: Address and port of the pod.
        host: As the client calls the API server.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if (parts.netloc and parts.netloc not in {netloc, host}) or not parts.path.startswith("/"):
        return url
    path = parts.path if parts.path.startswith(base) else base + parts.path
    scheme, named = (parts.scheme, parts.netloc) if parts.netloc and parts.netloc == host else ("", "")
    return urlunsplit((scheme, named, path, parts.query, parts.fragment))


class _Tags(HTMLParser):
    """Collects tags that hold URLs, each with its place, and what is to stand there."""

    def __init__(self, text: str, rewrite: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self._rewrite = rewrite
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self.found: list[tuple[int, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that has an end."""
        self._tag(tag, attrs, ">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag without one."""
        self._tag(tag, attrs, "/>")

    def _tag(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        line, column = self.getpos()
        named = _URLS.get(tag, "").split()
        shown = [
            f' {name}="{escape(self._rewrite(value or "") if name in named else value or "")}"'
            for name, value in attrs
        ]
        text = f"<{tag}{''.join(shown)}{end}"
        self.found.append((self._lines[line - 1] + column, self.get_starttag_text() or "", text))


def rewrite_page(page: str, rewrite: Callable[[str], str]) -> str:
    """A page whose URLs are rewritten; all but its tags stays letter by letter."""
    tags = _Tags(page, rewrite)
    tags.feed(page)
    pieces, at = [], 0
    for begin, before, after in tags.found:
        pieces += [page[at:begin], after]
        at = begin + len(before)
    return "".join([*pieces, page[at:]])


def rewrite_body(body: bytes, encoding: str, rewrite: Callable[[str], str]) -> bytes:
    """The same for the body of an answer with a `Content-Encoding`; what cannot be read stays as it is."""
    try:
        match encoding:
            case "":
                return _rewrite_bytes(body, rewrite)
            case "gzip":
                return gzip.compress(_rewrite_bytes(gzip.decompress(body), rewrite), mtime=0)
            case "deflate":
                packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
                plain = zlib.decompress(body, wbits=-zlib.MAX_WBITS)
                return packer.compress(_rewrite_bytes(plain, rewrite)) + packer.flush()
    except (OSError, EOFError, zlib.error):  # it is not what it is said to be
        pass
    return body


def _rewrite_bytes(body: bytes, rewrite: Callable[[str], str]) -> bytes:
    text = body.decode(errors="surrogateescape")
    return rewrite_page(text, rewrite).encode(errors="surrogateescape")
