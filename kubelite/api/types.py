"""The shapes of API objects as TypedDicts, for type checkers only: import them under `TYPE_CHECKING`.

Written by `python -m kubelite.api.generate 1.36`; do not edit. A type that two groups name alike has
its group before the name, except in the core group; of two versions the older one
has its version there. Times and quantities are text.
"""

from __future__ import annotations

from typing import Any, Required, TypeAlias, TypedDict


class APIService(TypedDict, total=False):
    """APIService of kube-aggregator.pkg.apis.apiregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: APIServiceSpec
    status: APIServiceStatus


class APIServiceCondition(TypedDict, total=False):
    """APIServiceCondition of kube-aggregator.pkg.apis.apiregistration.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class APIServiceSpec(TypedDict, total=False):
    """APIServiceSpec of kube-aggregator.pkg.apis.apiregistration.v1."""

    service: ApiregistrationServiceReference
    group: str
    version: str
    insecureSkipTLSVerify: bool
    caBundle: str
    groupPriorityMinimum: Required[int]
    versionPriority: Required[int]


class APIServiceStatus(TypedDict, total=False):
    """APIServiceStatus of kube-aggregator.pkg.apis.apiregistration.v1."""

    conditions: list[APIServiceCondition]


class AWSElasticBlockStoreVolumeSource(TypedDict, total=False):
    """AWSElasticBlockStoreVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    partition: int
    readOnly: bool


class AdmissionregistrationServiceReference(TypedDict, total=False):
    """AdmissionregistrationServiceReference of admissionregistration.v1."""

    namespace: Required[str]
    name: Required[str]
    path: str
    port: int


class AdmissionregistrationWebhookClientConfig(TypedDict, total=False):
    """AdmissionregistrationWebhookClientConfig of admissionregistration.v1."""

    service: AdmissionregistrationServiceReference
    caBundle: str
    url: str


class Affinity(TypedDict, total=False):
    """Affinity of core.v1."""

    nodeAffinity: NodeAffinity
    podAffinity: PodAffinity
    podAntiAffinity: PodAntiAffinity


class AggregationRule(TypedDict, total=False):
    """AggregationRule of rbac.v1."""

    clusterRoleSelectors: list[LabelSelector]


class AllocatedDeviceStatus(TypedDict, total=False):
    """AllocatedDeviceStatus of resource.v1."""

    driver: Required[str]
    pool: Required[str]
    device: Required[str]
    conditions: list[Condition]
    data: dict[str, Any]
    networkData: NetworkDeviceData
    shareID: str


class AllocationResult(TypedDict, total=False):
    """AllocationResult of resource.v1."""

    devices: DeviceAllocationResult
    nodeSelector: NodeSelector
    allocationTimestamp: str


class ApiextensionsServiceReference(TypedDict, total=False):
    """ApiextensionsServiceReference of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    namespace: Required[str]
    name: Required[str]
    path: str
    port: int


class ApiextensionsWebhookClientConfig(TypedDict, total=False):
    """ApiextensionsWebhookClientConfig of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    service: ApiextensionsServiceReference
    caBundle: str
    url: str


class ApiregistrationServiceReference(TypedDict, total=False):
    """ApiregistrationServiceReference of kube-aggregator.pkg.apis.apiregistration.v1."""

    namespace: str
    name: str
    port: int


class AppArmorProfile(TypedDict, total=False):
    """AppArmorProfile of core.v1."""

    type: Required[str]
    localhostProfile: str


class ApplyConfiguration(TypedDict, total=False):
    """ApplyConfiguration of admissionregistration.v1."""

    expression: str


class AttachedVolume(TypedDict, total=False):
    """AttachedVolume of core.v1."""

    name: Required[str]
    devicePath: Required[str]


class AuditAnnotation(TypedDict, total=False):
    """AuditAnnotation of admissionregistration.v1."""

    key: Required[str]
    valueExpression: Required[str]


class AzureDiskVolumeSource(TypedDict, total=False):
    """AzureDiskVolumeSource of core.v1."""

    kind: str
    diskName: Required[str]
    diskURI: Required[str]
    cachingMode: str
    fsType: str
    readOnly: bool


class AzureFilePersistentVolumeSource(TypedDict, total=False):
    """AzureFilePersistentVolumeSource of core.v1."""

    secretName: Required[str]
    shareName: Required[str]
    readOnly: bool
    secretNamespace: str


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


class CELDeviceSelector(TypedDict, total=False):
    """CELDeviceSelector of resource.v1."""

    expression: Required[str]


class CSIDriver(TypedDict, total=False):
    """CSIDriver of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[CSIDriverSpec]


class CSIDriverSpec(TypedDict, total=False):
    """CSIDriverSpec of storage.v1."""

    attachRequired: bool
    podInfoOnMount: bool
    volumeLifecycleModes: list[str]
    storageCapacity: bool
    fsGroupPolicy: str
    tokenRequests: list[TokenRequest]
    requiresRepublish: bool
    seLinuxMount: bool
    nodeAllocatableUpdatePeriodSeconds: int
    serviceAccountTokenInSecrets: bool
    preventPodSchedulingIfMissing: bool


class CSINode(TypedDict, total=False):
    """CSINode of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[CSINodeSpec]


class CSINodeDriver(TypedDict, total=False):
    """CSINodeDriver of storage.v1."""

    name: Required[str]
    nodeID: Required[str]
    topologyKeys: list[str]
    allocatable: VolumeNodeResources


class CSINodeSpec(TypedDict, total=False):
    """CSINodeSpec of storage.v1."""

    drivers: Required[list[CSINodeDriver]]


class CSIPersistentVolumeSource(TypedDict, total=False):
    """CSIPersistentVolumeSource of core.v1."""

    driver: Required[str]
    volumeHandle: Required[str]
    readOnly: bool
    fsType: str
    volumeAttributes: dict[str, str]
    controllerPublishSecretRef: SecretReference
    nodeStageSecretRef: SecretReference
    nodePublishSecretRef: SecretReference
    controllerExpandSecretRef: SecretReference
    nodeExpandSecretRef: SecretReference


class CSIStorageCapacity(TypedDict, total=False):
    """CSIStorageCapacity of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    nodeTopology: LabelSelector
    storageClassName: Required[str]
    capacity: str
    maximumVolumeSize: str


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


class CapacityRequestPolicy(TypedDict, total=False):
    """CapacityRequestPolicy of resource.v1."""

    default: str
    validValues: list[str]
    validRange: CapacityRequestPolicyRange


class CapacityRequestPolicyRange(TypedDict, total=False):
    """CapacityRequestPolicyRange of resource.v1."""

    min: Required[str]
    max: str
    step: str


class CapacityRequirements(TypedDict, total=False):
    """CapacityRequirements of resource.v1."""

    requests: dict[str, str]


class CephFSPersistentVolumeSource(TypedDict, total=False):
    """CephFSPersistentVolumeSource of core.v1."""

    monitors: Required[list[str]]
    path: str
    user: str
    secretFile: str
    secretRef: SecretReference
    readOnly: bool


class CephFSVolumeSource(TypedDict, total=False):
    """CephFSVolumeSource of core.v1."""

    monitors: Required[list[str]]
    path: str
    user: str
    secretFile: str
    secretRef: LocalObjectReference
    readOnly: bool


class CertificateSigningRequest(TypedDict, total=False):
    """CertificateSigningRequest of certificates.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[CertificateSigningRequestSpec]
    status: CertificateSigningRequestStatus


class CertificateSigningRequestCondition(TypedDict, total=False):
    """CertificateSigningRequestCondition of certificates.v1."""

    type: Required[str]
    reason: str
    message: str
    lastUpdateTime: str
    lastTransitionTime: str
    status: Required[str]


class CertificateSigningRequestSpec(TypedDict, total=False):
    """CertificateSigningRequestSpec of certificates.v1."""

    request: Required[str]
    username: str
    uid: str
    groups: list[str]
    usages: list[str]
    extra: dict[str, list[str]]
    signerName: Required[str]
    expirationSeconds: int


class CertificateSigningRequestStatus(TypedDict, total=False):
    """CertificateSigningRequestStatus of certificates.v1."""

    conditions: list[CertificateSigningRequestCondition]
    certificate: str


class CinderPersistentVolumeSource(TypedDict, total=False):
    """CinderPersistentVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    readOnly: bool
    secretRef: SecretReference


class CinderVolumeSource(TypedDict, total=False):
    """CinderVolumeSource of core.v1."""

    volumeID: Required[str]
    fsType: str
    readOnly: bool
    secretRef: LocalObjectReference


class ClientIPConfig(TypedDict, total=False):
    """ClientIPConfig of core.v1."""

    timeoutSeconds: int


class ClusterRole(TypedDict, total=False):
    """ClusterRole of rbac.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    rules: list[PolicyRule]
    aggregationRule: AggregationRule


class ClusterRoleBinding(TypedDict, total=False):
    """ClusterRoleBinding of rbac.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    subjects: list[RbacSubject]
    roleRef: Required[RoleRef]


class ClusterTrustBundleProjection(TypedDict, total=False):
    """ClusterTrustBundleProjection of core.v1."""

    name: str
    signerName: str
    labelSelector: LabelSelector
    path: Required[str]
    optional: bool


class ComponentCondition(TypedDict, total=False):
    """ComponentCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    message: str
    error: str


class ComponentStatus(TypedDict, total=False):
    """ComponentStatus of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    conditions: list[ComponentCondition]


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


class ContainerResourceMetricSource(TypedDict, total=False):
    """ContainerResourceMetricSource of autoscaling.v2."""

    name: Required[str]
    target: Required[MetricTarget]
    container: Required[str]


class ContainerResourceMetricStatus(TypedDict, total=False):
    """ContainerResourceMetricStatus of autoscaling.v2."""

    name: Required[str]
    current: Required[MetricValueStatus]
    container: Required[str]


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


class ControllerRevision(TypedDict, total=False):
    """ControllerRevision of apps.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    data: dict[str, Any]
    revision: Required[int]


class Counter(TypedDict, total=False):
    """Counter of resource.v1."""

    value: Required[str]


class CounterSet(TypedDict, total=False):
    """CounterSet of resource.v1."""

    name: Required[str]
    counters: Required[dict[str, Counter]]


class CronJob(TypedDict, total=False):
    """CronJob of batch.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[CronJobSpec]
    status: CronJobStatus


class CronJobSpec(TypedDict, total=False):
    """CronJobSpec of batch.v1."""

    schedule: Required[str]
    startingDeadlineSeconds: int
    concurrencyPolicy: str
    suspend: bool
    jobTemplate: Required[JobTemplateSpec]
    successfulJobsHistoryLimit: int
    failedJobsHistoryLimit: int
    timeZone: str


class CronJobStatus(TypedDict, total=False):
    """CronJobStatus of batch.v1."""

    active: list[ObjectReference]
    lastScheduleTime: str
    lastSuccessfulTime: str


class CrossVersionObjectReference(TypedDict, total=False):
    """CrossVersionObjectReference of autoscaling.v2."""

    kind: Required[str]
    apiVersion: str
    name: Required[str]


class CustomResourceColumnDefinition(TypedDict, total=False):
    """CustomResourceColumnDefinition of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    name: Required[str]
    type: Required[str]
    format: str
    description: str
    priority: int
    jsonPath: Required[str]


class CustomResourceConversion(TypedDict, total=False):
    """CustomResourceConversion of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    strategy: Required[str]
    webhook: WebhookConversion


class CustomResourceDefinition(TypedDict, total=False):
    """CustomResourceDefinition of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[CustomResourceDefinitionSpec]
    status: CustomResourceDefinitionStatus


class CustomResourceDefinitionCondition(TypedDict, total=False):
    """CustomResourceDefinitionCondition of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str
    observedGeneration: int


class CustomResourceDefinitionNames(TypedDict, total=False):
    """CustomResourceDefinitionNames of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    kind: Required[str]
    plural: Required[str]
    singular: str
    shortNames: list[str]
    listKind: str
    categories: list[str]


class CustomResourceDefinitionSpec(TypedDict, total=False):
    """CustomResourceDefinitionSpec of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    group: Required[str]
    names: Required[CustomResourceDefinitionNames]
    scope: Required[str]
    versions: Required[list[CustomResourceDefinitionVersion]]
    conversion: CustomResourceConversion
    preserveUnknownFields: bool


class CustomResourceDefinitionStatus(TypedDict, total=False):
    """CustomResourceDefinitionStatus of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    conditions: list[CustomResourceDefinitionCondition]
    acceptedNames: CustomResourceDefinitionNames
    storedVersions: list[str]
    observedGeneration: int


class CustomResourceDefinitionVersion(TypedDict, total=False):
    """CustomResourceDefinitionVersion of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    name: Required[str]
    served: Required[bool]
    storage: Required[bool]
    schema: CustomResourceValidation
    subresources: CustomResourceSubresources
    additionalPrinterColumns: list[CustomResourceColumnDefinition]
    deprecated: bool
    deprecationWarning: str
    selectableFields: list[SelectableField]


class CustomResourceSubresourceScale(TypedDict, total=False):
    """CustomResourceSubresourceScale of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    specReplicasPath: Required[str]
    statusReplicasPath: Required[str]
    labelSelectorPath: str


class CustomResourceSubresources(TypedDict, total=False):
    """CustomResourceSubresources of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    status: dict[str, Any]
    scale: CustomResourceSubresourceScale


class CustomResourceValidation(TypedDict, total=False):
    """CustomResourceValidation of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    openAPIV3Schema: JSONSchemaProps


class DaemonEndpoint(TypedDict, total=False):
    """DaemonEndpoint of core.v1."""

    Port: Required[int]


class DaemonSet(TypedDict, total=False):
    """DaemonSet of apps.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: DaemonSetSpec
    status: DaemonSetStatus


class DaemonSetCondition(TypedDict, total=False):
    """DaemonSetCondition of apps.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class DaemonSetSpec(TypedDict, total=False):
    """DaemonSetSpec of apps.v1."""

    selector: Required[LabelSelector]
    template: Required[PodTemplateSpec]
    updateStrategy: DaemonSetUpdateStrategy
    minReadySeconds: int
    revisionHistoryLimit: int


class DaemonSetStatus(TypedDict, total=False):
    """DaemonSetStatus of apps.v1."""

    currentNumberScheduled: Required[int]
    numberMisscheduled: Required[int]
    desiredNumberScheduled: Required[int]
    numberReady: Required[int]
    observedGeneration: int
    updatedNumberScheduled: int
    numberAvailable: int
    numberUnavailable: int
    collisionCount: int
    conditions: list[DaemonSetCondition]


class DaemonSetUpdateStrategy(TypedDict, total=False):
    """DaemonSetUpdateStrategy of apps.v1."""

    type: str
    rollingUpdate: RollingUpdateDaemonSet


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


class Deployment(TypedDict, total=False):
    """Deployment of apps.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: DeploymentSpec
    status: DeploymentStatus


class DeploymentCondition(TypedDict, total=False):
    """DeploymentCondition of apps.v1."""

    type: Required[str]
    status: Required[str]
    reason: str
    message: str
    lastUpdateTime: str
    lastTransitionTime: str


class DeploymentSpec(TypedDict, total=False):
    """DeploymentSpec of apps.v1."""

    replicas: int
    selector: Required[LabelSelector]
    template: Required[PodTemplateSpec]
    strategy: DeploymentStrategy
    minReadySeconds: int
    revisionHistoryLimit: int
    paused: bool
    progressDeadlineSeconds: int


class DeploymentStatus(TypedDict, total=False):
    """DeploymentStatus of apps.v1."""

    observedGeneration: int
    replicas: int
    updatedReplicas: int
    availableReplicas: int
    unavailableReplicas: int
    conditions: list[DeploymentCondition]
    readyReplicas: int
    collisionCount: int
    terminatingReplicas: int


class DeploymentStrategy(TypedDict, total=False):
    """DeploymentStrategy of apps.v1."""

    type: str
    rollingUpdate: RollingUpdateDeployment


class Device(TypedDict, total=False):
    """Device of resource.v1."""

    name: Required[str]
    attributes: dict[str, DeviceAttribute]
    capacity: dict[str, DeviceCapacity]
    consumesCounters: list[DeviceCounterConsumption]
    nodeName: str
    nodeSelector: NodeSelector
    allNodes: bool
    taints: list[DeviceTaint]
    bindsToNode: bool
    bindingConditions: list[str]
    bindingFailureConditions: list[str]
    allowMultipleAllocations: bool
    nodeAllocatableResourceMappings: dict[str, NodeAllocatableResourceMapping]


class DeviceAllocationConfiguration(TypedDict, total=False):
    """DeviceAllocationConfiguration of resource.v1."""

    source: Required[str]
    requests: list[str]
    opaque: OpaqueDeviceConfiguration


class DeviceAllocationResult(TypedDict, total=False):
    """DeviceAllocationResult of resource.v1."""

    results: list[DeviceRequestAllocationResult]
    config: list[DeviceAllocationConfiguration]


class DeviceAttribute(TypedDict, total=False):
    """DeviceAttribute of resource.v1."""

    int: int
    bool: bool
    string: str
    version: str
    ints: list[int]
    bools: list[bool]
    strings: list[str]
    versions: list[str]


class DeviceCapacity(TypedDict, total=False):
    """DeviceCapacity of resource.v1."""

    value: Required[str]
    requestPolicy: CapacityRequestPolicy


class DeviceClaim(TypedDict, total=False):
    """DeviceClaim of resource.v1."""

    requests: list[DeviceRequest]
    constraints: list[DeviceConstraint]
    config: list[DeviceClaimConfiguration]


class DeviceClaimConfiguration(TypedDict, total=False):
    """DeviceClaimConfiguration of resource.v1."""

    requests: list[str]
    opaque: OpaqueDeviceConfiguration


class DeviceClass(TypedDict, total=False):
    """DeviceClass of resource.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[DeviceClassSpec]


class DeviceClassConfiguration(TypedDict, total=False):
    """DeviceClassConfiguration of resource.v1."""

    opaque: OpaqueDeviceConfiguration


class DeviceClassSpec(TypedDict, total=False):
    """DeviceClassSpec of resource.v1."""

    selectors: list[DeviceSelector]
    config: list[DeviceClassConfiguration]
    extendedResourceName: str


class DeviceConstraint(TypedDict, total=False):
    """DeviceConstraint of resource.v1."""

    requests: list[str]
    matchAttribute: str
    distinctAttribute: str


class DeviceCounterConsumption(TypedDict, total=False):
    """DeviceCounterConsumption of resource.v1."""

    counterSet: Required[str]
    counters: Required[dict[str, Counter]]


class DeviceRequest(TypedDict, total=False):
    """DeviceRequest of resource.v1."""

    name: Required[str]
    exactly: ExactDeviceRequest
    firstAvailable: list[DeviceSubRequest]


class DeviceRequestAllocationResult(TypedDict, total=False):
    """DeviceRequestAllocationResult of resource.v1."""

    request: Required[str]
    driver: Required[str]
    pool: Required[str]
    device: Required[str]
    adminAccess: bool
    tolerations: list[DeviceToleration]
    bindingConditions: list[str]
    bindingFailureConditions: list[str]
    shareID: str
    consumedCapacity: dict[str, str]


class DeviceSelector(TypedDict, total=False):
    """DeviceSelector of resource.v1."""

    cel: CELDeviceSelector


class DeviceSubRequest(TypedDict, total=False):
    """DeviceSubRequest of resource.v1."""

    name: Required[str]
    deviceClassName: Required[str]
    selectors: list[DeviceSelector]
    allocationMode: str
    count: int
    tolerations: list[DeviceToleration]
    capacity: CapacityRequirements


class DeviceTaint(TypedDict, total=False):
    """DeviceTaint of resource.v1."""

    key: Required[str]
    value: str
    effect: Required[str]
    timeAdded: str


class DeviceToleration(TypedDict, total=False):
    """DeviceToleration of resource.v1."""

    key: str
    operator: str
    value: str
    effect: str
    tolerationSeconds: int


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


class EventsEvent(TypedDict, total=False):
    """EventsEvent of events.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    eventTime: Required[str]
    series: EventsEventSeries
    reportingController: str
    reportingInstance: str
    action: str
    reason: str
    regarding: ObjectReference
    related: ObjectReference
    note: str
    type: str
    deprecatedSource: EventSource
    deprecatedFirstTimestamp: str
    deprecatedLastTimestamp: str
    deprecatedCount: int


class EventsEventSeries(TypedDict, total=False):
    """EventsEventSeries of events.v1."""

    count: Required[int]
    lastObservedTime: Required[str]


class Eviction(TypedDict, total=False):
    """Eviction of policy.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    deleteOptions: DeleteOptions


class ExactDeviceRequest(TypedDict, total=False):
    """ExactDeviceRequest of resource.v1."""

    deviceClassName: Required[str]
    selectors: list[DeviceSelector]
    allocationMode: str
    count: int
    adminAccess: bool
    tolerations: list[DeviceToleration]
    capacity: CapacityRequirements


class ExecAction(TypedDict, total=False):
    """ExecAction of core.v1."""

    command: list[str]


class ExemptPriorityLevelConfiguration(TypedDict, total=False):
    """ExemptPriorityLevelConfiguration of flowcontrol.v1."""

    nominalConcurrencyShares: int
    lendablePercent: int


class ExpressionWarning(TypedDict, total=False):
    """ExpressionWarning of admissionregistration.v1."""

    fieldRef: Required[str]
    warning: Required[str]


class ExternalDocumentation(TypedDict, total=False):
    """ExternalDocumentation of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    description: str
    url: str


class ExternalMetricSource(TypedDict, total=False):
    """ExternalMetricSource of autoscaling.v2."""

    metric: Required[MetricIdentifier]
    target: Required[MetricTarget]


class ExternalMetricStatus(TypedDict, total=False):
    """ExternalMetricStatus of autoscaling.v2."""

    metric: Required[MetricIdentifier]
    current: Required[MetricValueStatus]


class FCVolumeSource(TypedDict, total=False):
    """FCVolumeSource of core.v1."""

    targetWWNs: list[str]
    lun: int
    fsType: str
    readOnly: bool
    wwids: list[str]


class FieldSelectorAttributes(TypedDict, total=False):
    """FieldSelectorAttributes of authorization.v1."""

    rawSelector: str
    requirements: list[FieldSelectorRequirement]


class FieldSelectorRequirement(TypedDict, total=False):
    """FieldSelectorRequirement of meta.v1."""

    key: Required[str]
    operator: Required[str]
    values: list[str]


class FileKeySelector(TypedDict, total=False):
    """FileKeySelector of core.v1."""

    volumeName: Required[str]
    path: Required[str]
    key: Required[str]
    optional: bool


class FlexPersistentVolumeSource(TypedDict, total=False):
    """FlexPersistentVolumeSource of core.v1."""

    driver: Required[str]
    fsType: str
    secretRef: SecretReference
    readOnly: bool
    options: dict[str, str]


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


class FlowDistinguisherMethod(TypedDict, total=False):
    """FlowDistinguisherMethod of flowcontrol.v1."""

    type: Required[str]


class FlowSchema(TypedDict, total=False):
    """FlowSchema of flowcontrol.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: FlowSchemaSpec
    status: FlowSchemaStatus


class FlowSchemaCondition(TypedDict, total=False):
    """FlowSchemaCondition of flowcontrol.v1."""

    type: str
    status: str
    lastTransitionTime: str
    reason: str
    message: str


class FlowSchemaSpec(TypedDict, total=False):
    """FlowSchemaSpec of flowcontrol.v1."""

    priorityLevelConfiguration: Required[PriorityLevelConfigurationReference]
    matchingPrecedence: int
    distinguisherMethod: FlowDistinguisherMethod
    rules: list[PolicyRulesWithSubjects]


class FlowSchemaStatus(TypedDict, total=False):
    """FlowSchemaStatus of flowcontrol.v1."""

    conditions: list[FlowSchemaCondition]


class FlowcontrolSubject(TypedDict, total=False):
    """FlowcontrolSubject of flowcontrol.v1."""

    kind: Required[str]
    user: UserSubject
    group: GroupSubject
    serviceAccount: ServiceAccountSubject


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


class GlusterfsPersistentVolumeSource(TypedDict, total=False):
    """GlusterfsPersistentVolumeSource of core.v1."""

    endpoints: Required[str]
    path: Required[str]
    readOnly: bool
    endpointsNamespace: str


class GlusterfsVolumeSource(TypedDict, total=False):
    """GlusterfsVolumeSource of core.v1."""

    endpoints: Required[str]
    path: Required[str]
    readOnly: bool


class GroupSubject(TypedDict, total=False):
    """GroupSubject of flowcontrol.v1."""

    name: Required[str]


class HPAScalingPolicy(TypedDict, total=False):
    """HPAScalingPolicy of autoscaling.v2."""

    type: Required[str]
    value: Required[int]
    periodSeconds: Required[int]


class HPAScalingRules(TypedDict, total=False):
    """HPAScalingRules of autoscaling.v2."""

    selectPolicy: str
    policies: list[HPAScalingPolicy]
    stabilizationWindowSeconds: int
    tolerance: str


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


class HTTPIngressPath(TypedDict, total=False):
    """HTTPIngressPath of networking.v1."""

    path: str
    backend: Required[IngressBackend]
    pathType: Required[str]


class HTTPIngressRuleValue(TypedDict, total=False):
    """HTTPIngressRuleValue of networking.v1."""

    paths: Required[list[HTTPIngressPath]]


class HorizontalPodAutoscaler(TypedDict, total=False):
    """HorizontalPodAutoscaler of autoscaling.v2."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[HorizontalPodAutoscalerSpec]
    status: HorizontalPodAutoscalerStatus


class HorizontalPodAutoscalerBehavior(TypedDict, total=False):
    """HorizontalPodAutoscalerBehavior of autoscaling.v2."""

    scaleUp: HPAScalingRules
    scaleDown: HPAScalingRules


class HorizontalPodAutoscalerCondition(TypedDict, total=False):
    """HorizontalPodAutoscalerCondition of autoscaling.v2."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class HorizontalPodAutoscalerSpec(TypedDict, total=False):
    """HorizontalPodAutoscalerSpec of autoscaling.v2."""

    scaleTargetRef: Required[CrossVersionObjectReference]
    minReplicas: int
    maxReplicas: Required[int]
    metrics: list[MetricSpec]
    behavior: HorizontalPodAutoscalerBehavior


class HorizontalPodAutoscalerStatus(TypedDict, total=False):
    """HorizontalPodAutoscalerStatus of autoscaling.v2."""

    observedGeneration: int
    lastScaleTime: str
    currentReplicas: int
    desiredReplicas: Required[int]
    currentMetrics: list[MetricStatus]
    conditions: list[HorizontalPodAutoscalerCondition]


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


class IPAddress(TypedDict, total=False):
    """IPAddress of networking.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[IPAddressSpec]


class IPAddressSpec(TypedDict, total=False):
    """IPAddressSpec of networking.v1."""

    parentRef: Required[ParentReference]


IPBlock = TypedDict(
    "IPBlock",
    {
        "cidr": "Required[str]",
        "except": "list[str]",
    },
    total=False,
)


class ISCSIPersistentVolumeSource(TypedDict, total=False):
    """ISCSIPersistentVolumeSource of core.v1."""

    targetPortal: Required[str]
    iqn: Required[str]
    lun: Required[int]
    iscsiInterface: str
    fsType: str
    readOnly: bool
    portals: list[str]
    chapAuthDiscovery: bool
    secretRef: SecretReference
    chapAuthSession: bool
    initiatorName: str


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


class Ingress(TypedDict, total=False):
    """Ingress of networking.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: IngressSpec
    status: IngressStatus


class IngressBackend(TypedDict, total=False):
    """IngressBackend of networking.v1."""

    resource: TypedLocalObjectReference
    service: IngressServiceBackend


class IngressClass(TypedDict, total=False):
    """IngressClass of networking.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: IngressClassSpec


class IngressClassParametersReference(TypedDict, total=False):
    """IngressClassParametersReference of networking.v1."""

    kind: Required[str]
    apiGroup: str
    name: Required[str]
    scope: str
    namespace: str


class IngressClassSpec(TypedDict, total=False):
    """IngressClassSpec of networking.v1."""

    controller: str
    parameters: IngressClassParametersReference


class IngressLoadBalancerIngress(TypedDict, total=False):
    """IngressLoadBalancerIngress of networking.v1."""

    ip: str
    hostname: str
    ports: list[IngressPortStatus]


class IngressLoadBalancerStatus(TypedDict, total=False):
    """IngressLoadBalancerStatus of networking.v1."""

    ingress: list[IngressLoadBalancerIngress]


class IngressPortStatus(TypedDict, total=False):
    """IngressPortStatus of networking.v1."""

    port: Required[int]
    protocol: Required[str]
    error: str


class IngressRule(TypedDict, total=False):
    """IngressRule of networking.v1."""

    host: str
    http: HTTPIngressRuleValue


class IngressServiceBackend(TypedDict, total=False):
    """IngressServiceBackend of networking.v1."""

    name: Required[str]
    port: ServiceBackendPort


class IngressSpec(TypedDict, total=False):
    """IngressSpec of networking.v1."""

    defaultBackend: IngressBackend
    tls: list[IngressTLS]
    rules: list[IngressRule]
    ingressClassName: str


class IngressStatus(TypedDict, total=False):
    """IngressStatus of networking.v1."""

    loadBalancer: IngressLoadBalancerStatus


class IngressTLS(TypedDict, total=False):
    """IngressTLS of networking.v1."""

    hosts: list[str]
    secretName: str


class JSONPatch(TypedDict, total=False):
    """JSONPatch of admissionregistration.v1."""

    expression: str


JSONSchemaProps = TypedDict(
    "JSONSchemaProps",
    {
        "id": "str",
        "description": "str",
        "type": "str",
        "format": "str",
        "title": "str",
        "default": "Any",
        "maximum": "float",
        "exclusiveMaximum": "bool",
        "minimum": "float",
        "exclusiveMinimum": "bool",
        "maxLength": "int",
        "minLength": "int",
        "pattern": "str",
        "maxItems": "int",
        "minItems": "int",
        "uniqueItems": "bool",
        "multipleOf": "float",
        "enum": "list[Any]",
        "maxProperties": "int",
        "minProperties": "int",
        "required": "list[str]",
        "items": "Any",
        "allOf": "list[JSONSchemaProps]",
        "oneOf": "list[JSONSchemaProps]",
        "anyOf": "list[JSONSchemaProps]",
        "not": "JSONSchemaProps",
        "properties": "dict[str, JSONSchemaProps]",
        "additionalProperties": "Any",
        "patternProperties": "dict[str, JSONSchemaProps]",
        "dependencies": "dict[str, Any]",
        "additionalItems": "Any",
        "definitions": "dict[str, JSONSchemaProps]",
        "externalDocs": "ExternalDocumentation",
        "example": "Any",
        "nullable": "bool",
        "$ref": "str",
        "$schema": "str",
        "x-kubernetes-embedded-resource": "bool",
        "x-kubernetes-int-or-string": "bool",
        "x-kubernetes-list-map-keys": "list[str]",
        "x-kubernetes-list-type": "str",
        "x-kubernetes-map-type": "str",
        "x-kubernetes-preserve-unknown-fields": "bool",
        "x-kubernetes-validations": "list[ValidationRule]",
    },
    total=False,
)


class Job(TypedDict, total=False):
    """Job of batch.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: JobSpec
    status: JobStatus


class JobCondition(TypedDict, total=False):
    """JobCondition of batch.v1."""

    type: Required[str]
    status: Required[str]
    lastProbeTime: str
    lastTransitionTime: str
    reason: str
    message: str


class JobSpec(TypedDict, total=False):
    """JobSpec of batch.v1."""

    parallelism: int
    completions: int
    activeDeadlineSeconds: int
    selector: LabelSelector
    manualSelector: bool
    template: Required[PodTemplateSpec]
    backoffLimit: int
    ttlSecondsAfterFinished: int
    completionMode: str
    suspend: bool
    podFailurePolicy: PodFailurePolicy
    backoffLimitPerIndex: int
    maxFailedIndexes: int
    podReplacementPolicy: str
    managedBy: str
    successPolicy: SuccessPolicy


class JobStatus(TypedDict, total=False):
    """JobStatus of batch.v1."""

    conditions: list[JobCondition]
    startTime: str
    completionTime: str
    active: int
    succeeded: int
    failed: int
    completedIndexes: str
    uncountedTerminatedPods: UncountedTerminatedPods
    ready: int
    failedIndexes: str
    terminating: int


class JobTemplateSpec(TypedDict, total=False):
    """JobTemplateSpec of batch.v1."""

    metadata: ObjectMeta
    spec: JobSpec


class KeyToPath(TypedDict, total=False):
    """KeyToPath of core.v1."""

    key: Required[str]
    path: Required[str]
    mode: int


class LabelSelector(TypedDict, total=False):
    """LabelSelector of meta.v1."""

    matchLabels: dict[str, str]
    matchExpressions: list[LabelSelectorRequirement]


class LabelSelectorAttributes(TypedDict, total=False):
    """LabelSelectorAttributes of authorization.v1."""

    rawSelector: str
    requirements: list[LabelSelectorRequirement]


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


class LimitRange(TypedDict, total=False):
    """LimitRange of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: LimitRangeSpec


class LimitRangeItem(TypedDict, total=False):
    """LimitRangeItem of core.v1."""

    type: Required[str]
    max: dict[str, str]
    min: dict[str, str]
    default: dict[str, str]
    defaultRequest: dict[str, str]
    maxLimitRequestRatio: dict[str, str]


class LimitRangeSpec(TypedDict, total=False):
    """LimitRangeSpec of core.v1."""

    limits: Required[list[LimitRangeItem]]


class LimitResponse(TypedDict, total=False):
    """LimitResponse of flowcontrol.v1."""

    type: Required[str]
    queuing: QueuingConfiguration


class LimitedPriorityLevelConfiguration(TypedDict, total=False):
    """LimitedPriorityLevelConfiguration of flowcontrol.v1."""

    nominalConcurrencyShares: int
    limitResponse: LimitResponse
    lendablePercent: int
    borrowingLimitPercent: int


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


class LocalSubjectAccessReview(TypedDict, total=False):
    """LocalSubjectAccessReview of authorization.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[SubjectAccessReviewSpec]
    status: SubjectAccessReviewStatus


class LocalVolumeSource(TypedDict, total=False):
    """LocalVolumeSource of core.v1."""

    path: Required[str]
    fsType: str


class ManagedFieldsEntry(TypedDict, total=False):
    """ManagedFieldsEntry of meta.v1."""

    apiVersion: str
    manager: str
    operation: str
    time: str
    fieldsType: str
    fieldsV1: dict[str, Any]
    subresource: str


class MatchCondition(TypedDict, total=False):
    """MatchCondition of admissionregistration.v1."""

    name: Required[str]
    expression: Required[str]


class MatchResources(TypedDict, total=False):
    """MatchResources of admissionregistration.v1."""

    namespaceSelector: LabelSelector
    objectSelector: LabelSelector
    resourceRules: list[NamedRuleWithOperations]
    excludeResourceRules: list[NamedRuleWithOperations]
    matchPolicy: str


class MetricIdentifier(TypedDict, total=False):
    """MetricIdentifier of autoscaling.v2."""

    name: Required[str]
    selector: LabelSelector


class MetricSpec(TypedDict, total=False):
    """MetricSpec of autoscaling.v2."""

    type: Required[str]
    object: ObjectMetricSource
    pods: PodsMetricSource
    resource: ResourceMetricSource
    external: ExternalMetricSource
    containerResource: ContainerResourceMetricSource


class MetricStatus(TypedDict, total=False):
    """MetricStatus of autoscaling.v2."""

    type: Required[str]
    object: ObjectMetricStatus
    pods: PodsMetricStatus
    resource: ResourceMetricStatus
    external: ExternalMetricStatus
    containerResource: ContainerResourceMetricStatus


class MetricTarget(TypedDict, total=False):
    """MetricTarget of autoscaling.v2."""

    type: Required[str]
    value: str
    averageValue: str
    averageUtilization: int


class MetricValueStatus(TypedDict, total=False):
    """MetricValueStatus of autoscaling.v2."""

    value: str
    averageValue: str
    averageUtilization: int


class ModifyVolumeStatus(TypedDict, total=False):
    """ModifyVolumeStatus of core.v1."""

    targetVolumeAttributesClassName: str
    status: Required[str]


class MutatingAdmissionPolicy(TypedDict, total=False):
    """MutatingAdmissionPolicy of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: MutatingAdmissionPolicySpec


class MutatingAdmissionPolicyBinding(TypedDict, total=False):
    """MutatingAdmissionPolicyBinding of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: MutatingAdmissionPolicyBindingSpec


class MutatingAdmissionPolicyBindingSpec(TypedDict, total=False):
    """MutatingAdmissionPolicyBindingSpec of admissionregistration.v1."""

    policyName: str
    paramRef: ParamRef
    matchResources: MatchResources


class MutatingAdmissionPolicySpec(TypedDict, total=False):
    """MutatingAdmissionPolicySpec of admissionregistration.v1."""

    paramKind: ParamKind
    matchConstraints: MatchResources
    variables: list[Variable]
    mutations: list[Mutation]
    failurePolicy: str
    matchConditions: list[MatchCondition]
    reinvocationPolicy: str


class MutatingWebhook(TypedDict, total=False):
    """MutatingWebhook of admissionregistration.v1."""

    name: Required[str]
    clientConfig: Required[AdmissionregistrationWebhookClientConfig]
    rules: list[RuleWithOperations]
    failurePolicy: str
    namespaceSelector: LabelSelector
    sideEffects: Required[str]
    timeoutSeconds: int
    admissionReviewVersions: Required[list[str]]
    matchPolicy: str
    reinvocationPolicy: str
    objectSelector: LabelSelector
    matchConditions: list[MatchCondition]


class MutatingWebhookConfiguration(TypedDict, total=False):
    """MutatingWebhookConfiguration of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    webhooks: list[MutatingWebhook]


class Mutation(TypedDict, total=False):
    """Mutation of admissionregistration.v1."""

    patchType: Required[str]
    applyConfiguration: ApplyConfiguration
    jsonPatch: JSONPatch


class NFSVolumeSource(TypedDict, total=False):
    """NFSVolumeSource of core.v1."""

    server: Required[str]
    path: Required[str]
    readOnly: bool


class NamedRuleWithOperations(TypedDict, total=False):
    """NamedRuleWithOperations of admissionregistration.v1."""

    resourceNames: list[str]
    operations: list[str]
    apiGroups: list[str]
    apiVersions: list[str]
    resources: list[str]
    scope: str


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


class NetworkDeviceData(TypedDict, total=False):
    """NetworkDeviceData of resource.v1."""

    interfaceName: str
    ips: list[str]
    hardwareAddress: str


class NetworkPolicy(TypedDict, total=False):
    """NetworkPolicy of networking.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: NetworkPolicySpec


class NetworkPolicyEgressRule(TypedDict, total=False):
    """NetworkPolicyEgressRule of networking.v1."""

    ports: list[NetworkPolicyPort]
    to: list[NetworkPolicyPeer]


NetworkPolicyIngressRule = TypedDict(
    "NetworkPolicyIngressRule",
    {
        "ports": "list[NetworkPolicyPort]",
        "from": "list[NetworkPolicyPeer]",
    },
    total=False,
)


class NetworkPolicyPeer(TypedDict, total=False):
    """NetworkPolicyPeer of networking.v1."""

    podSelector: LabelSelector
    namespaceSelector: LabelSelector
    ipBlock: IPBlock


class NetworkPolicyPort(TypedDict, total=False):
    """NetworkPolicyPort of networking.v1."""

    protocol: str
    port: int | str
    endPort: int


class NetworkPolicySpec(TypedDict, total=False):
    """NetworkPolicySpec of networking.v1."""

    podSelector: LabelSelector
    ingress: list[NetworkPolicyIngressRule]
    egress: list[NetworkPolicyEgressRule]
    policyTypes: list[str]


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


class NodeAllocatableResourceMapping(TypedDict, total=False):
    """NodeAllocatableResourceMapping of resource.v1."""

    allocationMultiplier: str
    capacityKey: str


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


class NonResourceAttributes(TypedDict, total=False):
    """NonResourceAttributes of authorization.v1."""

    path: str
    verb: str


class NonResourcePolicyRule(TypedDict, total=False):
    """NonResourcePolicyRule of flowcontrol.v1."""

    verbs: Required[list[str]]
    nonResourceURLs: Required[list[str]]


class NonResourceRule(TypedDict, total=False):
    """NonResourceRule of authorization.v1."""

    verbs: Required[list[str]]
    nonResourceURLs: list[str]


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


class ObjectMetricSource(TypedDict, total=False):
    """ObjectMetricSource of autoscaling.v2."""

    describedObject: Required[CrossVersionObjectReference]
    target: Required[MetricTarget]
    metric: Required[MetricIdentifier]


class ObjectMetricStatus(TypedDict, total=False):
    """ObjectMetricStatus of autoscaling.v2."""

    metric: Required[MetricIdentifier]
    current: Required[MetricValueStatus]
    describedObject: Required[CrossVersionObjectReference]


class ObjectReference(TypedDict, total=False):
    """ObjectReference of core.v1."""

    kind: str
    apiVersion: str
    namespace: str
    name: str
    uid: str
    resourceVersion: str
    fieldPath: str


class OpaqueDeviceConfiguration(TypedDict, total=False):
    """OpaqueDeviceConfiguration of resource.v1."""

    driver: Required[str]
    parameters: Required[dict[str, Any]]


class Overhead(TypedDict, total=False):
    """Overhead of node.v1."""

    podFixed: dict[str, str]


class OwnerReference(TypedDict, total=False):
    """OwnerReference of meta.v1."""

    kind: Required[str]
    apiVersion: Required[str]
    name: Required[str]
    uid: Required[str]
    controller: bool
    blockOwnerDeletion: bool


class ParamKind(TypedDict, total=False):
    """ParamKind of admissionregistration.v1."""

    kind: str
    apiVersion: str


class ParamRef(TypedDict, total=False):
    """ParamRef of admissionregistration.v1."""

    name: str
    namespace: str
    selector: LabelSelector
    parameterNotFoundAction: str


class ParentReference(TypedDict, total=False):
    """ParentReference of networking.v1."""

    group: str
    resource: Required[str]
    namespace: str
    name: Required[str]


class PersistentVolume(TypedDict, total=False):
    """PersistentVolume of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: PersistentVolumeSpec
    status: PersistentVolumeStatus


class PersistentVolumeClaim(TypedDict, total=False):
    """PersistentVolumeClaim of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: PersistentVolumeClaimSpec
    status: PersistentVolumeClaimStatus


class PersistentVolumeClaimCondition(TypedDict, total=False):
    """PersistentVolumeClaimCondition of core.v1."""

    type: Required[str]
    status: Required[str]
    lastProbeTime: str
    lastTransitionTime: str
    reason: str
    message: str


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


class PersistentVolumeClaimStatus(TypedDict, total=False):
    """PersistentVolumeClaimStatus of core.v1."""

    phase: str
    accessModes: list[str]
    capacity: dict[str, str]
    conditions: list[PersistentVolumeClaimCondition]
    allocatedResources: dict[str, str]
    allocatedResourceStatuses: dict[str, str]
    currentVolumeAttributesClassName: str
    modifyVolumeStatus: ModifyVolumeStatus


class PersistentVolumeClaimTemplate(TypedDict, total=False):
    """PersistentVolumeClaimTemplate of core.v1."""

    metadata: ObjectMeta
    spec: Required[PersistentVolumeClaimSpec]


class PersistentVolumeClaimVolumeSource(TypedDict, total=False):
    """PersistentVolumeClaimVolumeSource of core.v1."""

    claimName: Required[str]
    readOnly: bool


class PersistentVolumeSpec(TypedDict, total=False):
    """PersistentVolumeSpec of core.v1."""

    capacity: dict[str, str]
    gcePersistentDisk: GCEPersistentDiskVolumeSource
    awsElasticBlockStore: AWSElasticBlockStoreVolumeSource
    hostPath: HostPathVolumeSource
    glusterfs: GlusterfsPersistentVolumeSource
    nfs: NFSVolumeSource
    rbd: RBDPersistentVolumeSource
    iscsi: ISCSIPersistentVolumeSource
    cinder: CinderPersistentVolumeSource
    cephfs: CephFSPersistentVolumeSource
    fc: FCVolumeSource
    flocker: FlockerVolumeSource
    flexVolume: FlexPersistentVolumeSource
    azureFile: AzureFilePersistentVolumeSource
    vsphereVolume: VsphereVirtualDiskVolumeSource
    quobyte: QuobyteVolumeSource
    azureDisk: AzureDiskVolumeSource
    photonPersistentDisk: PhotonPersistentDiskVolumeSource
    portworxVolume: PortworxVolumeSource
    scaleIO: ScaleIOPersistentVolumeSource
    local: LocalVolumeSource
    storageos: StorageOSPersistentVolumeSource
    csi: CSIPersistentVolumeSource
    accessModes: list[str]
    claimRef: ObjectReference
    persistentVolumeReclaimPolicy: str
    storageClassName: str
    mountOptions: list[str]
    volumeMode: str
    nodeAffinity: VolumeNodeAffinity
    volumeAttributesClassName: str


class PersistentVolumeStatus(TypedDict, total=False):
    """PersistentVolumeStatus of core.v1."""

    phase: str
    message: str
    reason: str
    lastPhaseTransitionTime: str


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


class PodFailurePolicy(TypedDict, total=False):
    """PodFailurePolicy of batch.v1."""

    rules: Required[list[PodFailurePolicyRule]]


class PodFailurePolicyOnExitCodesRequirement(TypedDict, total=False):
    """PodFailurePolicyOnExitCodesRequirement of batch.v1."""

    containerName: str
    operator: Required[str]
    values: Required[list[int]]


class PodFailurePolicyOnPodConditionsPattern(TypedDict, total=False):
    """PodFailurePolicyOnPodConditionsPattern of batch.v1."""

    type: Required[str]
    status: str


class PodFailurePolicyRule(TypedDict, total=False):
    """PodFailurePolicyRule of batch.v1."""

    action: Required[str]
    onExitCodes: PodFailurePolicyOnExitCodesRequirement
    onPodConditions: list[PodFailurePolicyOnPodConditionsPattern]


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


class PodTemplate(TypedDict, total=False):
    """PodTemplate of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    template: PodTemplateSpec


class PodTemplateSpec(TypedDict, total=False):
    """PodTemplateSpec of core.v1."""

    metadata: ObjectMeta
    spec: PodSpec


class PodsMetricSource(TypedDict, total=False):
    """PodsMetricSource of autoscaling.v2."""

    metric: Required[MetricIdentifier]
    target: Required[MetricTarget]


class PodsMetricStatus(TypedDict, total=False):
    """PodsMetricStatus of autoscaling.v2."""

    metric: Required[MetricIdentifier]
    current: Required[MetricValueStatus]


class PolicyRule(TypedDict, total=False):
    """PolicyRule of rbac.v1."""

    verbs: Required[list[str]]
    apiGroups: list[str]
    resources: list[str]
    resourceNames: list[str]
    nonResourceURLs: list[str]


class PolicyRulesWithSubjects(TypedDict, total=False):
    """PolicyRulesWithSubjects of flowcontrol.v1."""

    subjects: Required[list[FlowcontrolSubject]]
    resourceRules: list[ResourcePolicyRule]
    nonResourceRules: list[NonResourcePolicyRule]


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


class PriorityClass(TypedDict, total=False):
    """PriorityClass of scheduling.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    value: int
    globalDefault: bool
    description: str
    preemptionPolicy: str


class PriorityLevelConfiguration(TypedDict, total=False):
    """PriorityLevelConfiguration of flowcontrol.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: PriorityLevelConfigurationSpec
    status: PriorityLevelConfigurationStatus


class PriorityLevelConfigurationCondition(TypedDict, total=False):
    """PriorityLevelConfigurationCondition of flowcontrol.v1."""

    type: str
    status: str
    lastTransitionTime: str
    reason: str
    message: str


class PriorityLevelConfigurationReference(TypedDict, total=False):
    """PriorityLevelConfigurationReference of flowcontrol.v1."""

    name: Required[str]


class PriorityLevelConfigurationSpec(TypedDict, total=False):
    """PriorityLevelConfigurationSpec of flowcontrol.v1."""

    type: Required[str]
    limited: LimitedPriorityLevelConfiguration
    exempt: ExemptPriorityLevelConfiguration


class PriorityLevelConfigurationStatus(TypedDict, total=False):
    """PriorityLevelConfigurationStatus of flowcontrol.v1."""

    conditions: list[PriorityLevelConfigurationCondition]


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


class QueuingConfiguration(TypedDict, total=False):
    """QueuingConfiguration of flowcontrol.v1."""

    queues: int
    handSize: int
    queueLengthLimit: int


class QuobyteVolumeSource(TypedDict, total=False):
    """QuobyteVolumeSource of core.v1."""

    registry: Required[str]
    volume: Required[str]
    readOnly: bool
    user: str
    group: str
    tenant: str


class RBDPersistentVolumeSource(TypedDict, total=False):
    """RBDPersistentVolumeSource of core.v1."""

    monitors: Required[list[str]]
    image: Required[str]
    fsType: str
    pool: str
    user: str
    keyring: str
    secretRef: SecretReference
    readOnly: bool


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


class RbacSubject(TypedDict, total=False):
    """RbacSubject of rbac.v1."""

    kind: Required[str]
    apiGroup: str
    name: Required[str]
    namespace: str


class ReplicaSet(TypedDict, total=False):
    """ReplicaSet of apps.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ReplicaSetSpec
    status: ReplicaSetStatus


class ReplicaSetCondition(TypedDict, total=False):
    """ReplicaSetCondition of apps.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class ReplicaSetSpec(TypedDict, total=False):
    """ReplicaSetSpec of apps.v1."""

    replicas: int
    selector: Required[LabelSelector]
    template: PodTemplateSpec
    minReadySeconds: int


class ReplicaSetStatus(TypedDict, total=False):
    """ReplicaSetStatus of apps.v1."""

    replicas: Required[int]
    fullyLabeledReplicas: int
    observedGeneration: int
    readyReplicas: int
    availableReplicas: int
    conditions: list[ReplicaSetCondition]
    terminatingReplicas: int


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


class ResourceAttributes(TypedDict, total=False):
    """ResourceAttributes of authorization.v1."""

    namespace: str
    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    name: str
    fieldSelector: FieldSelectorAttributes
    labelSelector: LabelSelectorAttributes


class ResourceClaim(TypedDict, total=False):
    """ResourceClaim of core.v1."""

    name: Required[str]
    request: str


class ResourceClaimConsumerReference(TypedDict, total=False):
    """ResourceClaimConsumerReference of resource.v1."""

    apiGroup: str
    resource: Required[str]
    name: Required[str]
    uid: Required[str]


class ResourceClaimSpec(TypedDict, total=False):
    """ResourceClaimSpec of resource.v1."""

    devices: DeviceClaim


class ResourceClaimStatus(TypedDict, total=False):
    """ResourceClaimStatus of resource.v1."""

    allocation: AllocationResult
    reservedFor: list[ResourceClaimConsumerReference]
    devices: list[AllocatedDeviceStatus]


class ResourceClaimTemplate(TypedDict, total=False):
    """ResourceClaimTemplate of resource.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[ResourceClaimTemplateSpec]


class ResourceClaimTemplateSpec(TypedDict, total=False):
    """ResourceClaimTemplateSpec of resource.v1."""

    metadata: ObjectMeta
    spec: Required[ResourceClaimSpec]


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


class ResourceMetricSource(TypedDict, total=False):
    """ResourceMetricSource of autoscaling.v2."""

    name: Required[str]
    target: Required[MetricTarget]


class ResourceMetricStatus(TypedDict, total=False):
    """ResourceMetricStatus of autoscaling.v2."""

    name: Required[str]
    current: Required[MetricValueStatus]


class ResourcePolicyRule(TypedDict, total=False):
    """ResourcePolicyRule of flowcontrol.v1."""

    verbs: Required[list[str]]
    apiGroups: Required[list[str]]
    resources: Required[list[str]]
    clusterScope: bool
    namespaces: list[str]


class ResourcePool(TypedDict, total=False):
    """ResourcePool of resource.v1."""

    name: Required[str]
    generation: Required[int]
    resourceSliceCount: Required[int]


class ResourceQuota(TypedDict, total=False):
    """ResourceQuota of core.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ResourceQuotaSpec
    status: ResourceQuotaStatus


class ResourceQuotaSpec(TypedDict, total=False):
    """ResourceQuotaSpec of core.v1."""

    hard: dict[str, str]
    scopes: list[str]
    scopeSelector: ScopeSelector


class ResourceQuotaStatus(TypedDict, total=False):
    """ResourceQuotaStatus of core.v1."""

    hard: dict[str, str]
    used: dict[str, str]


class ResourceRequirements(TypedDict, total=False):
    """ResourceRequirements of core.v1."""

    limits: dict[str, str]
    requests: dict[str, str]
    claims: list[ResourceClaim]


class ResourceResourceClaim(TypedDict, total=False):
    """ResourceResourceClaim of resource.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[ResourceClaimSpec]
    status: ResourceClaimStatus


class ResourceRule(TypedDict, total=False):
    """ResourceRule of authorization.v1."""

    verbs: Required[list[str]]
    apiGroups: list[str]
    resources: list[str]
    resourceNames: list[str]


class ResourceSlice(TypedDict, total=False):
    """ResourceSlice of resource.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[ResourceSliceSpec]


class ResourceSliceSpec(TypedDict, total=False):
    """ResourceSliceSpec of resource.v1."""

    driver: Required[str]
    pool: Required[ResourcePool]
    nodeName: str
    nodeSelector: NodeSelector
    allNodes: bool
    devices: list[Device]
    perDeviceNodeSelection: bool
    sharedCounters: list[CounterSet]


class ResourceStatus(TypedDict, total=False):
    """ResourceStatus of core.v1."""

    name: Required[str]
    resources: list[ResourceHealth]


class Role(TypedDict, total=False):
    """Role of rbac.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    rules: list[PolicyRule]


class RoleBinding(TypedDict, total=False):
    """RoleBinding of rbac.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    subjects: list[RbacSubject]
    roleRef: Required[RoleRef]


class RoleRef(TypedDict, total=False):
    """RoleRef of rbac.v1."""

    kind: Required[str]
    apiGroup: str
    name: Required[str]


class RollingUpdateDaemonSet(TypedDict, total=False):
    """RollingUpdateDaemonSet of apps.v1."""

    maxUnavailable: int | str
    maxSurge: int | str


class RollingUpdateDeployment(TypedDict, total=False):
    """RollingUpdateDeployment of apps.v1."""

    maxUnavailable: int | str
    maxSurge: int | str


class RollingUpdateStatefulSetStrategy(TypedDict, total=False):
    """RollingUpdateStatefulSetStrategy of apps.v1."""

    partition: int
    maxUnavailable: int | str


class RuleWithOperations(TypedDict, total=False):
    """RuleWithOperations of admissionregistration.v1."""

    operations: list[str]
    apiGroups: list[str]
    apiVersions: list[str]
    resources: list[str]
    scope: str


class RuntimeClass(TypedDict, total=False):
    """RuntimeClass of node.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    handler: Required[str]
    overhead: Overhead
    scheduling: Scheduling


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


class ScaleIOPersistentVolumeSource(TypedDict, total=False):
    """ScaleIOPersistentVolumeSource of core.v1."""

    gateway: Required[str]
    system: Required[str]
    secretRef: Required[SecretReference]
    sslEnabled: bool
    protectionDomain: str
    storagePool: str
    storageMode: str
    volumeName: str
    fsType: str
    readOnly: bool


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


class Scheduling(TypedDict, total=False):
    """Scheduling of node.v1."""

    nodeSelector: dict[str, str]
    tolerations: list[Toleration]


class ScopeSelector(TypedDict, total=False):
    """ScopeSelector of core.v1."""

    matchExpressions: list[ScopedResourceSelectorRequirement]


class ScopedResourceSelectorRequirement(TypedDict, total=False):
    """ScopedResourceSelectorRequirement of core.v1."""

    scopeName: Required[str]
    operator: Required[str]
    values: list[str]


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


class SecretReference(TypedDict, total=False):
    """SecretReference of core.v1."""

    name: str
    namespace: str


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


class SelectableField(TypedDict, total=False):
    """SelectableField of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    jsonPath: Required[str]


class SelfSubjectAccessReview(TypedDict, total=False):
    """SelfSubjectAccessReview of authorization.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[SelfSubjectAccessReviewSpec]
    status: SubjectAccessReviewStatus


class SelfSubjectAccessReviewSpec(TypedDict, total=False):
    """SelfSubjectAccessReviewSpec of authorization.v1."""

    resourceAttributes: ResourceAttributes
    nonResourceAttributes: NonResourceAttributes


class SelfSubjectReview(TypedDict, total=False):
    """SelfSubjectReview of authentication.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    status: SelfSubjectReviewStatus


class SelfSubjectReviewStatus(TypedDict, total=False):
    """SelfSubjectReviewStatus of authentication.v1."""

    userInfo: UserInfo


class SelfSubjectRulesReview(TypedDict, total=False):
    """SelfSubjectRulesReview of authorization.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[SelfSubjectRulesReviewSpec]
    status: SubjectRulesReviewStatus


class SelfSubjectRulesReviewSpec(TypedDict, total=False):
    """SelfSubjectRulesReviewSpec of authorization.v1."""

    namespace: str


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


class ServiceAccountSubject(TypedDict, total=False):
    """ServiceAccountSubject of flowcontrol.v1."""

    namespace: Required[str]
    name: Required[str]


class ServiceAccountTokenProjection(TypedDict, total=False):
    """ServiceAccountTokenProjection of core.v1."""

    audience: str
    expirationSeconds: int
    path: Required[str]


class ServiceBackendPort(TypedDict, total=False):
    """ServiceBackendPort of networking.v1."""

    name: str
    number: int


class ServiceCIDR(TypedDict, total=False):
    """ServiceCIDR of networking.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ServiceCIDRSpec
    status: ServiceCIDRStatus


class ServiceCIDRSpec(TypedDict, total=False):
    """ServiceCIDRSpec of networking.v1."""

    cidrs: list[str]


class ServiceCIDRStatus(TypedDict, total=False):
    """ServiceCIDRStatus of networking.v1."""

    conditions: list[Condition]


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


class StatefulSet(TypedDict, total=False):
    """StatefulSet of apps.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: StatefulSetSpec
    status: StatefulSetStatus


class StatefulSetCondition(TypedDict, total=False):
    """StatefulSetCondition of apps.v1."""

    type: Required[str]
    status: Required[str]
    lastTransitionTime: str
    reason: str
    message: str


class StatefulSetOrdinals(TypedDict, total=False):
    """StatefulSetOrdinals of apps.v1."""

    start: int


class StatefulSetPersistentVolumeClaimRetentionPolicy(TypedDict, total=False):
    """StatefulSetPersistentVolumeClaimRetentionPolicy of apps.v1."""

    whenDeleted: str
    whenScaled: str


class StatefulSetSpec(TypedDict, total=False):
    """StatefulSetSpec of apps.v1."""

    replicas: int
    selector: Required[LabelSelector]
    template: Required[PodTemplateSpec]
    volumeClaimTemplates: list[PersistentVolumeClaim]
    serviceName: str
    podManagementPolicy: str
    updateStrategy: StatefulSetUpdateStrategy
    revisionHistoryLimit: int
    minReadySeconds: int
    persistentVolumeClaimRetentionPolicy: StatefulSetPersistentVolumeClaimRetentionPolicy
    ordinals: StatefulSetOrdinals


class StatefulSetStatus(TypedDict, total=False):
    """StatefulSetStatus of apps.v1."""

    observedGeneration: int
    replicas: Required[int]
    readyReplicas: int
    currentReplicas: int
    updatedReplicas: int
    currentRevision: str
    updateRevision: str
    collisionCount: int
    conditions: list[StatefulSetCondition]
    availableReplicas: int


class StatefulSetUpdateStrategy(TypedDict, total=False):
    """StatefulSetUpdateStrategy of apps.v1."""

    type: str
    rollingUpdate: RollingUpdateStatefulSetStrategy


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


class StorageClass(TypedDict, total=False):
    """StorageClass of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    provisioner: Required[str]
    parameters: dict[str, str]
    reclaimPolicy: str
    mountOptions: list[str]
    allowVolumeExpansion: bool
    volumeBindingMode: str
    allowedTopologies: list[TopologySelectorTerm]


class StorageOSPersistentVolumeSource(TypedDict, total=False):
    """StorageOSPersistentVolumeSource of core.v1."""

    volumeName: str
    volumeNamespace: str
    fsType: str
    readOnly: bool
    secretRef: ObjectReference


class StorageOSVolumeSource(TypedDict, total=False):
    """StorageOSVolumeSource of core.v1."""

    volumeName: str
    volumeNamespace: str
    fsType: str
    readOnly: bool
    secretRef: LocalObjectReference


class SubjectAccessReview(TypedDict, total=False):
    """SubjectAccessReview of authorization.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[SubjectAccessReviewSpec]
    status: SubjectAccessReviewStatus


class SubjectAccessReviewSpec(TypedDict, total=False):
    """SubjectAccessReviewSpec of authorization.v1."""

    resourceAttributes: ResourceAttributes
    nonResourceAttributes: NonResourceAttributes
    user: str
    groups: list[str]
    extra: dict[str, list[str]]
    uid: str


class SubjectAccessReviewStatus(TypedDict, total=False):
    """SubjectAccessReviewStatus of authorization.v1."""

    allowed: Required[bool]
    reason: str
    evaluationError: str
    denied: bool


class SubjectRulesReviewStatus(TypedDict, total=False):
    """SubjectRulesReviewStatus of authorization.v1."""

    resourceRules: Required[list[ResourceRule]]
    nonResourceRules: Required[list[NonResourceRule]]
    incomplete: Required[bool]
    evaluationError: str


class SuccessPolicy(TypedDict, total=False):
    """SuccessPolicy of batch.v1."""

    rules: Required[list[SuccessPolicyRule]]


class SuccessPolicyRule(TypedDict, total=False):
    """SuccessPolicyRule of batch.v1."""

    succeededIndexes: str
    succeededCount: int


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


class TokenRequest(TypedDict, total=False):
    """TokenRequest of storage.v1."""

    audience: Required[str]
    expirationSeconds: int


class TokenReview(TypedDict, total=False):
    """TokenReview of authentication.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[TokenReviewSpec]
    status: TokenReviewStatus


class TokenReviewSpec(TypedDict, total=False):
    """TokenReviewSpec of authentication.v1."""

    token: Required[str]
    audiences: list[str]


class TokenReviewStatus(TypedDict, total=False):
    """TokenReviewStatus of authentication.v1."""

    authenticated: bool
    user: UserInfo
    error: str
    audiences: list[str]


class Toleration(TypedDict, total=False):
    """Toleration of core.v1."""

    key: str
    operator: str
    value: str
    effect: str
    tolerationSeconds: int


class TopologySelectorLabelRequirement(TypedDict, total=False):
    """TopologySelectorLabelRequirement of core.v1."""

    key: Required[str]
    values: Required[list[str]]


class TopologySelectorTerm(TypedDict, total=False):
    """TopologySelectorTerm of core.v1."""

    matchLabelExpressions: list[TopologySelectorLabelRequirement]


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


class TypeChecking(TypedDict, total=False):
    """TypeChecking of admissionregistration.v1."""

    expressionWarnings: list[ExpressionWarning]


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


class UncountedTerminatedPods(TypedDict, total=False):
    """UncountedTerminatedPods of batch.v1."""

    succeeded: list[str]
    failed: list[str]


class UserInfo(TypedDict, total=False):
    """UserInfo of authentication.v1."""

    username: str
    uid: str
    groups: list[str]
    extra: dict[str, list[str]]


class UserSubject(TypedDict, total=False):
    """UserSubject of flowcontrol.v1."""

    name: Required[str]


class V1CrossVersionObjectReference(TypedDict, total=False):
    """V1CrossVersionObjectReference of autoscaling.v1."""

    kind: Required[str]
    apiVersion: str
    name: Required[str]


class V1HorizontalPodAutoscaler(TypedDict, total=False):
    """V1HorizontalPodAutoscaler of autoscaling.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[V1HorizontalPodAutoscalerSpec]
    status: V1HorizontalPodAutoscalerStatus


class V1HorizontalPodAutoscalerSpec(TypedDict, total=False):
    """V1HorizontalPodAutoscalerSpec of autoscaling.v1."""

    scaleTargetRef: Required[V1CrossVersionObjectReference]
    minReplicas: int
    maxReplicas: Required[int]
    targetCPUUtilizationPercentage: int


class V1HorizontalPodAutoscalerStatus(TypedDict, total=False):
    """V1HorizontalPodAutoscalerStatus of autoscaling.v1."""

    observedGeneration: int
    lastScaleTime: str
    currentReplicas: Required[int]
    desiredReplicas: Required[int]
    currentCPUUtilizationPercentage: int


class ValidatingAdmissionPolicy(TypedDict, total=False):
    """ValidatingAdmissionPolicy of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: ValidatingAdmissionPolicySpec
    status: ValidatingAdmissionPolicyStatus


class ValidatingAdmissionPolicyBinding(TypedDict, total=False):
    """ValidatingAdmissionPolicyBinding of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[ValidatingAdmissionPolicyBindingSpec]


class ValidatingAdmissionPolicyBindingSpec(TypedDict, total=False):
    """ValidatingAdmissionPolicyBindingSpec of admissionregistration.v1."""

    policyName: Required[str]
    paramRef: ParamRef
    matchResources: MatchResources
    validationActions: Required[list[str]]


class ValidatingAdmissionPolicySpec(TypedDict, total=False):
    """ValidatingAdmissionPolicySpec of admissionregistration.v1."""

    paramKind: ParamKind
    matchConstraints: MatchResources
    validations: list[Validation]
    failurePolicy: str
    auditAnnotations: list[AuditAnnotation]
    matchConditions: list[MatchCondition]
    variables: list[Variable]


class ValidatingAdmissionPolicyStatus(TypedDict, total=False):
    """ValidatingAdmissionPolicyStatus of admissionregistration.v1."""

    observedGeneration: int
    typeChecking: TypeChecking
    conditions: list[Condition]


class ValidatingWebhook(TypedDict, total=False):
    """ValidatingWebhook of admissionregistration.v1."""

    name: Required[str]
    clientConfig: Required[AdmissionregistrationWebhookClientConfig]
    rules: list[RuleWithOperations]
    failurePolicy: str
    namespaceSelector: LabelSelector
    sideEffects: Required[str]
    timeoutSeconds: int
    admissionReviewVersions: Required[list[str]]
    matchPolicy: str
    objectSelector: LabelSelector
    matchConditions: list[MatchCondition]


class ValidatingWebhookConfiguration(TypedDict, total=False):
    """ValidatingWebhookConfiguration of admissionregistration.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    webhooks: list[ValidatingWebhook]


class Validation(TypedDict, total=False):
    """Validation of admissionregistration.v1."""

    expression: Required[str]
    message: str
    reason: str
    messageExpression: str


class ValidationRule(TypedDict, total=False):
    """ValidationRule of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    rule: Required[str]
    message: str
    messageExpression: str
    reason: str
    fieldPath: str
    optionalOldSelf: bool


class Variable(TypedDict, total=False):
    """Variable of admissionregistration.v1."""

    name: Required[str]
    expression: Required[str]


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


class VolumeAttachment(TypedDict, total=False):
    """VolumeAttachment of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    spec: Required[VolumeAttachmentSpec]
    status: VolumeAttachmentStatus


class VolumeAttachmentSource(TypedDict, total=False):
    """VolumeAttachmentSource of storage.v1."""

    persistentVolumeName: str
    inlineVolumeSpec: PersistentVolumeSpec


class VolumeAttachmentSpec(TypedDict, total=False):
    """VolumeAttachmentSpec of storage.v1."""

    attacher: Required[str]
    source: Required[VolumeAttachmentSource]
    nodeName: Required[str]


class VolumeAttachmentStatus(TypedDict, total=False):
    """VolumeAttachmentStatus of storage.v1."""

    attached: Required[bool]
    attachmentMetadata: dict[str, str]
    attachError: VolumeError
    detachError: VolumeError


class VolumeAttributesClass(TypedDict, total=False):
    """VolumeAttributesClass of storage.v1."""

    kind: str
    apiVersion: str
    metadata: ObjectMeta
    driverName: Required[str]
    parameters: dict[str, str]


class VolumeDevice(TypedDict, total=False):
    """VolumeDevice of core.v1."""

    name: Required[str]
    devicePath: Required[str]


class VolumeError(TypedDict, total=False):
    """VolumeError of storage.v1."""

    time: str
    message: str
    errorCode: int


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


class VolumeNodeAffinity(TypedDict, total=False):
    """VolumeNodeAffinity of core.v1."""

    required: NodeSelector


class VolumeNodeResources(TypedDict, total=False):
    """VolumeNodeResources of storage.v1."""

    count: int


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


class WebhookConversion(TypedDict, total=False):
    """WebhookConversion of apiextensions-apiserver.pkg.apis.apiextensions.v1."""

    clientConfig: ApiextensionsWebhookClientConfig
    conversionReviewVersions: Required[list[str]]


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
    APIService
    | Binding
    | CSIDriver
    | CSINode
    | CSIStorageCapacity
    | CertificateSigningRequest
    | ClusterRole
    | ClusterRoleBinding
    | ComponentStatus
    | ConfigMap
    | ControllerRevision
    | CronJob
    | CustomResourceDefinition
    | DaemonSet
    | Deployment
    | DeviceClass
    | EndpointSlice
    | Endpoints
    | Event
    | EventsEvent
    | FlowSchema
    | HorizontalPodAutoscaler
    | IPAddress
    | Ingress
    | IngressClass
    | Job
    | Lease
    | LimitRange
    | LocalSubjectAccessReview
    | MutatingAdmissionPolicy
    | MutatingAdmissionPolicyBinding
    | MutatingWebhookConfiguration
    | Namespace
    | NetworkPolicy
    | Node
    | PersistentVolume
    | PersistentVolumeClaim
    | Pod
    | PodDisruptionBudget
    | PodTemplate
    | PriorityClass
    | PriorityLevelConfiguration
    | ReplicaSet
    | ReplicationController
    | ResourceClaimTemplate
    | ResourceQuota
    | ResourceResourceClaim
    | ResourceSlice
    | Role
    | RoleBinding
    | RuntimeClass
    | Secret
    | SelfSubjectAccessReview
    | SelfSubjectReview
    | SelfSubjectRulesReview
    | Service
    | ServiceAccount
    | ServiceCIDR
    | StatefulSet
    | StorageClass
    | SubjectAccessReview
    | TokenReview
    | V1HorizontalPodAutoscaler
    | ValidatingAdmissionPolicy
    | ValidatingAdmissionPolicyBinding
    | ValidatingWebhookConfiguration
    | VolumeAttachment
    | VolumeAttributesClass
)
"""An object of any served kind."""
