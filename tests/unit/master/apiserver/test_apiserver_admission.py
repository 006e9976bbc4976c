"""What admission plugins make of objects, and what they refuse."""

from __future__ import annotations

import pytest

from kubelite.api.resources import (
    INGRESSCLASSES,
    INGRESSES,
    LIMITRANGES,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    PRIORITYCLASSES,
    RUNTIMECLASSES,
    SERVICEACCOUNTS,
    STORAGECLASSES,
)
from kubelite.apimachinery.apierrors import Forbidden, Invalid, NotFound
from kubelite.master.apiserver.admission import chain
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def make(resource, name, *, metadata=None, **fields):
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, **(metadata or {})},
        **fields,
    }


async def refused(awaitable, words):
    with pytest.raises(Forbidden) as error:
        await awaitable
    assert words in error.value.message, error.value.message


def test_plugins_stand_in_kubernetes_order():
    order = [plugin.name for plugin in chain.PLUGINS]
    kubernetes = [
        "NamespaceLifecycle",
        "LimitRanger",
        "ServiceAccount",
        "TaintNodesByCondition",
        "PodSecurity",
        "Priority",
        "DefaultTolerationSeconds",
        "DefaultStorageClass",
        "StorageObjectInUseProtection",
        "PersistentVolumeClaimResize",
        "RuntimeClass",
        "CertificateSubjectRestriction",
        "DefaultIngressClass",
        "PodTopologyLabels",
        "ResourceQuota",
    ]
    assert order == sorted(order, key=kubernetes.index)


# --- priority -----------------------------------------------------------------------------------------------


async def test_a_pod_has_the_priority_of_its_class(client):
    await client.create(PRIORITYCLASSES, make(PRIORITYCLASSES, "high", value=7, preemptionPolicy="Never"))
    pod = await client.create(PODS, make_pod(priorityClassName="high"), "default")
    assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (7, "Never")


async def test_a_pod_without_class_has_that_of_the_default(client):
    pod = await client.create(PODS, make_pod("before"), "default")
    assert pod["spec"]["priority"] == 0
    assert "priorityClassName" not in pod["spec"]
    await client.create(PRIORITYCLASSES, make(PRIORITYCLASSES, "usual", value=3, globalDefault=True))
    pod = await client.create(PODS, make_pod("after"), "default")
    assert (pod["spec"]["priority"], pod["spec"]["priorityClassName"]) == (3, "usual")


async def test_one_class_is_the_default(client):
    await client.create(PRIORITYCLASSES, make(PRIORITYCLASSES, "a", value=3, globalDefault=True))
    other = make(PRIORITYCLASSES, "b", value=4, globalDefault=True)
    words = "PriorityClass a is already marked as default. Only one default can exist"
    await refused(client.create(PRIORITYCLASSES, other), words)
    await client.patch(PRIORITYCLASSES, "a", {"description": "still"})


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"priorityClassName": "none"}, "no PriorityClass with name none was found"),
        ({"priority": 5}, "the integer value of priority (5) must not be provided in pod spec"),
        (
            {"preemptionPolicy": "Never"},
            (
                "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority "
                "admission controller computed PreemptLowerPriority from the given PriorityClass name"
            ),
        ),
    ],
)
async def test_a_pod_does_not_choose_its_priority(client, spec, words):
    await refused(client.create(PODS, make_pod(**spec), "default"), words)


async def test_the_systems_classes_are_always_there(client):
    pod = await client.create(PODS, make_pod(priorityClassName="system-node-critical"), "default")
    assert pod["spec"]["priority"] == 2_000_001_000


async def test_an_update_which_leaves_the_priority_out_keeps_it(client):
    await client.create(PRIORITYCLASSES, make(PRIORITYCLASSES, "high", value=7))
    pod = await client.create(PODS, make_pod(priorityClassName="high"), "default")
    spec = {key: value for key, value in pod["spec"].items() if key not in {"priority", "preemptionPolicy"}}
    updated = await client.update(PODS, {**pod, "spec": spec})
    assert updated["spec"]["priority"] == 7


# --- service accounts ---------------------------------------------------------------------------------------


async def test_a_pod_needs_its_account(client):
    words = 'error looking up service account default/none: serviceaccount "none" not found'
    await refused(client.create(PODS, make_pod(serviceAccountName="none"), "default"), words)


async def test_a_pod_gets_account_token_and_pull_secrets(client):
    account = make(SERVICEACCOUNTS, "app", imagePullSecrets=[{"name": "registry"}])
    await client.create(SERVICEACCOUNTS, account, "default")
    pod = await client.create(PODS, make_pod(serviceAccountName="app"), "default")
    spec = pod["spec"]
    assert spec["serviceAccount"] == spec["serviceAccountName"] == "app"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    [volume] = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"] == [
        {
            "name": volume["name"],
            "readOnly": True,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        }
    ]


@pytest.mark.parametrize(
    ("pod", "account", "mounted"),
    [(None, None, True), (None, False, False), (True, False, True), (False, True, False)],
)
async def test_the_pod_decides_about_its_token_then_the_account(client, pod, account, mounted):
    said = {} if account is None else {"automountServiceAccountToken": account}
    await client.create(SERVICEACCOUNTS, make(SERVICEACCOUNTS, "app", **said), "default")
    spec = {} if pod is None else {"automountServiceAccountToken": pod}
    made = await client.create(PODS, make_pod(serviceAccountName="app", **spec), "default")
    assert ("volumes" in made["spec"]) is mounted


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
            (
                'volume with secret.secretName="other" is not allowed because service account app does not '
                "reference that secret"
            ),
        ),
        (
            {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "other", "key": "k"}}}],
                    }
                ]
            },
            'container c with envVar E referencing secret.secretName="other" is not allowed',
        ),
        (
            {"containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "other"}}]}]},
            'container c with envFrom referencing secret.secretName="other" is not allowed',
        ),
        (
            {"imagePullSecrets": [{"name": "other"}]},
            'imagePullSecrets[0].name="other" is not allowed because service account app does not reference',
        ),
    ],
)
async def test_an_account_can_limit_its_pods_to_its_secrets(client, spec, words):
    metadata = {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}
    account = make(SERVICEACCOUNTS, "app", metadata=metadata, secrets=[{"name": "mine"}])
    await client.create(SERVICEACCOUNTS, account, "default")
    await refused(client.create(PODS, make_pod(serviceAccountName="app", **spec), "default"), words)
    volumes = [{"name": "v", "secret": {"secretName": "mine"}}]
    await client.create(PODS, make_pod(serviceAccountName="app", volumes=volumes), "default")


async def test_ephemeral_containers_are_limited_too(client):
    metadata = {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}
    await client.create(SERVICEACCOUNTS, make(SERVICEACCOUNTS, "app", metadata=metadata), "default")
    await client.create(PODS, make_pod(serviceAccountName="app"), "default")
    added = {"name": "d", "image": "i", "envFrom": [{"secretRef": {"name": "other"}}]}
    patch = {"spec": {"ephemeralContainers": [added]}}
    await refused(
        client.patch(PODS, "web", patch, "default", subresource="ephemeralcontainers"),
        'ephemeral container d with envFrom referencing secret.secretName="other" is not allowed',
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"serviceAccountName": "default"}, "a mirror pod may not reference service accounts"),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
            "a mirror pod may not reference secrets",
        ),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
    ],
)
async def test_mirror_pods_have_no_account(client, spec, words):
    mirror = make_pod(nodeName="n", **spec)
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    await refused(client.create(PODS, mirror, "default"), words)


async def test_a_mirror_pod_is_left_alone(client):
    mirror = make_pod(nodeName="n")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    made = await client.create(PODS, mirror, "default")
    assert "serviceAccountName" not in made["spec"]
    assert "volumes" not in made["spec"]


# --- tolerations, taints, finalizers, classes ---------------------------------------------------------------


async def test_pods_tolerate_bad_nodes_for_a_while(client):
    pod = await client.create(
        PODS, make_pod(tolerations=[{"operator": "Exists", "effect": "NoSchedule"}]), "default"
    )
    assert [each.get("key") for each in pod["spec"]["tolerations"]] == [
        None,
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    pod = await client.create(PODS, make_pod("all", tolerations=[{"operator": "Exists"}]), "default")
    assert len(pod["spec"]["tolerations"]) == 1


async def test_a_new_node_is_tainted(client):
    node = await client.create(NODES, make(NODES, "n"))
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


async def test_claims_and_volumes_are_protected(client):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = await client.create(
        PERSISTENTVOLUMECLAIMS, make(PERSISTENTVOLUMECLAIMS, "c", spec=spec), "default"
    )
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    volume = await client.create(PERSISTENTVOLUMES, make(PERSISTENTVOLUMES, "v", spec=spec))
    assert volume["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]


def storage_class(name, *, default=False, **fields):
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return make(STORAGECLASSES, name, metadata={"annotations": annotations}, provisioner="p.io/p", **fields)


def claim(name, size="1Gi", **spec):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return make(PERSISTENTVOLUMECLAIMS, name, spec=spec)


async def test_a_claim_without_class_gets_the_newest_default(client):
    made = await client.create(PERSISTENTVOLUMECLAIMS, claim("none"), "default")
    assert "storageClassName" not in made["spec"]
    await client.create(STORAGECLASSES, storage_class("old", default=True))
    await client.clock.sleep(1)
    await client.create(STORAGECLASSES, storage_class("b", default=True))
    await client.create(STORAGECLASSES, storage_class("a", default=True))
    await client.create(STORAGECLASSES, storage_class("plain"))
    made = await client.create(PERSISTENTVOLUMECLAIMS, claim("some"), "default")
    assert made["spec"]["storageClassName"] == "a"
    made = await client.create(PERSISTENTVOLUMECLAIMS, claim("no", storageClassName=""), "default")
    assert made["spec"]["storageClassName"] == ""


async def test_a_claim_grows_if_it_is_bound_and_its_class_allows_it(client):
    async def bound(name, class_name):
        await client.create(PERSISTENTVOLUMECLAIMS, claim(name, storageClassName=class_name), "default")
        patch = {"status": {"phase": "Bound"}}
        await client.patch(PERSISTENTVOLUMECLAIMS, name, patch, "default", subresource="status")

    def grow(name):
        patch = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        return client.patch(PERSISTENTVOLUMECLAIMS, name, patch, "default")

    await client.create(STORAGECLASSES, storage_class("fixed"))
    await client.create(STORAGECLASSES, storage_class("grows", allowVolumeExpansion=True))
    await bound("a", "grows")
    assert (await grow("a"))["spec"]["resources"]["requests"] == {"storage": "2Gi"}
    await bound("b", "fixed")
    await refused(grow("b"), "only dynamically provisioned pvc can be resized and the storageclass that")


async def test_an_ingress_without_class_gets_the_default(client):
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"}
    made = make(INGRESSCLASSES, "web", metadata={"annotations": annotations}, spec={"controller": "a.b/c"})
    await client.create(INGRESSCLASSES, made)
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    ingress = await client.create(
        INGRESSES, make(INGRESSES, "i", spec={"defaultBackend": backend}), "default"
    )
    assert ingress["spec"]["ingressClassName"] == "web"


# --- runtime classes ----------------------------------------------------------------------------------------


async def test_a_pod_takes_overhead_and_place_from_its_runtime_class(client):
    scheduling = {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}
    overhead = {"podFixed": {"cpu": "100m"}}
    made = make(RUNTIMECLASSES, "vm", handler="vm", overhead=overhead, scheduling=scheduling)
    await client.create(RUNTIMECLASSES, made)
    pod = await client.create(PODS, make_pod(runtimeClassName="vm", nodeSelector={"c": "d"}), "default")
    assert pod["spec"]["overhead"] == {"cpu": "100m"}
    assert pod["spec"]["nodeSelector"] == {"c": "d", "a": "b"}
    assert pod["spec"]["tolerations"][0] == {"key": "k", "operator": "Exists"}
    await refused(
        client.create(PODS, make_pod("p", runtimeClassName="vm", nodeSelector={"a": "x"}), "default"),
        "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = x",
    )
    await refused(
        client.create(PODS, make_pod("p", runtimeClassName="vm", overhead={"cpu": "1"}), "default"),
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    )


async def test_a_runtime_class_has_to_exist(client):
    words = 'pod rejected: RuntimeClass "none" not found'
    await refused(client.create(PODS, make_pod(runtimeClassName="none"), "default"), words)
    words = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    await refused(client.create(PODS, make_pod(overhead={"cpu": "1"}), "default"), words)


# --- namespaces ---------------------------------------------------------------------------------------------


async def test_nothing_is_made_in_an_absent_namespace(client):
    with pytest.raises(NotFound) as error:
        await client.create(PODS, make_pod(), "none")
    assert error.value.message == 'namespaces "none" not found'


async def test_a_namespace_keeps_the_label_that_names_it(client):
    await client.namespace("n")
    patched = await client.patch(NAMESPACES, "n", {"metadata": {"labels": None}})
    assert patched["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}


# --- pod security -------------------------------------------------------------------------------------------

LEVEL = "pod-security.kubernetes.io/"


async def labelled(client, **labels):
    entry = await client.get(NAMESPACES, "default")
    metadata = {**entry["metadata"], "labels": {LEVEL + key: value for key, value in labels.items()}}
    return await client.update(NAMESPACES, {**entry, "metadata": metadata})


async def test_a_namespace_refuses_pods_beyond_its_level(client):
    await labelled(client, enforce="baseline")
    await refused(
        client.create(PODS, make_pod(hostNetwork=True), "default"),
        'is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    )
    await client.create(PODS, make_pod(), "default")


async def test_a_pod_beyond_its_level_may_be_changed_but_get_no_other_image(client):
    pod = await client.create(PODS, make_pod(hostNetwork=True), "default")
    await labelled(client, enforce="baseline")
    metadata = {**pod["metadata"], "labels": {"a": "b"}}
    pod = await client.update(PODS, {**pod, "metadata": metadata})
    containers = [{**container, "image": "other"} for container in pod["spec"]["containers"]]
    await refused(
        client.update(PODS, {**pod, "spec": {**pod["spec"], "containers": containers}}),
        "violates PodSecurity",
    )


async def test_a_namespace_does_not_take_a_level_that_there_is_not(client):
    with pytest.raises(Invalid) as error:
        await labelled(client, enforce="lax")
    assert "must be one of privileged, baseline, restricted" in error.value.message


# --- limit ranges -------------------------------------------------------------------------------------------


def container(**resources):
    return [{"name": "c", "image": "i", "resources": resources}]


async def test_containers_get_the_defaults_of_their_namespace(client):
    item = {"type": "Container", "default": {"cpu": "200m"}, "max": {"cpu": "500m"}}
    await client.create(LIMITRANGES, make(LIMITRANGES, "l", spec={"limits": [item]}), "default")
    pod = await client.create(PODS, make_pod(), "default")
    for container_ in pod["spec"]["containers"]:
        assert container_["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "200m"}}
    assert "kubernetes.io/limit-ranger" in pod["metadata"]["annotations"]


async def test_a_pod_beyond_a_limit_range_is_refused_with_all_that_is_wrong(client):
    item = {"type": "Container", "min": {"cpu": "50m"}, "max": {"cpu": "500m"}}
    await client.create(LIMITRANGES, make(LIMITRANGES, "l", spec={"limits": [item]}), "default")
    pod = make_pod(containers=container(requests={"cpu": "10m"}, limits={"cpu": "600m"}))
    await refused(
        client.create(PODS, pod, "default"),
        "is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, "
        "maximum cpu usage per Container is 500m, but limit is 600m]",
    )


async def test_a_claim_beyond_a_limit_range_is_refused(client):
    item = {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}
    await client.create(LIMITRANGES, make(LIMITRANGES, "l", spec={"limits": [item]}), "default")
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    await refused(
        client.create(PERSISTENTVOLUMECLAIMS, make(PERSISTENTVOLUMECLAIMS, "c", spec=spec), "default"),
        "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi",
    )


# --- where nodes are ----------------------------------------------------------------------------------------

PLACE = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}


async def test_a_pod_that_is_bound_says_where_its_node_is(client):
    await client.create(NODES, make(NODES, "here", metadata={"labels": {**PLACE, "other": "x"}}))
    await client.create(PODS, make_pod("web"), "default")
    binding = {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "here"}}
    await client.create(PODS, binding, "default", name="web", subresource="binding")
    pod = await client.get(PODS, "web", "default")
    assert {**pod["metadata"]["labels"], **PLACE} == pod["metadata"]["labels"]
    assert "other" not in pod["metadata"]["labels"]


async def test_a_pod_made_for_a_node_says_where_that_is_unless_it_says_so_itself(client):
    await client.create(NODES, make(NODES, "here", metadata={"labels": PLACE}))
    pod = make_pod("web", nodeName="here")
    pod["metadata"]["labels"] = {"topology.kubernetes.io/zone": "mine"}
    pod = await client.create(PODS, pod, "default")
    assert pod["metadata"]["labels"] == {**PLACE, "topology.kubernetes.io/zone": "mine"}
