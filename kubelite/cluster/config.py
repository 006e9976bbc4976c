"""Every period and bound of a cluster, named and with its unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from kubelite.api.features import Features, features_of
from kubelite.apimachinery import quantity
from kubelite.runtime import Shown

if TYPE_CHECKING:
    from kubelite.scheduler.profiles import SchedulerConfig

PORT_MAX: Final = 65_535
_DOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _positive(_: object, field: attrs.Attribute[Any], value: float) -> None:
    if value <= 0:
        raise ValueError(f"{field.name} must be greater than 0, not {value}")


def _not_negative(_: object, field: attrs.Attribute[Any], value: int) -> None:
    if value < 0:
        raise ValueError(f"{field.name} must be 0 (no limit) or more, not {value}")


def _zero_or_more(_: object, field: attrs.Attribute[Any], value: float) -> None:
    if value < 0:
        raise ValueError(f"{field.name} must be 0 or more, not {value}")


def load_scheduler_config(
    given: SchedulerConfig | Mapping[str, Any] | str | Path | None,
) -> SchedulerConfig | None:
    """The profiles of a KubeSchedulerConfiguration.

    Args:
        given: An object, YAML text or a path; or what was made of one.

    Raises:
        OSError: The file cannot be read.
        TypeError: It holds no object.
        ValueError: It is none, or something is wrong with it.
    """
    if given is None:
        return None
    from kubelite.cluster.manifest import load_manifest  # noqa: PLC0415 - few clusters have one
    from kubelite.scheduler.profiles import SchedulerConfig, parse_config  # noqa: PLC0415 - likewise

    if isinstance(given, SchedulerConfig):
        return given
    if not isinstance(given, Mapping):
        documents = load_manifest(given)
        if len(documents) != 1:
            raise ValueError(f"scheduler: one KubeSchedulerConfiguration is wanted, not {len(documents)}")
        (given,) = documents
    return parse_config(given)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClusterConfig(Shown):
    """The options of a cluster which have a default. All are keyword arguments of `kubelite.Cluster`.

    Attributes:
        name: What the kubeconfig calls the cluster.
        host: Address on which the API server listens for clients outside the process.
        port: Its port; 0 takes a free one.
        secure: HTTPS with a certificate made at start. Plain HTTP is for loopback only.
        prefix: Size of the cluster's block out of 127.0.0.0/8, as a prefix length.
        max_pods: Pods that a node takes.
        node_cpu: Capacity of a node, as a quantity.
        node_memory: Capacity of a node, as a quantity.
        node_monitor_grace_s: Silence after which a node counts as not ready.
        node_monitor_period_s: How often nodes are looked at; None derives it from the grace.
        node_lease_renew_s: How often a kubelet renews its Lease; None derives it from the grace.
        autoscaler_period_s: How often a HorizontalPodAutoscaler is looked at.
        autoscaler_stabilization_s: How long it waits before it scales down, where its behaviour says nothing.
        autoscaler_tolerance: How far a metric may be from its target, as a share, before it scales.
        compaction_interval_s: How often the history of the store is compacted.
        storage_class: Whether there is a default StorageClass `standard`, as in clusters of kind and of
            minikube: claims that name no class get a directory of their first pod's node. Kubernetes itself
            has none.
        any_image: Whether pods whose image nobody published run a stand-in instead of waiting in vain.
        system_pods: Whether `kube-system` shows the control plane as pods of the first node, as in those of
            kubeadm and kind.
        domain: The cluster's DNS domain.
        node_ports: First and last port for Services of type NodePort.
        max_requests_inflight: Requests over HTTP that read and are served at once; more get 429.
            0 for no limit.
        max_mutating_requests_inflight: The same for those that write.
        request_timeout_s: How long a request may take that is no watch or the like.
        scheduler: The profiles of the scheduler as a KubeSchedulerConfiguration: an object, YAML text or a
            path. None is kube-scheduler's default profile.
        feature_gates: Features to turn on or off, by Kubernetes' names; the others are as in Kubernetes.
        audit_level: What `Cluster.audit` records of requests over HTTP: `Metadata` or `None`.
        audit_rules: Rules as in an audit Policy, each with a level; the first that matches a request counts.
        audit_requests_max: Requests that the audit log keeps.
        causes_max: Writes that `Cluster.why` remembers; 0 for none.
    """

    name: str = "kubelite"
    host: str = "127.0.0.1"
    port: int = 0
    secure: bool = True
    prefix: int = 16
    max_pods: int = attrs.field(default=110, validator=_positive)
    node_cpu: str = "8"
    node_memory: str = "32Gi"
    node_monitor_grace_s: float = attrs.field(default=50.0, validator=_positive)
    node_monitor_period_s: float | None = None
    node_lease_renew_s: float | None = None
    autoscaler_period_s: float = attrs.field(default=15.0, validator=_positive)
    autoscaler_stabilization_s: float = attrs.field(default=300.0, validator=_zero_or_more)
    autoscaler_tolerance: float = attrs.field(default=0.1, validator=_zero_or_more)
    compaction_interval_s: float = attrs.field(default=300.0, validator=_positive)
    storage_class: bool = False
    any_image: bool = False
    system_pods: bool = False
    domain: str = "cluster.local"
    node_ports: tuple[int, int] = (30000, 32767)
    max_requests_inflight: int = attrs.field(default=400, validator=_not_negative)
    max_mutating_requests_inflight: int = attrs.field(default=200, validator=_not_negative)
    request_timeout_s: float = attrs.field(default=60.0, validator=_positive)
    feature_gates: Mapping[str, bool] = attrs.field(factory=dict)
    scheduler: SchedulerConfig | None = attrs.field(default=None, converter=load_scheduler_config)
    audit_level: str = "Metadata"
    audit_rules: tuple[dict[str, Any], ...] = ()
    audit_requests_max: int = attrs.field(default=4096, validator=_positive)
    causes_max: int = attrs.field(default=4096, validator=_zero_or_more)

    def __attrs_post_init__(self) -> None:
        features_of(self.feature_gates)
        for name in ("node_cpu", "node_memory"):
            try:
                quantity.parse(getattr(self, name))
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"{name} must be a quantity such as 4 or 16Gi, not {getattr(self, name)!r}"
                ) from error
        if not 0 <= self.port <= PORT_MAX:
            raise ValueError(f"port must be from 0 (any free one) to {PORT_MAX}, not {self.port}")
        first, last = self.node_ports
        if not 0 < first <= last <= PORT_MAX:
            raise ValueError(
                f"node_ports must be the first and the last port of a range, not {self.node_ports}"
            )
        if not _DOMAIN.fullmatch(self.domain):
            raise ValueError(f"domain must be a DNS name such as cluster.local, not {self.domain!r}")
        if not self.secure and not self.host.startswith("127.") and self.host not in {"localhost", "::1"}:
            raise ValueError(
                f"plain HTTP is for loopback only, not for host {self.host!r}: leave secure=True"
            )

    @property
    def features(self) -> Features:
        """The features that are on."""
        return features_of(self.feature_gates)

    @property
    def monitor_period_s(self) -> float:
        """5 s as in Kubernetes, or a tenth of the grace if that is shorter."""
        return self.node_monitor_period_s or min(5.0, self.node_monitor_grace_s / 10)

    @property
    def lease_renew_s(self) -> float:
        """10 s as in Kubernetes, or a quarter of the grace if that is shorter."""
        return self.node_lease_renew_s or min(10.0, self.node_monitor_grace_s / 4)


OWN: Final = ("nodes", "seed", "clock", "expose", "images", "kubeconfig")
"""Arguments of the cluster itself."""


def make_config(options: Mapping[str, Any]) -> ClusterConfig:
    """A configuration from keyword arguments.

    Raises:
        TypeError: An option is unknown; the message lists those that exist.
    """
    known = [field.name for field in attrs.fields(ClusterConfig)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        from difflib import get_close_matches  # noqa: PLC0415 - only who misspells needs it

        near = get_close_matches(unknown[0], [*known, *OWN], n=1)
        meant = f", did you mean {near[0]}?" if near else ";"
        raise TypeError(f"unknown option {', '.join(unknown)}{meant} a cluster takes {', '.join(known)}")
    return ClusterConfig(**options)
