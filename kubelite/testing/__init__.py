"""Shipped to users: virtual time and builders for tests."""

from kubelite.runtime import VirtualClock

__all__ = ["VirtualClock"]
