"""Shipped to users: virtual time, and in `faults` clients that fail, wait or count."""

from kubelite.runtime import VirtualClock

__all__ = ["VirtualClock"]
