"""A node: the kubelet, its pod workers, probes, and the asyncio container runtime.
"""
