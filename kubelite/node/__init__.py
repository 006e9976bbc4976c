"""The node: kubelet, pod workers, the pod lifecycle, probes, and a container runtime made of asyncio tasks.

Here belongs what one machine of the cluster does with the pods bound to it. Who binds them, and how
traffic finds them, does not.
"""
