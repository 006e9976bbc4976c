"""Where fault plans take hold of requests: an empty place, as long as there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubelite.master.apiserver.faults import FaultEngine


class FaultPoint:
    """Shared by the API server and its REST door, and outlives both.

    Attributes:
        engine: Carries plans out; None while there is none to carry out.
    """

    __slots__ = ("engine",)

    def __init__(self) -> None:
        self.engine: FaultEngine | None = None

    def __repr__(self) -> str:
        return f"<FaultPoint {self.engine!r}>"
