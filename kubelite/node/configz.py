"""`/configz`: the KubeletConfiguration that a kubelet of ours amounts to. Pure.

Source: k8s.io/kubelet/config/v1beta1/types.go.
"""

from __future__ import annotations

from kubelite.apimachinery.scheme import Object
from kubelite.node.config import KubeletConfig
from kubelite.node.containerstate import CRASH_BACKOFF_MAX_S
from kubelite.node.lifecycle import go_duration


def kubelet_configuration(config: KubeletConfig, address: str) -> Object:
    """What it is set to, and what it does though it cannot be set; nothing that it knows nothing of."""
    return {
        "enableServer": True,
        "syncFrequency": "1m0s",
        "address": address,
        "port": config.port,
        "authentication": {
            "x509": {},
            "webhook": {"enabled": False, "cacheTTL": "0s"},
            "anonymous": {"enabled": True},
        },
        "authorization": {
            "mode": "AlwaysAllow",
            "webhook": {"cacheAuthorizedTTL": "0s", "cacheUnauthorizedTTL": "0s"},
        },
        "enableDebuggingHandlers": True,
        "clusterDomain": config.cluster_domain,
        **({"clusterDNS": [config.cluster_dns]} if config.cluster_dns else {}),
        "streamingConnectionIdleTimeout": "0s",
        "nodeStatusUpdateFrequency": go_duration(config.status_update_s),
        "nodeStatusReportFrequency": go_duration(config.status_update_s),
        "nodeLeaseDurationSeconds": config.lease_duration_s,
        "cpuManagerPolicy": "none",
        "memoryManagerPolicy": "None",
        "topologyManagerPolicy": "none",
        "maxPods": config.max_pods,
        "podPidsLimit": -1,
        **({"podCIDR": config.pod_cidr} if config.pod_cidr else {}),
        "evictionHard": {},
        "enableControllerAttachDetach": True,
        "failSwapOn": True,
        "memorySwap": {},
        "containerLogMaxSize": str(config.log_bytes_max),
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        "enforceNodeAllocatable": ["none"],
        "logging": {"format": "text", "flushFrequency": "5s", "verbosity": 0, "options": {}},
        "enableSystemLogHandler": True,
        "enableSystemLogQuery": False,
        "shutdownGracePeriod": "0s",
        "shutdownGracePeriodCriticalPods": "0s",
        "crashLoopBackOff": {"maxContainerRestartPeriod": go_duration(CRASH_BACKOFF_MAX_S)},
        "registerNode": True,
        **({"registerWithTaints": [dict(each) for each in config.taints]} if config.taints else {}),
    }
