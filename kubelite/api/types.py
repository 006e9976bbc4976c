"""The shapes of API objects as TypedDicts, for type checkers only: import them under `TYPE_CHECKING`.

Written by `python -m kubelite.api.generate 1.36`; do not edit. A type that two groups name alike has
its group before the name, except in the core group. Times and quantities are text.
"""

from __future__ import annotations

from typing import Any, Required, TypeAlias, TypedDict


class AWSElasticBlockStoreVolumeSource(TypedDict, total=False):
    """AWSElasticBlockStoreVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    partition: int
    readOnly: bool


class Affinity(TypedDict, total=False):
    """Affinity of core.v1."""

    nodeAffinity: NodeAffinity
    podAffinity: PodAffinity
    podAntiAffinity: PodAntiAffinity


class AppArmorProfile(TypedDict, total=False):
    """AppArmorProfile of core.v1."""

    type: Required[str]
    localhostProfile: str


class AttachedVolume(TypedDict, total=False):
    """AttachedVolume of core.v1."""

    name: Required[str]
    devicePath: Required[str]


class AzureDiskVolumeSource(TypedDict, total=False):
    """AzureDiskVolumeSource of core.v1."""

    kind: str
    diskName: Required[str]
    diskURI: Required[str]
    cachingMode: str
    fsType: str
    readOnly: bool


class AzureFileVolumeSource(TypedDict, total=False):
    """AzureFileVolumeSource of core.v1."""

    secretName: Required[str]
    shareName: Required[str]
    readOnly: bool


class Binding(TypedDict, total=False):
    """Binding of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    target: Required[ObjectReference]


class CSIVolumeSource(TypedDict, total=False):
    """CSIVolumeSource of core.v1."""

    driver: Required[str]
    readOnly: bool
    fsType: str
    volumeAttributes: dict[str, str]
    nodePublishSecretRef: LocalObjectReference


class Capabilities(TypedDict, total=False):
    """Capabilities of core.v1."""

    add: list[str]
    drop: list[str]


class CephFSVolumeSource(TypedDict, total=False):
    """CephFSVolumeSource of core.v1."""

    monitors: Required[list[str]]
    path: str
    user: str
    secretFile: str
    secretRef: LocalObjectReference
    readOnly: bool


class CinderVolumeSource(TypedDict, total=False):
    """CinderVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    readOnly: bool
    secretRef: LocalObjectReference


class ClientIPConfig(TypedDict, total=False):
    """ClientIPConfig of core.v1."""

    timeoutSeconds: int


class ClusterTrustBundleProjection(TypedDict, total=False):
    """ClusterTrustBundleProjection of core.v1."""

    name: str
    signerName: str
    labelSelector: LabelSelector
    path: Required[str]
    optional: bool


class Condition(TypedDict, total=False):
    """Condition of meta.v1."""

    type: Required[str]
    status: Required[str]
    observedGeneration: int
    lastTransitionTime: Required[str]
    reason: Required[str]
    message: Required[str]


class ConfigMap(TypedDict, total=False):
    """ConfigMap of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    data: dict[str, str]
    binaryData: dict[str, str]
    immutable: bool


class ConfigMapEnvSource(TypedDict, total=False):
    """ConfigMapEnvSource of core.v1."""

    name: str
    optional: bool


class ConfigMapKeySelector(TypedDict, total=False):
    """ConfigMapKeySelector of core.v1."""

    name: str
    key: Required[str]
    optional: bool


class ConfigMapNodeConfigSource(TypedDict, total=False):
    """ConfigMapNodeConfigSource of core.v1."""

    namespace: Required[str]
    name: Required[str]
    uid: str
    resourceVersion: str
    kubeletConfigKey: Required[str]


class ConfigMapProjection(TypedDict, total=False):
    """ConfigMapProjection of core.v1."""

    name: str
    items: list[KeyToPath]
    optional: bool


class ConfigMapVolumeSource(TypedDict, total=False):
    """ConfigMapVolumeSource of core.v1."""

    name: str
    items: list[KeyToPath]
    defaultMode: int
    optional: bool


class Container(TypedDict, total=False):
    """Container of core.v1."""

    name: Required[str]
    image: str
    command: list[str]
    args: list[str]
    workingDir: str
    ports: list[ContainerPort]
    env: list[EnvVar]
    resources: ResourceRequirements
    volumeMounts: list[VolumeMount]
    livenessProbe: Probe
    readinessProbe: Probe
    lifecycle: Lifecycle
    terminationMessagePath: str
    imagePullPolicy: str
    securityContext: SecurityContext
    stdin: bool
    stdinOnce: bool
    tty: bool
    envFrom: list[EnvFromSource]
    terminationMessagePolicy: str
    volumeDevices: list[VolumeDevice]
    startupProbe: Probe
    resizePolicy: list[ContainerResizePolicy]
    restartPolicy: str
    restartPolicyRules: list[ContainerRestartRule]


class ContainerExtendedResourceRequest(TypedDict, total=False):
    """ContainerExtendedResourceRequest of core.v1."""

    containerName: Required[str]
    resourceName: Required[str]
    requestName: Required[str]


class ContainerImage(TypedDict, total=False):
    """ContainerImage of core.v1."""

    names: list[str]
    sizeBytes: int


class ContainerPort(TypedDict, total=False):
    """ContainerPort of core.v1."""

    name: str
    hostPort: int
    containerPort: Required[int]
    protocol: str
    hostIP: str


class ContainerResizePolicy(TypedDict, total=False):
    """ContainerResizePolicy of core.v1."""

    resourceName: Required[str]
    restartPolicy: Required[str]


class ContainerRestartRule(TypedDict, total=False):
    """ContainerRestartRule of core.v1."""

    action: Required[str]
    exitCodes: ContainerRestartRuleOnExitCodes


class ContainerRestartRuleOnExitCodes(TypedDict, total=False):
    """ContainerRestartRuleOnExitCodes of core.v1."""

    operator: Required[str]
    values: list[int]


class ContainerState(TypedDict, total=False):
    """ContainerState of core.v1."""

    waiting: ContainerStateWaiting
    running: ContainerStateRunning
    terminated: ContainerStateTerminated


class ContainerStateRunning(TypedDict, total=False):
    """ContainerStateRunning of core.v1."""

    startedAt: str


class ContainerStateTerminated(TypedDict, total=False):
    """ContainerStateTerminated of core.v1."""

    exitCode: Required[int]
    signal: int
    reason: str
    message: str
    startedAt: str
    finishedAt: str
    containerID: str


class ContainerStateWaiting(TypedDict, total=False):
    """ContainerStateWaiting of core.v1."""

    reason: str
    message: str


class ContainerStatus(TypedDict, total=False):
    """ContainerStatus of core.v1."""

    name: Required[str]
    state: ContainerState
    lastState: ContainerState
    ready: Required[bool]
    restartCount: Required[int]
    image: Required[str]
    imageID: Required[str]
    containerID: str
    started: bool
    allocatedResources: dict[str, str]
    resources: ResourceRequirements
    volumeMounts: list[VolumeMountStatus]
    user: ContainerUser
    allocatedResourcesStatus: list[ResourceStatus]
    stopSignal: str


class ContainerUser(TypedDict, total=False):
    """ContainerUser of core.v1."""

    linux: LinuxContainerUser


class DaemonEndpoint(TypedDict, total=False):
    """DaemonEndpoint of core.v1."""

    Port: Required[int]


class DeleteOptions(TypedDict, total=False):
    """DeleteOptions of meta.v1."""

    kind: str
    apiVersion: str
    gracePeriodSeconds: int
    preconditions: Preconditions
    orphanDependents: bool
    propagationPolicy: str
    dryRun: list[str]
    ignoreStoreReadErrorWithClusterBreakingPotential: bool


class DiscoveryEndpointPort(TypedDict, total=False):
    """DiscoveryEndpointPort of discovery.v1."""

    name: str
    protocol: str
    port: int
    appProtocol: str


class DownwardAPIProjection(TypedDict, total=False):
    """DownwardAPIProjection of core.v1."""

    items: list[DownwardAPIVolumeFile]


class DownwardAPIVolumeFile(TypedDict, total=False):
    """DownwardAPIVolumeFile of core.v1."""

    path: Required[str]
    fieldRef: ObjectFieldSelector
    resourceFieldRef: ResourceFieldSelector
    mode: int


class DownwardAPIVolumeSource(TypedDict, total=False):
    """DownwardAPIVolumeSource of core.v1."""

    items: list[DownwardAPIVolumeFile]
    defaultMode: int


class EmptyDirVolumeSource(TypedDict, total=False):
    """EmptyDirVolumeSource of core.v1."""

    medium: str
    sizeLimit: str


class Endpoint(TypedDict, total=False):
    """Endpoint of discovery.v1."""

    addresses: Required[list[str]]
    conditions: EndpointConditions
    hostname: str
    targetRef: ObjectReference
    deprecatedTopology: dict[str, str]
    nodeName: str
    zone: str
    hints: EndpointHints


class EndpointAddress(TypedDict, total=False):
    """EndpointAddress of core.v1."""

    ip: Required[str]
    targetRef: ObjectReference
    hostname: str
    nodeName: str


class EndpointConditions(TypedDict, total=False):
    """EndpointConditions of discovery.v1."""

    ready: bool
    serving: bool
    terminating: bool


class EndpointHints(TypedDict, total=False):
    """EndpointHints of discovery.v1."""

    forZones: list[ForZone]
    forNodes: list[ForNode]


class EndpointPort(TypedDict, total=False):
    """EndpointPort of core.v1."""

    name: str
    port: Required[int]
    protocol: str
    appProtocol: str


class EndpointSlice(TypedDict, total=False):
    """EndpointSlice of discovery.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    endpoints: list[Endpoint]
    ports: list[DiscoveryEndpointPort]
    addressType: Required[str]


class EndpointSubset(TypedDict, total=False):
    """EndpointSubset of core.v1."""

    addresses: list[EndpointAddress]
    notReadyAddresses: list[EndpointAddress]
    ports: list[EndpointPort]


class Endpoints(TypedDict, total=False):
    """Endpoints of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    subsets: list[EndpointSubset]


class EnvFromSource(TypedDict, total=False):
    """EnvFromSource of core.v1."""

    prefix: str
    configMapRef: ConfigMapEnvSource
    secretRef: SecretEnvSource


class EnvVar(TypedDict, total=False):
    """EnvVar of core.v1."""

    name: Required[str]
    value: str
    valueFrom: EnvVarSource


class EnvVarSource(TypedDict, total=False):
    """EnvVarSource of core.v1."""

    fieldRef: ObjectFieldSelector
    resourceFieldRef: ResourceFieldSelector
    configMapKeyRef: ConfigMapKeySelector
    secretKeyRef: SecretKeySelector
    fileKeyRef: FileKeySelector


class EphemeralContainer(TypedDict, total=False):
    """EphemeralContainer of core.v1."""

    name: Required[str]
    image: str
    command: list[str]
    args: list[str]
    workingDir: str
    ports: list[ContainerPort]
    env: list[EnvVar]
    resources: ResourceRequirements
    volumeMounts: list[VolumeMount]
    livenessProbe: Probe
    readinessProbe: Probe
    lifecycle: Lifecycle
    terminationMessagePath: str
    imagePullPolicy: str
    securityContext: SecurityContext
    stdin: bool
    stdinOnce: bool
    tty: bool
    envFrom: list[EnvFromSource]
    terminationMessagePolicy: str
    volumeDevices: list[VolumeDevice]
    startupProbe: Probe
    resizePolicy: list[ContainerResizePolicy]
    restartPolicy: str
    restartPolicyRules: list[ContainerRestartRule]
    targetContainerName: str


class EphemeralVolumeSource(TypedDict, total=False):
    """EphemeralVolumeSource of core.v1."""

    volumeClaimTemplate: PersistentVolumeClaimTemplate


class Event(TypedDict, total=False):
    """Event of core.v1."""

    kind: str
    apiVersion: str
    metadata: Required[ObjectMeta]
    involvedObject: Required[ObjectReference]
    reason: str
    message: str
    source: EventSource
    firstTimestamp: str
    lastTimestamp: str
    count: int
    type: str
    eventTime: str
    series: EventSeries
    action: str
    related: ObjectReference
    reportingComponent: str
    reportingInstance: str


class EventSeries(TypedDict, total=False):
    """EventSeries of core.v1."""

    count: int
    lastObservedTime: str


class EventSource(TypedDict, total=False):
    """EventSource of core.v1."""

    component: str
    host: str


class Eviction(TypedDict, total=False):
    """Eviction of policy.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    deleteOptions: DeleteOptions


class ExecAction(TypedDict, total=False):
    """ExecAction of core.v1."""

    command: list[str]


class FCVolumeSource(TypedDict, total=False):
    """FCVolumeSource of core.v1."""

    targetWWNs: list[str]
    lun: int
    fsType: str
    readOnly: bool
    wwids: list[str]


class FileKeySelector(TypedDict, total=False):
    """FileKeySelector of core.v1."""

    volumeName: Required[str]
    path: Required[str]
    key: Required[str]
    optional: bool


class FlexVolumeSource(TypedDict, total=False):
    """FlexVolumeSource of core.v1."""

    driver: Required[str]
    fsType: str
    secretRef: LocalObjectReference
    readOnly: bool
    options: dict[str, str]


class FlockerVolumeSource(TypedDict, total=False):
    """FlockerVolumeSource of core.v1."""

    datasetName: str
    datasetUUID: str


class ForNode(TypedDict, total=False):
    """ForNode of discovery.v1."""

    name: Required[str]


class ForZone(TypedDict, total=False):
    """ForZone of discovery.v1."""

    name: Required[str]


class GCEPersistentDiskVolumeSource(TypedDict, total=False):
    """GCEPersistentDiskVolumeSource of core.v1."""

    pdName: Required[str]
    fsType: str
    partition: int
    readOnly: bool


class GRPCAction(TypedDict, total=False):
    """GRPCAction of core.v1."""

    port: Required[int]
    service: str


class GitRepoVolumeSource(TypedDict, total=False):
    """GitRepoVolumeSource of core.v1."""

    repository: Required[str]
    revision: str
    directory: str


class GlusterfsVolumeSource(TypedDict, total=False):
    """GlusterfsVolumeSource of core.v1."""

    endpoints: Required[str]
    path: Required[str]
    readOnly: bool


class HTTPGetAction(TypedDict, total=False):
    """HTTPGetAction of core.v1."""

    path: str
    port: Required[int | str]
    host: str
    scheme: str
    httpHeaders: list[HTTPHeader]


class HTTPHeader(TypedDict, total=False):
    """HTTPHeader of core.v1."""

    name: Required[str]
    value: Required[str]


class HostAlias(TypedDict, total=False):
    """HostAlias of core.v1."""

    ip: Required[str]
    hostnames: list[str]


class HostIP(TypedDict, total=False):
    """HostIP of core.v1."""

    ip: Required[str]


class HostPathVolumeSource(TypedDict, total=False):
    """HostPathVolumeSource of core.v1."""

    path: Required[str]
    type: str


class ISCSIVolumeSource(TypedDict, total=False):
    """ISCSIVolumeSource of core.v1."""

    targetPortal: Required[str]
    iqn: Required[str]
    lun: Required[int]
    iscsiInterface: str
    fsType: str
    readOnly: bool
    portals: list[str]
    chapAuthDiscovery: bool
    secretRef: LocalObjectReference
    chapAuthSession: bool
    initiatorName: str


class ImageVolumeSource(TypedDict, total=False):
    """ImageVolumeSource of core.v1."""

    reference: str
    pullPolicy: str


class ImageVolumeStatus(TypedDict, total=False):
    """ImageVolumeStatus of core.v1."""

    imageRef: Required[str]


class KeyToPath(TypedDict, total=False):
    """KeyToPath of core.v1."""

    key: Required[str]
    path: Required[str]
    mode: int


class LabelSelector(TypedDict, total=False):
    """LabelSelector of meta.v1."""

    matchLabels: dict[str, str]
    matchExpressions: list[LabelSelectorRequirement]


class LabelSelectorRequirement(TypedDict, total=False):
    """LabelSelectorRequirement of meta.v1."""

    key: Required[str]
    operator: Required[str]
    values: list[str]


class Lease(TypedDict, total=False):
    """Lease of coordination.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: LeaseSpec


class LeaseSpec(TypedDict, total=False):
    """LeaseSpec of coordination.v1."""

    holderIdentity: str
    leaseDurationSeconds: int
    acquireTime: str
    renewTime: str
    leaseTransitions: int
    strategy: str
    preferredHolder: str


class Lifecycle(TypedDict, total=False):
    """Lifecycle of core.v1."""

    postStart: LifecycleHandler
    preStop: LifecycleHandler
    stopSignal: str


class LifecycleHandler(TypedDict, total=False):
    """LifecycleHandler of core.v1."""

    exec: ExecAction
    httpGet: HTTPGetAction
    tcpSocket: TCPSocketAction
    sleep: SleepAction


class LinuxContainerUser(TypedDict, total=False):
    """LinuxContainerUser of core.v1."""

    uid: Required[int]
    gid: Required[int]
    supplementalGroups: list[int]


ListMeta = TypedDict(
    "ListMeta",
    {
        "selfLink": "str",
        "resourceVersion": "str",
        "continue": "str",
        "remainingItemCount": "int",
        "shardInfo": "ShardInfo",
    },
    total=False,
)


class LoadBalancerIngress(TypedDict, total=False):
    """LoadBalancerIngress of core.v1."""

    ip: str
    hostname: str
    ipMode: str
    ports: list[PortStatus]


class LoadBalancerStatus(TypedDict, total=False):
    """LoadBalancerStatus of core.v1."""

    ingress: list[LoadBalancerIngress]


class LocalObjectReference(TypedDict, total=False):
    """LocalObjectReference of core.v1."""

    name: str


class ManagedFieldsEntry(TypedDict, total=False):
    """ManagedFieldsEntry of meta.v1."""

    apiVersion: str
    manager: str
    operation: str
    time: str
    fieldsType: str
    fieldsV1: dict[str, Any]
    subresource: str


class NFSVolumeSource(TypedDict, total=False):
    """NFSVolumeSource of core.v1."""

    server: Required[str]
    path: Required[str]
    readOnly: bool


class Namespace(TypedDict, total=False):
    """Namespace of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: NamespaceSpec
    status: NamespaceStatus


class NamespaceCondition(TypedDict, total=False):
    """NamespaceCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class NamespaceSpec(TypedDict, total=False):
    """NamespaceSpec of core.v1."""

    finalizers: list[str]


class NamespaceStatus(TypedDict, total=False):
    """NamespaceStatus of core.v1."""

    phase: str
    conditions: list[NamespaceCondition]


class Node(TypedDict, total=False):
    """Node of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: NodeSpec
    status: NodeStatus


class NodeAddress(TypedDict, total=False):
    """NodeAddress of core.v1."""

    type: Required[str]
    address: Required[str]


class NodeAffinity(TypedDict, total=False):
    """NodeAffinity of core.v1."""

    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector
    preferredDuringSchedulingIgnoredDuringExecution: list[PreferredSchedulingTerm]


class NodeAllocatableResourceClaimStatus(TypedDict, total=False):
    """NodeAllocatableResourceClaimStatus of core.v1."""

    resourceClaimName: Required[str]
    containers: list[str]
    resources: Required[dict[str, str]]


class NodeCondition(TypedDict, total=False):
    """NodeCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    lastHeartbeatTime: str
    lastTransitionTime: str
    reason: str
    message: str


class NodeConfigSource(TypedDict, total=False):
    """NodeConfigSource of core.v1."""

    configMap: ConfigMapNodeConfigSource


class NodeConfigStatus(TypedDict, total=False):
    """NodeConfigStatus of core.v1."""

    assigned: NodeConfigSource
    active: NodeConfigSource
    lastKnownGood: NodeConfigSource
    error: str


class NodeDaemonEndpoints(TypedDict, total=False):
    """NodeDaemonEndpoints of core.v1."""

    kubeletEndpoint: DaemonEndpoint


class NodeFeatures(TypedDict, total=False):
    """NodeFeatures of core.v1."""

    supplementalGroupsPolicy: bool


class NodeRuntimeHandler(TypedDict, total=False):
    """NodeRuntimeHandler of core.v1."""

    name: str
    features: NodeRuntimeHandlerFeatures


class NodeRuntimeHandlerFeatures(TypedDict, total=False):
    """NodeRuntimeHandlerFeatures of core.v1."""

    recursiveReadOnlyMounts: bool
    userNamespaces: bool


class NodeSelector(TypedDict, total=False):
    """NodeSelector of core.v1."""

    nodeSelectorTerms: Required[list[NodeSelectorTerm]]


class NodeSelectorRequirement(TypedDict, total=False):
    """NodeSelectorRequirement of core.v1."""

    key: Required[str]
    operator: Required[str]
    values: list[str]


class NodeSelectorTerm(TypedDict, total=False):
    """NodeSelectorTerm of core.v1."""

    matchExpressions: list[NodeSelectorRequirement]
    matchFields: list[NodeSelectorRequirement]


class NodeSpec(TypedDict, total=False):
    """NodeSpec of core.v1."""

    podCIDR: str
    externalID: str
    providerID: str
    unschedulable: bool
    taints: list[Taint]
    configSource: NodeConfigSource
    podCIDRs: list[str]


class NodeStatus(TypedDict, total=False):
    """NodeStatus of core.v1."""

    capacity: dict[str, str]
    allocatable: dict[str, str]
    phase: str
    conditions: list[NodeCondition]
    addresses: list[NodeAddress]
    daemonEndpoints: NodeDaemonEndpoints
    nodeInfo: NodeSystemInfo
    images: list[ContainerImage]
    volumesInUse: list[str]
    volumesAttached: list[AttachedVolume]
    config: NodeConfigStatus
    runtimeHandlers: list[NodeRuntimeHandler]
    features: NodeFeatures
    declaredFeatures: list[str]


class NodeSwapStatus(TypedDict, total=False):
    """NodeSwapStatus of core.v1."""

    capacity: int


class NodeSystemInfo(TypedDict, total=False):
    """NodeSystemInfo of core.v1."""

    machineID: Required[str]
    systemUUID: Required[str]
    bootID: Required[str]
    kernelVersion: Required[str]
    osImage: Required[str]
    containerRuntimeVersion: Required[str]
    kubeletVersion: Required[str]
    kubeProxyVersion: Required[str]
    operatingSystem: Required[str]
    architecture: Required[str]
    swap: NodeSwapStatus


class ObjectFieldSelector(TypedDict, total=False):
    """ObjectFieldSelector of core.v1."""

    apiVersion: str
    fieldPath: Required[str]


class ObjectMeta(TypedDict, total=False):
    """ObjectMeta of meta.v1."""

    name: str
    generateName: str
    namespace: str
    selfLink: str
    uid: str
    resourceVersion: str
    generation: int
    creationTimestamp: str
    deletionTimestamp: str
    deletionGracePeriodSeconds: int
    labels: dict[str, str]
    annotations: dict[str, str]
    ownerReferences: list[OwnerReference]
    finalizers: list[str]
    managedFields: list[ManagedFieldsEntry]


class ObjectReference(TypedDict, total=False):
    """ObjectReference of core.v1."""

    kind: str
    apiVersion: str
    namespace: str
    name: str
    uid: str
    resourceVersion: str
    fieldPath: str


class OwnerReference(TypedDict, total=False):
    """OwnerReference of meta.v1."""

    kind: Required[str]
    apiVersion: Required[str]
    name: Required[str]
    uid: Required[str]
    controller: bool
    blockOwnerDeletion: bool


class PersistentVolumeClaimSpec(TypedDict, total=False):
    """PersistentVolumeClaimSpec of core.v1."""

    accessModes: list[str]
    resources: VolumeResourceRequirements
    volumeName: str
    selector: LabelSelector
    storageClassName: str
    volumeMode: str
    dataSource: TypedLocalObjectReference
    dataSourceRef: TypedObjectReference
    volumeAttributesClassName: str


class PersistentVolumeClaimTemplate(TypedDict, total=False):
    """PersistentVolumeClaimTemplate of core.v1."""

    metadata: ObjectMeta
    spec: Required[PersistentVolumeClaimSpec]


class PersistentVolumeClaimVolumeSource(TypedDict, total=False):
    """PersistentVolumeClaimVolumeSource of core.v1."""

    claimName: Required[str]
    readOnly: bool


class PhotonPersistentDiskVolumeSource(TypedDict, total=False):
    """PhotonPersistentDiskVolumeSource of core.v1."""

    pdID: Required[str]
    fsType: str


class Pod(TypedDict, total=False):
    """Pod of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: PodSpec
    status: PodStatus


class PodAffinity(TypedDict, total=False):
    """PodAffinity of core.v1."""

    requiredDuringSchedulingIgnoredDuringExecution: list[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution: list[WeightedPodAffinityTerm]


class PodAffinityTerm(TypedDict, total=False):
    """PodAffinityTerm of core.v1."""

    labelSelector: LabelSelector
    namespaces: list[str]
    topologyKey: Required[str]
    namespaceSelector: LabelSelector
    matchLabelKeys: list[str]
    mismatchLabelKeys: list[str]


class PodAntiAffinity(TypedDict, total=False):
    """PodAntiAffinity of core.v1."""

    requiredDuringSchedulingIgnoredDuringExecution: list[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution: list[WeightedPodAffinityTerm]


class PodCertificateProjection(TypedDict, total=False):
    """PodCertificateProjection of core.v1."""

    signerName: Required[str]
    keyType: Required[str]
    maxExpirationSeconds: int
    credentialBundlePath: str
    keyPath: str
    certificateChainPath: str
    userAnnotations: dict[str, str]


class PodCondition(TypedDict, total=False):
    """PodCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    lastProbeTime: str
    lastTransitionTime: str
    reason: str
    message: str
    observedGeneration: int


class PodDNSConfig(TypedDict, total=False):
    """PodDNSConfig of core.v1."""

    nameservers: list[str]
    searches: list[str]
    options: list[PodDNSConfigOption]


class PodDNSConfigOption(TypedDict, total=False):
    """PodDNSConfigOption of core.v1."""

    name: str
    value: str


class PodDisruptionBudget(TypedDict, total=False):
    """PodDisruptionBudget of policy.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: PodDisruptionBudgetSpec
    status: PodDisruptionBudgetStatus


class PodDisruptionBudgetSpec(TypedDict, total=False):
    """PodDisruptionBudgetSpec of policy.v1."""

    minAvailable: int | str
    selector: LabelSelector
    maxUnavailable: int | str
    unhealthyPodEvictionPolicy: str


class PodDisruptionBudgetStatus(TypedDict, total=False):
    """PodDisruptionBudgetStatus of policy.v1."""

    observedGeneration: int
    disruptedPods: dict[str, str]
    disruptionsAllowed: int
    currentHealthy: int
    desiredHealthy: int
    expectedPods: int
    conditions: list[Condition]


class PodExtendedResourceClaimStatus(TypedDict, total=False):
    """PodExtendedResourceClaimStatus of core.v1."""

    requestMappings: Required[list[ContainerExtendedResourceRequest]]
    resourceClaimName: Required[str]


class PodIP(TypedDict, total=False):
    """PodIP of core.v1."""

    ip: Required[str]


class PodOS(TypedDict, total=False):
    """PodOS of core.v1."""

    name: Required[str]


class PodReadinessGate(TypedDict, total=False):
    """PodReadinessGate of core.v1."""

    conditionType: Required[str]


class PodResourceClaim(TypedDict, total=False):
    """PodResourceClaim of core.v1."""

    name: Required[str]
    resourceClaimName: str
    resourceClaimTemplateName: str


class PodResourceClaimStatus(TypedDict, total=False):
    """PodResourceClaimStatus of core.v1."""

    name: Required[str]
    resourceClaimName: str


class PodSchedulingGate(TypedDict, total=False):
    """PodSchedulingGate of core.v1."""

    name: Required[str]


class PodSchedulingGroup(TypedDict, total=False):
    """PodSchedulingGroup of core.v1."""

    podGroupName: str


class PodSecurityContext(TypedDict, total=False):
    """PodSecurityContext of core.v1."""

    seLinuxOptions: SELinuxOptions
    runAsUser: int
    runAsNonRoot: bool
    supplementalGroups: list[int]
    fsGroup: int
    runAsGroup: int
    sysctls: list[Sysctl]
    windowsOptions: WindowsSecurityContextOptions
    fsGroupChangePolicy: str
    seccompProfile: SeccompProfile
    appArmorProfile: AppArmorProfile
    supplementalGroupsPolicy: str
    seLinuxChangePolicy: str


class PodSpec(TypedDict, total=False):
    """PodSpec of core.v1."""

    volumes: list[Volume]
    containers: Required[list[Container]]
    restartPolicy: str
    terminationGracePeriodSeconds: int
    activeDeadlineSeconds: int
    dnsPolicy: str
    nodeSelector: dict[str, str]
    serviceAccountName: str
    serviceAccount: str
    nodeName: str
    hostNetwork: bool
    hostPID: bool
    hostIPC: bool
    securityContext: PodSecurityContext
    imagePullSecrets: list[LocalObjectReference]
    hostname: str
    subdomain: str
    affinity: Affinity
    schedulerName: str
    initContainers: list[Container]
    automountServiceAccountToken: bool
    tolerations: list[Toleration]
    hostAliases: list[HostAlias]
    priorityClassName: str
    priority: int
    dnsConfig: PodDNSConfig
    shareProcessNamespace: bool
    readinessGates: list[PodReadinessGate]
    runtimeClassName: str
    enableServiceLinks: bool
    preemptionPolicy: str
    overhead: dict[str, str]
    topologySpreadConstraints: list[TopologySpreadConstraint]
    ephemeralContainers: list[EphemeralContainer]
    setHostnameAsFQDN: bool
    os: PodOS
    hostUsers: bool
    schedulingGates: list[PodSchedulingGate]
    resourceClaims: list[PodResourceClaim]
    resources: ResourceRequirements
    hostnameOverride: str
    schedulingGroup: PodSchedulingGroup


class PodStatus(TypedDict, total=False):
    """PodStatus of core.v1."""

    phase: str
    conditions: list[PodCondition]
    message: str
    reason: str
    hostIP: str
    podIP: str
    startTime: str
    containerStatuses: list[ContainerStatus]
    qosClass: str
    initContainerStatuses: list[ContainerStatus]
    nominatedNodeName: str
    podIPs: list[PodIP]
    ephemeralContainerStatuses: list[ContainerStatus]
    resize: str
    resourceClaimStatuses: list[PodResourceClaimStatus]
    hostIPs: list[HostIP]
    observedGeneration: int
    extendedResourceClaimStatus: PodExtendedResourceClaimStatus
    allocatedResources: dict[str, str]
    resources: ResourceRequirements
    nodeAllocatableResourceClaimStatuses: list[NodeAllocatableResourceClaimStatus]


class PodTemplateSpec(TypedDict, total=False):
    """PodTemplateSpec of core.v1."""

    metadata: ObjectMeta
    spec: PodSpec


class PortStatus(TypedDict, total=False):
    """PortStatus of core.v1."""

    port: Required[int]
    protocol: Required[str]
    error: str


class PortworxVolumeSource(TypedDict, total=False):
    """PortworxVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    readOnly: bool


class Preconditions(TypedDict, total=False):
    """Preconditions of meta.v1."""

    uid: str
    resourceVersion: str


class PreferredSchedulingTerm(TypedDict, total=False):
    """PreferredSchedulingTerm of core.v1."""

    weight: Required[int]
    preference: Required[NodeSelectorTerm]


class Probe(TypedDict, total=False):
    """Probe of core.v1."""

    exec: ExecAction
    httpGet: HTTPGetAction
    tcpSocket: TCPSocketAction
    grpc: GRPCAction
    initialDelaySeconds: int
    timeoutSeconds: int
    periodSeconds: int
    successThreshold: int
    failureThreshold: int
    terminationGracePeriodSeconds: int


class ProjectedVolumeSource(TypedDict, total=False):
    """ProjectedVolumeSource of core.v1."""

    sources: list[VolumeProjection]
    defaultMode: int


class QuobyteVolumeSource(TypedDict, total=False):
    """QuobyteVolumeSource of core.v1."""

    registry: Required[str]
    volume: Required[str]
    readOnly: bool
    user: str
    group: str
    tenant: str


class RBDVolumeSource(TypedDict, total=False):
    """RBDVolumeSource of core.v1."""

    monitors: Required[list[str]]
    image: Required[str]
    fsType: str
    pool: str
    user: str
    keyring: str
    secretRef: LocalObjectReference
    readOnly: bool


class ReplicationController(TypedDict, total=False):
    """ReplicationController of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ReplicationControllerSpec
    status: ReplicationControllerStatus


class ReplicationControllerCondition(TypedDict, total=False):
    """ReplicationControllerCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class ReplicationControllerSpec(TypedDict, total=False):
    """ReplicationControllerSpec of core.v1."""

    replicas: int
    selector: dict[str, str]
    template: PodTemplateSpec
    minReadySeconds: int


class ReplicationControllerStatus(TypedDict, total=False):
    """ReplicationControllerStatus of core.v1."""

    replicas: Required[int]
    fullyLabeledReplicas: int
    observedGeneration: int
    readyReplicas: int
    availableReplicas: int
    conditions: list[ReplicationControllerCondition]


class ResourceClaim(TypedDict, total=False):
    """ResourceClaim of core.v1."""

    name: Required[str]
    request: str


class ResourceFieldSelector(TypedDict, total=False):
    """ResourceFieldSelector of core.v1."""

    containerName: str
    resource: Required[str]
    divisor: str


class ResourceHealth(TypedDict, total=False):
    """ResourceHealth of core.v1."""

    resourceID: Required[str]
    health: str
    message: str


class ResourceRequirements(TypedDict, total=False):
    """ResourceRequirements of core.v1."""

    limits: dict[str, str]
    requests: dict[str, str]
    claims: list[ResourceClaim]


class ResourceStatus(TypedDict, total=False):
    """ResourceStatus of core.v1."""

    name: Required[str]
    resources: list[ResourceHealth]


class SELinuxOptions(TypedDict, total=False):
    """SELinuxOptions of core.v1."""

    user: str
    role: str
    type: str
    level: str


class Scale(TypedDict, total=False):
    """Scale of autoscaling.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ScaleSpec
    status: ScaleStatus


class ScaleIOVolumeSource(TypedDict, total=False):
    """ScaleIOVolumeSource of core.v1."""

    gateway: Required[str]
    system: Required[str]
    secretRef: Required[LocalObjectReference]
    sslEnabled: bool
    protectionDomain: str
    storagePool: str
    storageMode: str
    volumeName: str
    fsType: str
    readOnly: bool


class ScaleSpec(TypedDict, total=False):
    """ScaleSpec of autoscaling.v1."""

    replicas: int


class ScaleStatus(TypedDict, total=False):
    """ScaleStatus of autoscaling.v1."""

    replicas: Required[int]
    selector: str


class SeccompProfile(TypedDict, total=False):
    """SeccompProfile of core.v1."""

    type: Required[str]
    localhostProfile: str


class Secret(TypedDict, total=False):
    """Secret of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    data: dict[str, str]
    type: str
    stringData: dict[str, str]
    immutable: bool


class SecretEnvSource(TypedDict, total=False):
    """SecretEnvSource of core.v1."""

    name: str
    optional: bool


class SecretKeySelector(TypedDict, total=False):
    """SecretKeySelector of core.v1."""

    name: str
    key: Required[str]
    optional: bool


class SecretProjection(TypedDict, total=False):
    """SecretProjection of core.v1."""

    name: str
    items: list[KeyToPath]
    optional: bool


class SecretVolumeSource(TypedDict, total=False):
    """SecretVolumeSource of core.v1."""

    secretName: str
    items: list[KeyToPath]
    defaultMode: int
    optional: bool


class SecurityContext(TypedDict, total=False):
    """SecurityContext of core.v1."""

    capabilities: Capabilities
    privileged: bool
    seLinuxOptions: SELinuxOptions
    runAsUser: int
    runAsNonRoot: bool
    readOnlyRootFilesystem: bool
    allowPrivilegeEscalation: bool
    runAsGroup: int
    procMount: str
    windowsOptions: WindowsSecurityContextOptions
    seccompProfile: SeccompProfile
    appArmorProfile: AppArmorProfile


class Service(TypedDict, total=False):
    """Service of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ServiceSpec
    status: ServiceStatus


class ServiceAccount(TypedDict, total=False):
    """ServiceAccount of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    secrets: list[ObjectReference]
    imagePullSecrets: list[LocalObjectReference]
    automountServiceAccountToken: bool


class ServiceAccountTokenProjection(TypedDict, total=False):
    """ServiceAccountTokenProjection of core.v1."""

    audience: str
    expirationSeconds: int
    path: Required[str]


class ServicePort(TypedDict, total=False):
    """ServicePort of core.v1."""

    name: str
    protocol: str
    port: Required[int]
    targetPort: int | str
    nodePort: int
    appProtocol: str


class ServiceSpec(TypedDict, total=False):
    """ServiceSpec of core.v1."""

    ports: list[ServicePort]
    selector: dict[str, str]
    clusterIP: str
    type: str
    externalIPs: list[str]
    sessionAffinity: str
    loadBalancerIP: str
    loadBalancerSourceRanges: list[str]
    externalName: str
    externalTrafficPolicy: str
    healthCheckNodePort: int
    publishNotReadyAddresses: bool
    sessionAffinityConfig: SessionAffinityConfig
    ipFamilyPolicy: str
    clusterIPs: list[str]
    ipFamilies: list[str]
    allocateLoadBalancerNodePorts: bool
    loadBalancerClass: str
    internalTrafficPolicy: str
    trafficDistribution: str


class ServiceStatus(TypedDict, total=False):
    """ServiceStatus of core.v1."""

    loadBalancer: LoadBalancerStatus
    conditions: list[Condition]


class SessionAffinityConfig(TypedDict, total=False):
    """SessionAffinityConfig of core.v1."""

    clientIP: ClientIPConfig


class ShardInfo(TypedDict, total=False):
    """ShardInfo of meta.v1."""

    selector: Required[str]


class SleepAction(TypedDict, total=False):
    """SleepAction of core.v1."""

    seconds: Required[int]


class Status(TypedDict, total=False):
    """Status of meta.v1."""

    kind: str
    apiVersion: str
    metadata: ListMeta
    status: str
    message: str
    reason: str
    details: StatusDetails
    code: int


class StatusCause(TypedDict, total=False):
    """StatusCause of meta.v1."""

    reason: str
    message: str
    field: str


class StatusDetails(TypedDict, total=False):
    """StatusDetails of meta.v1."""

    kind: str
    name: str
    group: str
    causes: list[StatusCause]
    retryAfterSeconds: int
    uid: str


class StorageOSVolumeSource(TypedDict, total=False):
    """StorageOSVolumeSource of core.v1."""

    volumeName: str
    volumeNamespace: str
    fsType: str
    readOnly: bool
    secretRef: LocalObjectReference


class Sysctl(TypedDict, total=False):
    """Sysctl of core.v1."""

    name: Required[str]
    value: Required[str]


class TCPSocketAction(TypedDict, total=False):
    """TCPSocketAction of core.v1."""

    port: Required[int | str]
    host: str


class Taint(TypedDict, total=False):
    """Taint of core.v1."""

    key: Required[str]
    value: str
    effect: Required[str]
    timeAdded: str


class Toleration(TypedDict, total=False):
    """Toleration of core.v1."""

    key: str
    operator: str
    value: str
    effect: str
    tolerationSeconds: int


class TopologySpreadConstraint(TypedDict, total=False):
    """TopologySpreadConstraint of core.v1."""

    maxSkew: Required[int]
    topologyKey: Required[str]
    whenUnsatisfiable: Required[str]
    labelSelector: LabelSelector
    minDomains: int
    nodeAffinityPolicy: str
    nodeTaintsPolicy: str
    matchLabelKeys: list[str]


class TypedLocalObjectReference(TypedDict, total=False):
    """TypedLocalObjectReference of core.v1."""

    kind: Required[str]
    apiGroup: str
    name: Required[str]


class TypedObjectReference(TypedDict, total=False):
    """TypedObjectReference of core.v1."""

    kind: Required[str]
    apiGroup: str
    name: Required[str]
    namespace: str


class Volume(TypedDict, total=False):
    """Volume of core.v1."""

    name: Required[str]
    hostPath: HostPathVolumeSource
    emptyDir: EmptyDirVolumeSource
    gcePersistentDisk: GCEPersistentDiskVolumeSource
    awsElasticBlockStore: AWSElasticBlockStoreVolumeSource
    gitRepo: GitRepoVolumeSource
    secret: SecretVolumeSource
    nfs: NFSVolumeSource
    iscsi: ISCSIVolumeSource
    glusterfs: GlusterfsVolumeSource
    persistentVolumeClaim: PersistentVolumeClaimVolumeSource
    rbd: RBDVolumeSource
    flexVolume: FlexVolumeSource
    cinder: CinderVolumeSource
    cephfs: CephFSVolumeSource
    flocker: FlockerVolumeSource
    downwardAPI: DownwardAPIVolumeSource
    fc: FCVolumeSource
    azureFile: AzureFileVolumeSource
    configMap: ConfigMapVolumeSource
    vsphereVolume: VsphereVirtualDiskVolumeSource
    quobyte: QuobyteVolumeSource
    azureDisk: AzureDiskVolumeSource
    photonPersistentDisk: PhotonPersistentDiskVolumeSource
    portworxVolume: PortworxVolumeSource
    scaleIO: ScaleIOVolumeSource
    projected: ProjectedVolumeSource
    storageos: StorageOSVolumeSource
    csi: CSIVolumeSource
    ephemeral: EphemeralVolumeSource
    image: ImageVolumeSource


class VolumeDevice(TypedDict, total=False):
    """VolumeDevice of core.v1."""

    name: Required[str]
    devicePath: Required[str]


class VolumeMount(TypedDict, total=False):
    """VolumeMount of core.v1."""

    name: Required[str]
    readOnly: bool
    mountPath: Required[str]
    subPath: str
    mountPropagation: str
    subPathExpr: str
    recursiveReadOnly: str


class VolumeMountStatus(TypedDict, total=False):
    """VolumeMountStatus of core.v1."""

    name: Required[str]
    mountPath: Required[str]
    readOnly: bool
    recursiveReadOnly: str
    volumeStatus: VolumeStatus


class VolumeProjection(TypedDict, total=False):
    """VolumeProjection of core.v1."""

    secret: SecretProjection
    downwardAPI: DownwardAPIProjection
    configMap: ConfigMapProjection
    serviceAccountToken: ServiceAccountTokenProjection
    clusterTrustBundle: ClusterTrustBundleProjection
    podCertificate: PodCertificateProjection


class VolumeResourceRequirements(TypedDict, total=False):
    """VolumeResourceRequirements of core.v1."""

    limits: dict[str, str]
    requests: dict[str, str]


class VolumeStatus(TypedDict, total=False):
    """VolumeStatus of core.v1."""

    image: ImageVolumeStatus


class VsphereVirtualDiskVolumeSource(TypedDict, total=False):
    """VsphereVirtualDiskVolumeSource of core.v1."""

    volumePath: Required[str]
    fsType: str
    storagePolicyName: str
    storagePolicyID: str


class WeightedPodAffinityTerm(TypedDict, total=False):
    """WeightedPodAffinityTerm of core.v1."""

    weight: Required[int]
    podAffinityTerm: Required[PodAffinityTerm]


class WindowsSecurityContextOptions(TypedDict, total=False):
    """WindowsSecurityContextOptions of core.v1."""

    gmsaCredentialSpecName: str
    gmsaCredentialSpec: str
    runAsUserName: str
    hostProcess: bool


AnyObject: TypeAlias = (
    ConfigMap
    | EndpointSlice
    | Endpoints
    | Event
    | Lease
    | Namespace
    | Node
    | Pod
    | PodDisruptionBudget
    | ReplicationController
    | Secret
    | Service
    | ServiceAccount
)
"""An object of any served kind."""
