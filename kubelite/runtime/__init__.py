"""Actors on asyncio: mailboxes, typed asks, supervision, clock, seeded randomness.

Knows nothing of Kubernetes. Nothing here may import from another package of kubelite.
"""

from kubelite.runtime.actor import Actor, ChildSpec, Context
from kubelite.runtime.clock import Clock, SystemClock, TimerHandle, VirtualClock
from kubelite.runtime.mailbox import Mailbox, MailboxFull
from kubelite.runtime.messages import ActorStopped, Ref, Request, Shown, Signal
from kubelite.runtime.randomness import Randomness
from kubelite.runtime.supervisor import SupervisorSpec, TooManyRestarts
from kubelite.runtime.system import System, WrongLoop

__all__ = [
    "Actor",
    "ActorStopped",
    "ChildSpec",
    "Clock",
    "Context",
    "Mailbox",
    "MailboxFull",
    "Randomness",
    "Ref",
    "Request",
    "Shown",
    "Signal",
    "SupervisorSpec",
    "System",
    "SystemClock",
    "TimerHandle",
    "TooManyRestarts",
    "VirtualClock",
    "WrongLoop",
]
