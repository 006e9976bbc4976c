"""Shipped to users: virtual time, fault plans, and a cluster as it was at a moment.

What goes wrong with requests and watches is planned at `Cluster.faults`, in `FaultPlan`s.
"""

from typing import TYPE_CHECKING, Any

from kubelite.runtime import VirtualClock

if TYPE_CHECKING:
    from kubelite.client.faultplans import FaultPlan
    from kubelite.client.faults import Faults

__all__ = ["FaultPlan", "Faults", "VirtualClock"]


def __getattr__(name: str) -> Any:
    if name == "FaultPlan":
        from kubelite.client.faultplans import FaultPlan  # noqa: PLC0415 - virtual time is what most want

        return FaultPlan
    if name == "Faults":
        from kubelite.client.faults import Faults  # noqa: PLC0415 - as above

        return Faults
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
