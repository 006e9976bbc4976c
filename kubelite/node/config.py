"""Every period and bound of a kubelet, named and with its unit."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from kubelite.node.logs import LOG_BYTES_MAX
from kubelite.runtime import Shown

VERSION = "v1.36.3+kubelite"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class KubeletConfig(Shown):
    """What a node is and how its kubelet behaves.

    Attributes:
        max_pods: Pods that the node takes.
        cpu: Capacity, as a quantity.
        memory: Capacity, as a quantity.
        ephemeral_storage: Capacity, as a quantity.
        pod_cidr: What the Node's spec says; "" leaves it out.
        labels: Labels of the Node besides the standard ones.
        taints: Taints of the Node.
        cluster_dns: Address of the DNS Service that pods use; "" for none.
        cluster_domain: The cluster's domain.
        lease_duration_s: After which the Lease counts as expired.
        lease_renew_s: How often it is renewed.
        status_update_s: How often the Node's status is written though nothing has changed.
        drain_delay_s: How long applications accept connections after SIGTERM, so that proxies learn first.
        log_bytes_max: Kept of each container's log.
        port: Of the kubelet's HTTP API.
        volume_retry_s: First wait before a failed mount is tried again; doubles.
        volume_retry_max_s: Longest such wait.
        write_retry_s: Wait before a failed write to the API is tried again.
        probe_jitter: Whether probes of pods found at start begin after a random part of their period.
    """

    max_pods: int = 110
    cpu: str = "8"
    memory: str = "32Gi"
    ephemeral_storage: str = "100Gi"
    pod_cidr: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    cluster_dns: str = ""
    cluster_domain: str = "cluster.local"
    lease_duration_s: int = 40
    lease_renew_s: float = 10.0
    status_update_s: float = 300.0
    drain_delay_s: float = 0.25
    log_bytes_max: int = LOG_BYTES_MAX
    port: int = 10250
    volume_retry_s: float = 0.5
    volume_retry_max_s: float = 122.0
    write_retry_s: float = 1.0
    probe_jitter: bool = True
