"""Answers as aiohttp's objects: bodies, texts, warnings and errors with their headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import APIError
from kubelite.master.rest.negotiation import JSON

TEXT: Final = "text/plain; charset=utf-8"
NOSNIFF: Final = "X-Content-Type-Options"


def unlimited(headers: CIMultiDict[str]) -> None:
    """Long-running requests and refused credentials are outside of priority and fairness."""
    headers.popall("X-Kubernetes-Pf-Flowschema-Uid", None)
    headers.popall("X-Kubernetes-Pf-Prioritylevel-Uid", None)


def warn(headers: CIMultiDict[str], warnings: Iterable[str]) -> None:
    """Warnings as headers."""
    for each in dict.fromkeys(warnings):
        escaped = each.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
        headers.add("Warning", f'299 - "{escaped}"')


def response(status: int, body: bytes, content_type: str, headers: CIMultiDict[str]) -> web.Response:
    """An answer with a body."""
    headers["Content-Type"] = content_type
    return web.Response(status=status, body=body, headers=headers)


def text(status: int, words: str, headers: CIMultiDict[str]) -> web.Response:
    """An answer in words."""
    headers["Content-Type"] = TEXT
    return web.Response(status=status, body=words.encode(), headers=headers)


def not_found_text(headers: CIMultiDict[str]) -> web.Response:
    """The answer to a path of which nothing is known."""
    headers[NOSNIFF] = "nosniff"
    return text(404, "404 page not found\n", headers)


def failure(error: APIError, headers: CIMultiDict[str]) -> web.Response:
    """An error as its `Status`."""
    warn(headers, getattr(error, "warnings", ()))
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return response(error.code, orjson.dumps(error.status()), JSON, headers)
