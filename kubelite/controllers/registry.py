"""Which controllers there are, as children of a supervisor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

from kubelite.client.client import Client
from kubelite.controllers.certificatesigning import CertificateSigningController, Signer
from kubelite.controllers.cronjob import CronJobController
from kubelite.controllers.daemonset import DaemonSetController
from kubelite.controllers.deployment import DeploymentController
from kubelite.controllers.disruption import DisruptionController
from kubelite.controllers.endpoints import EndpointsController
from kubelite.controllers.endpointslice import EndpointSliceController
from kubelite.controllers.endpointslicemirroring import EndpointSliceMirroringController
from kubelite.controllers.garbagecollector import GarbageCollector
from kubelite.controllers.job import JobController
from kubelite.controllers.joborphans import JobOrphansController
from kubelite.controllers.namespace import NamespaceController
from kubelite.controllers.nodelifecycle import NodeLifecycleController
from kubelite.controllers.persistentvolumes import PersistentVolumeController
from kubelite.controllers.podgc import PERIOD_S, QUARANTINE_S, TERMINATED_MAX, PodGarbageCollector
from kubelite.controllers.replicaset import ReplicaSetManager
from kubelite.controllers.replication import ReplicationManager
from kubelite.controllers.resourcequota import ResourceQuotaController
from kubelite.controllers.serviceaccount import RootCAPublisher, ServiceAccountsController
from kubelite.controllers.serviceaccounttokens import Issue, TokensController
from kubelite.controllers.statefulset import StatefulSetController
from kubelite.controllers.tainteviction import TaintEvictionController
from kubelite.controllers.ttl import TTLController
from kubelite.controllers.ttlafterfinished import TTLAfterFinishedController
from kubelite.controllers.volumeprotection import ClaimProtection, VolumeProtection
from kubelite.reconcile.controller import Environment, InformersLike, Reconciler, controller_spec
from kubelite.reconcile.executor import Recorder
from kubelite.runtime import ChildSpec, Clock, Randomness
from kubelite.runtime.values import Value

MakeReconciler = Callable[[Environment], Reconciler]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ControllersConfig(Value):
    """What can be set about controllers.

    Attributes:
        node_monitor_grace_s: Silence after which a node counts as unreachable.
        node_monitor_period_s: How often nodes are looked at.
        node_eviction_rate: Nodes a second and zone whose pods are evicted.
        pod_gc_period_s: How often the pod garbage collector looks.
        pod_gc_quarantine_s: How long a node must be missing before its pods are removed.
        terminated_pods_max: Pods that have ended and are kept.
        root_ca: The certificate (PEM) for `kube-root-ca.crt`; empty for none (plain HTTP).
        signer: Signs requests for certificates; None if there is no authority (plain HTTP).
        issue_token: Makes the tokens of Secrets of service accounts; None if nobody does.
    """

    node_monitor_grace_s: float = 50.0
    node_monitor_period_s: float = 5.0
    node_eviction_rate: float = 0.1
    pod_gc_period_s: float = PERIOD_S
    pod_gc_quarantine_s: float = QUARANTINE_S
    terminated_pods_max: int = TERMINATED_MAX
    root_ca: str = ""
    signer: Signer | None = None
    issue_token: Issue | None = None


def reconcilers(config: ControllersConfig) -> dict[str, tuple[MakeReconciler, str]]:
    """Name of the controller -> what makes its reconciler, and the component its Events name."""
    made: list[tuple[type[Reconciler], MakeReconciler]] = [
        (ServiceAccountsController, ServiceAccountsController),
        (RootCAPublisher, partial(RootCAPublisher, certificate=config.root_ca)),
        (NamespaceController, NamespaceController),
        (GarbageCollector, GarbageCollector),
        (ReplicationManager, ReplicationManager),
        (ReplicaSetManager, ReplicaSetManager),
        (DeploymentController, DeploymentController),
        (CronJobController, CronJobController),
        (JobController, JobController),
        (JobOrphansController, JobOrphansController),
        (TTLAfterFinishedController, TTLAfterFinishedController),
        (DaemonSetController, DaemonSetController),
        (StatefulSetController, StatefulSetController),
        (EndpointSliceController, EndpointSliceController),
        (EndpointSliceMirroringController, EndpointSliceMirroringController),
        (EndpointsController, EndpointsController),
        (DisruptionController, DisruptionController),
        (
            NodeLifecycleController,
            partial(
                NodeLifecycleController,
                grace_s=config.node_monitor_grace_s,
                period_s=config.node_monitor_period_s,
                eviction_rate=config.node_eviction_rate,
            ),
        ),
        (TaintEvictionController, TaintEvictionController),
        (TTLController, TTLController),
        (PersistentVolumeController, PersistentVolumeController),
        (ResourceQuotaController, ResourceQuotaController),
        (ClaimProtection, ClaimProtection),
        (VolumeProtection, VolumeProtection),
        (
            PodGarbageCollector,
            partial(
                PodGarbageCollector,
                period_s=config.pod_gc_period_s,
                quarantine_s=config.pod_gc_quarantine_s,
                terminated_max=config.terminated_pods_max,
            ),
        ),
    ]
    if config.signer is not None:
        made.append(
            (CertificateSigningController, partial(CertificateSigningController, signer=config.signer))
        )
    if config.issue_token is not None:
        issue = config.issue_token
        made.append((TokensController, partial(TokensController, certificate=config.root_ca, issue=issue)))
    return {kind.name: (make, kind.component or kind.name) for kind, make in made}


def controller_specs(
    config: ControllersConfig,
    *,
    client: Client,
    informers: InformersLike,
    clock: Clock,
    random: Randomness,
    recorder: Recorder | Callable[[str], Recorder] | None = None,
) -> tuple[ChildSpec, ...]:
    """The children of the controller manager.

    Args:
        client: The door to the API server.
        clock: The cluster's clock.
        config: Periods and bounds.
        informers: The shared informers.
        random: The cluster's random numbers; each controller gets a stream of its own.
        recorder: One recorder for all, or a function from the name of a component to its recorder, so that
            Events name the controller they come from.
    """
    specs: list[ChildSpec] = []
    for name, (make, component) in reconcilers(config).items():
        own: Any = recorder(component) if callable(recorder) else recorder
        specs.append(
            controller_spec(
                make, name, client=client, informers=informers, clock=clock, random=random, recorder=own
            )
        )
    return tuple(specs)
