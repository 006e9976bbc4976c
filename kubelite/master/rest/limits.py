"""The bounds of the REST door, each with its unit."""

from __future__ import annotations

from typing import Final

import attrs

from kubelite.runtime import Shown


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RESTLimits(Shown):
    """How much the REST door takes.

    Attributes:
        head_bytes_max: Of the head of a request; about what Go's servers take.
        headers_max: Of a request.
        shutdown_timeout_s: How long running requests may take at the end.
        backlog: Connections that wait to be accepted.
        reads_max: Requests that read and are served at once; 0 for no limit. Watches and the like do
            not count.
        writes_max: The same for all others.
        request_timeout_s: How long a request may take, its body included, unless it is one that lasts.
        head_timeout_s: How long a client may take to send the head of a request.
    """

    head_bytes_max: int = 1024 * 1024
    headers_max: int = 4096
    shutdown_timeout_s: float = 2.0
    backlog: int = 1024
    reads_max: int = 400
    writes_max: int = 200
    request_timeout_s: float = 60.0
    head_timeout_s: float = 32.0


DEFAULT_LIMITS: Final = RESTLimits()
