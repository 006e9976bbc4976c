"""Answers in one piece: bodies, texts, warnings and errors with their headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import orjson
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import APIError
from kubelite.master.rest import answers
from kubelite.master.rest.inflight import RETRY_AFTER_S, TOO_MANY
from kubelite.master.rest.negotiation import JSON, NO_FORMS, negotiate
from kubelite.master.rest.reply import Reply
from kubelite.master.rest.requestinfo import RequestInfo

TEXT: Final = "text/plain; charset=utf-8"
WARNINGS_LENGTH_MAX: Final = 4 * 1024
WARNING_LENGTH_CUT: Final = 256
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TRUE_TEXTS: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_PEOPLES_PROGRAMS: Final = ("curl", "Wget", "Mozilla/5.0")
NOSNIFF: Final = "X-Content-Type-Options"


def warn(headers: CIMultiDict[str], warnings: Iterable[str]) -> None:
    """Warnings as headers, each once; if they are long together each is cut, and those at the end left out.

    Source: k8s.io/apiserver/pkg/endpoints/filters/warning.go.
    """
    texts = list(dict.fromkeys(warnings))
    if sum(map(len, texts)) > WARNINGS_LENGTH_MAX:
        written, kept = 0, []
        for each in texts:
            if written >= WARNINGS_LENGTH_MAX:
                break
            kept.append(each[:WARNING_LENGTH_CUT])
            written += len(kept[-1])
        texts = kept
    for each in texts:
        escaped = _CONTROL.sub(" ", each).replace("\\", "\\\\").replace('"', '\\"')
        headers.add("Warning", f'299 - "{escaped}"')


def response(status: int, body: bytes, content_type: str, headers: CIMultiDict[str]) -> Reply:
    """An answer with a body."""
    headers["Content-Type"] = content_type
    return Reply(status, body, headers)


def text(status: int, words: str, headers: CIMultiDict[str]) -> Reply:
    """An answer in words."""
    headers["Content-Type"] = TEXT
    return Reply(status, words.encode(), headers)


def not_found_text(headers: CIMultiDict[str]) -> Reply:
    """The answer to a path of which nothing is known."""
    headers[NOSNIFF] = "nosniff"
    return text(404, "404 page not found\n", headers)


def failure(error: APIError, headers: CIMultiDict[str], accept: str = "") -> Reply:
    """An error as its `Status`, in a form that the client takes, or else in JSON.

    Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go (ErrorNegotiated).
    """
    warn(headers, error.warnings)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    try:
        media_type = negotiate(accept, NO_FORMS).media_type
    except APIError:
        media_type = JSON
    return response(error.code, answers.encode(error.status(), media_type), media_type, headers)


def too_many_requests(headers: CIMultiDict[str]) -> Reply:
    """The answer while too many requests are being served.

    Source: k8s.io/apiserver/pkg/server/filters/maxinflight.go.
    """
    headers["Retry-After"] = str(RETRY_AFTER_S)
    headers[NOSNIFF] = "nosniff"
    return text(429, TOO_MANY, headers)


def is_for_people(info: RequestInfo, user_agent: str) -> bool:
    """Whether JSON is to be indented."""
    asked = info.query.text("pretty") if info.query.pairs else ""
    return asked in _TRUE_TEXTS if asked else user_agent.startswith(_PEOPLES_PROGRAMS)


def prettier(found: Reply, info: RequestInfo, user_agent: str) -> None:
    """Indent an answer in JSON for people: who asks for it, and browsers and the like, which need not.

    Source: k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (isPrettyPrint).
    """
    if not found.body or not is_for_people(info, user_agent):
        return
    if found.headers.get("Content-Type", "").startswith(JSON) and not info.path.startswith("/openapi"):
        found.body = orjson.dumps(orjson.loads(found.body), option=orjson.OPT_INDENT_2)
