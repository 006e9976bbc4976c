"""What the scheduler is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from kubelite.runtime import Request, Signal

if TYPE_CHECKING:
    from kubelite.scheduler.explain import Explanation  # noqa: F401 - named in a text


class Begin(Signal):
    """There is a pod."""


class Schedule(Signal):
    """Schedule what is active."""


class Flush(Signal):
    """Look whether a back-off is over."""


@attrs.frozen(eq=False)
class Explain(Request["Explanation"]):
    """Tell what every plugin says of a pod on every node."""

    namespace: str
    name: str


BEGIN: Final = Begin()
SCHEDULE: Final = Schedule()
FLUSH: Final = Flush()
Message = Begin | Schedule | Flush | Explain
