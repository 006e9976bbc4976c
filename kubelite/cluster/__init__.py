"""The composition root: the only code that knows every component."""

from kubelite.cluster.cluster import Cluster

__all__ = ["Cluster"]
