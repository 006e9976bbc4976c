"""What the scheduler is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubelite import records
from kubelite.runtime import Request

if TYPE_CHECKING:
    from kubelite.scheduler.explain import Explanation  # noqa: F401 - named in a text


@records.frozen
class Begin:
    """There is a pod."""


@records.frozen
class Schedule:
    """Schedule what is active."""


@records.frozen
class Flush:
    """Look whether a back-off is over."""


@records.frozen(eq=False)
class Explain(Request["Explanation"]):
    """Tell what every plugin says of a pod on every node."""

    namespace: str
    name: str


BEGIN: Final = Begin()
SCHEDULE: Final = Schedule()
FLUSH: Final = Flush()
Message = Begin | Schedule | Flush | Explain
