"""Cluster DNS: records from Services and EndpointSlices, and the servers which answer."""

from kubelite.dns.records import Zone
from kubelite.dns.resolver import ClusterResolver, refuse_outside, resolve_outside
from kubelite.dns.server import DNSServer

__all__ = ["ClusterResolver", "DNSServer", "Zone", "refuse_outside", "resolve_outside"]
