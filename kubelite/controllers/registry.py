"""Which controllers there are, as children of a supervisor.

A controller is a row of `CONTROLLERS`. Its module is imported, and the controller made, when the first object
appears that one of the row's triggers asks for: most clusters never see a CronJob. A row without triggers is
for what acts on what every cluster has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from kubelite.api.conditions import get_condition
from kubelite.api.features import Features
from kubelite.api.resources import (
    CERTIFICATESIGNINGREQUESTS,
    CLUSTERROLES,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    JOBS,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODDISRUPTIONBUDGETS,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICECIDRS,
    STATEFULSETS,
)
from kubelite.apimachinery.lazy import load
from kubelite.apimachinery.scheme import Object
from kubelite.client.client import Client
from kubelite.reconcile.controller import Environment, Reconciler, Trigger, controller_spec
from kubelite.reconcile.executor import Recorder
from kubelite.reconcile.informing import InformersLike
from kubelite.runtime import ChildSpec, Clock, Randomness, Shown

if TYPE_CHECKING:
    from kubelite.controllers.certificatesigning import Signer
    from kubelite.controllers.podautoscaler.metrics import MetricsClient
    from kubelite.controllers.serviceaccount.tokens import Issue

JOB_TRACKING: Final = "batch.kubernetes.io/job-tracking"
BOOTSTRAPPING: Final = "kubernetes.io/bootstrapping"
AGGREGATE_TO: Final = "rbac.authorization.k8s.io/aggregate-to-"
DISRUPTION_TARGET: Final = "DisruptionTarget"
NO_EXECUTE: Final = "NoExecute"
SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ControllersConfig(Shown):
    """What can be set about controllers.

    Attributes:
        node_monitor_grace_s: Silence after which a node counts as unreachable.
        node_monitor_period_s: How often nodes are looked at.
        node_eviction_rate: Nodes a second and zone whose pods are evicted.
        pod_gc_period_s: How often the pod garbage collector looks.
        pod_gc_quarantine_s: How long a node must be missing before its pods are removed.
        terminated_pods_max: Pods that have ended and are kept.
        root_ca: The certificate (PEM) for `kube-root-ca.crt`; empty for none (plain HTTP).
        erase_directory: Removes a directory of a node (name, path), where a volume was; None if nobody does.
        signer: Signs requests for certificates; None if there is no authority (plain HTTP).
        issue_token: Makes the tokens of Secrets of service accounts; None if nobody does.
        token_unused_s: How long a Secret's token has to be unused before it is invalid, and then deleted.
        metrics: Gives what tells autoscalers of metrics; None if nobody does, and nothing scales.
        autoscaler_period_s: How often an autoscaler is looked at.
        autoscaler_stabilization_s: How long it waits before it scales down.
        autoscaler_tolerance: How far a metric may be from its target, as a share, before it scales.
        features: Those that are on.
    """

    node_monitor_grace_s: float = 50.0
    node_monitor_period_s: float = 5.0
    node_eviction_rate: float = 0.1
    pod_gc_period_s: float = 20.0
    pod_gc_quarantine_s: float = 40.0
    terminated_pods_max: int = 12500
    root_ca: str = ""
    erase_directory: Callable[[str, str], None] | None = None
    signer: Signer | None = None
    issue_token: Issue | None = None
    token_unused_s: float = 365 * 24 * 3600.0
    metrics: Callable[[], MetricsClient] | None = None
    autoscaler_period_s: float = 15.0
    autoscaler_stabilization_s: float = 300.0
    autoscaler_tolerance: float = 0.1
    features: Features = frozenset()


@attrs.frozen(eq=False, repr=False)
class Row:
    """A controller.

    Attributes:
        name: Of the reconciler.
        where: `"module:Class"` of the reconciler, in this package.
        triggers: What has to appear before it is made; empty if it runs from the start.
        component: The source of its Events; the name if empty.
        options: Of the reconciler: parameter -> the attribute of `ControllersConfig`.
        needs: The attribute of `ControllersConfig` without which it does not run.
    """

    name: str
    where: str
    triggers: tuple[Trigger, ...] = ()
    component: str = attrs.field(default="", kw_only=True)
    options: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    needs: str = attrs.field(default="", kw_only=True)


def _is_deleted(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def _is_tracked(pod: Object) -> bool:
    return JOB_TRACKING in (pod["metadata"].get("finalizers") or ())


def _drives_pods_away(node: Object) -> bool:
    return any(taint.get("effect") == NO_EXECUTE for taint in node["spec"].get("taints") or ())


def _holds_token(secret: Object) -> bool:
    return secret.get("type") == SERVICE_ACCOUNT_TOKEN


def _is_disrupted(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == DISRUPTION_TARGET and each["status"] == "True" for each in conditions)


def _has_ephemeral_volume(pod: Object) -> bool:
    return any("ephemeral" in volume for volume in pod["spec"].get("volumes") or ())


def _is_aggregated(role: Object) -> bool:
    """Whether a role aggregates or is aggregated; those of a fresh cluster are so already."""
    labels = role["metadata"].get("labels") or {}
    if BOOTSTRAPPING in labels:
        return False
    return role.get("aggregationRule") is not None or any(label.startswith(AGGREGATE_TO) for label in labels)


def _is_new_range(service_cidr: Object) -> bool:
    """Whether somebody made or deleted a range of addresses; that of a fresh cluster is ready."""
    return get_condition(service_cidr, "Ready") is None or _is_deleted(service_cidr)


CONTROLLERS: Final[tuple[Row, ...]] = (
    Row("serviceaccount-controller", "serviceaccount.controller:ServiceAccountsController"),
    Row(
        "root-ca-certificate-publisher-controller",
        "serviceaccount.controller:RootCAPublisher",
        options={"certificate": "root_ca"},
    ),
    Row("namespace-controller", "namespace:NamespaceController", (Trigger(NAMESPACES, _is_deleted),)),
    Row(
        "garbage-collector-controller",
        "garbagecollector.controller:GarbageCollector",
        component="garbage-collector-controller",
    ),
    Row(
        "replication-controller",
        "replicaset.replication:ReplicationManager",
        (Trigger(REPLICATIONCONTROLLERS),),
        component="replication-controller",
    ),
    Row(
        "replicaset-controller",
        "replicaset.controller:ReplicaSetManager",
        (Trigger(REPLICASETS),),
        component="replicaset-controller",
    ),
    Row(
        "deployment-controller",
        "deployment.controller:DeploymentController",
        (Trigger(DEPLOYMENTS),),
        component="deployment-controller",
    ),
    Row(
        "cronjob-controller",
        "cronjob.controller:CronJobController",
        (Trigger(CRONJOBS),),
        component="cronjob-controller",
    ),
    Row("job-controller", "job.controller:JobController", (Trigger(JOBS),), component="job-controller"),
    Row(
        "job-orphan-pods-controller",
        "job.orphans:JobOrphansController",
        (Trigger(PODS, _is_tracked),),
        component="job-controller",
    ),
    Row("ttl-after-finished-controller", "ttlafterfinished:TTLAfterFinishedController", (Trigger(JOBS),)),
    Row(
        "daemonset-controller",
        "daemonset.controller:DaemonSetController",
        (Trigger(DAEMONSETS),),
        component="daemonset-controller",
    ),
    Row(
        "statefulset-controller",
        "statefulset.controller:StatefulSetController",
        (Trigger(STATEFULSETS),),
        component="statefulset-controller",
        options={"features": "features"},
    ),
    Row(
        "endpointslice-controller",
        "endpoint.endpointslice:EndpointSliceController",
        component="endpoint-slice-controller",
    ),
    Row(
        "endpointslice-mirroring-controller",
        "endpoint.mirroring:EndpointSliceMirroringController",
        component="endpoint-slice-mirroring-controller",
    ),
    Row("endpoints-controller", "endpoint.endpoints:EndpointsController", component="endpoint-controller"),
    Row(
        "disruption-controller",
        "disruption.controller:DisruptionController",
        (Trigger(PODDISRUPTIONBUDGETS),),
        component="controllermanager",
    ),
    Row(
        "horizontal-pod-autoscaler-controller",
        "podautoscaler.controller:HorizontalPodAutoscalerController",
        (Trigger(HORIZONTALPODAUTOSCALERS),),
        component="horizontal-pod-autoscaler",
        options={
            "metrics": "metrics",
            "period_s": "autoscaler_period_s",
            "stabilization_s": "autoscaler_stabilization_s",
            "tolerance": "autoscaler_tolerance",
        },
        needs="metrics",
    ),
    Row(
        "stale-pod-disruption-controller",
        "disruption.staledisruptions:StaleDisruptionsController",
        (Trigger(PODS, _is_disrupted),),
        component="controllermanager",
    ),
    Row(
        "node-lifecycle-controller",
        "nodelifecycle.controller:NodeLifecycleController",
        component="node-controller",
        options={
            "grace_s": "node_monitor_grace_s",
            "period_s": "node_monitor_period_s",
            "eviction_rate": "node_eviction_rate",
        },
    ),
    Row(
        "taint-eviction-controller",
        "nodelifecycle.tainteviction:TaintEvictionController",
        (Trigger(NODES, _drives_pods_away),),
        component="taint-eviction-controller",
    ),
    Row(
        "clusterrole-aggregation-controller",
        "clusterroleaggregation:ClusterRoleAggregationController",
        (Trigger(CLUSTERROLES, _is_aggregated),),
    ),
    Row(
        "service-cidr-controller",
        "servicecidrs:ServiceCIDRsController",
        (Trigger(SERVICECIDRS, _is_new_range),),
    ),
    Row("ttl-controller", "ttl:TTLController"),
    Row(
        "persistentvolume-binder-controller",
        "volume.binding:PersistentVolumeController",
        (Trigger(PERSISTENTVOLUMECLAIMS), Trigger(PERSISTENTVOLUMES)),
        component="persistentvolume-controller",
    ),
    Row(
        "persistentvolume-provisioner",
        "volume.provisioner:Provisioner",
        (Trigger(PERSISTENTVOLUMECLAIMS), Trigger(PERSISTENTVOLUMES)),
        component="rancher.io/local-path_local-path-provisioner",
        options={"erase": "erase_directory"},
    ),
    Row(
        "persistentvolume-expander-controller",
        "volume.expansion:ExpandController",
        (Trigger(PERSISTENTVOLUMECLAIMS),),
        component="volume_expand",
    ),
    Row(
        "ephemeral-volume-controller",
        "volume.ephemeral:EphemeralVolumeController",
        (Trigger(PODS, _has_ephemeral_volume),),
        component="ephemeral_volume",
    ),
    Row("resourcequota-controller", "resourcequota:ResourceQuotaController", (Trigger(RESOURCEQUOTAS),)),
    Row(
        "persistentvolumeclaim-protection-controller",
        "volume.protection:ClaimProtection",
        (Trigger(PERSISTENTVOLUMECLAIMS),),
    ),
    Row(
        "persistentvolume-protection-controller",
        "volume.protection:VolumeProtection",
        (Trigger(PERSISTENTVOLUMES),),
    ),
    Row(
        "pod-garbage-collector-controller",
        "nodelifecycle.podgc:PodGarbageCollector",
        options={
            "period_s": "pod_gc_period_s",
            "quarantine_s": "pod_gc_quarantine_s",
            "terminated_max": "terminated_pods_max",
        },
    ),
    Row(
        "certificatesigningrequest-signing-controller",
        "certificatesigning:CertificateSigningController",
        (Trigger(CERTIFICATESIGNINGREQUESTS),),
        options={"signer": "signer"},
        needs="signer",
    ),
    Row(
        "legacy-serviceaccount-token-controller",
        "serviceaccount.tokens:TokensController",
        (Trigger(SECRETS, _holds_token),),
        component="serviceaccount-token-controller",
        options={"certificate": "root_ca", "issue": "issue_token"},
        needs="issue_token",
    ),
    Row(
        "legacy-serviceaccount-token-cleaner-controller",
        "serviceaccount.tokencleaner:TokenCleaner",
        (Trigger(SECRETS, _holds_token),),
        options={"unused_s": "token_unused_s"},
    ),
)


def _maker(row: Row, config: ControllersConfig) -> Callable[[Environment], Reconciler]:
    options = {parameter: getattr(config, attribute) for parameter, attribute in row.options.items()}

    def make(environment: Environment) -> Reconciler:
        made: Reconciler = load(f"kubelite.controllers.{row.where}")(environment, **options)
        return made

    return make


def controller_specs(
    config: ControllersConfig,
    *,
    client: Client | Callable[[str], Client],
    informers: InformersLike,
    clock: Clock,
    random: Randomness,
    recorder: Recorder | Callable[[str], Recorder] | None = None,
) -> tuple[ChildSpec, ...]:
    """The children of the controller manager.

    Args:
        client: The door to the API server, or a function from the name of a controller to its own.
        clock: The cluster's clock.
        config: Periods and bounds.
        informers: The shared informers.
        random: The cluster's random numbers; each controller gets a stream of its own.
        recorder: One recorder for all, or a function from the name of a component to its recorder, so that
            Events name the controller they come from.
    """
    specs: list[ChildSpec] = []
    for row in CONTROLLERS:
        if row.needs and getattr(config, row.needs) is None:
            continue
        own: Any = recorder(row.component or row.name) if callable(recorder) else recorder
        specs.append(
            controller_spec(
                _maker(row, config),
                row.name,
                client=client(row.name) if callable(client) else client,
                informers=informers,
                clock=clock,
                random=random,
                recorder=own,
                triggers=row.triggers,
            )
        )
    return tuple(specs)
