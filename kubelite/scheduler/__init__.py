"""kube-scheduler: a pure scheduling cycle and the actor around it."""

from kubelite.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
