"""What clients are told of objects that are taken all the same."""

from __future__ import annotations

import pytest

from kubelite.api import resources as r
from kubelite.api.warnings import deprecation_warning, warnings_on_create, warnings_on_update
from kubelite.api.warnings.metadata import finalizer_warnings
from kubelite.api.warnings.workloads import deletion_warnings

NULL = "a null labelSelector results in matching no pod"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
TERM = "spec.nodeAffinity.required.nodeSelectorTerms[0]"
OS = 'v1.14; use "kubernetes.io/os" instead'


def pod(name="p", annotations=None, **spec):
    containers = [{"name": "c", "image": "i"}]
    return {
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {"containers": containers, **spec},
    }


def container(**fields):
    return {"containers": [{"name": "c", "image": "i", **fields}]}


def test_an_ordinary_pod_gets_no_warning():
    assert warnings_on_create(r.PODS, pod()) == ()


def test_a_name_with_dots_is_no_good_hostname():
    [warning] = warnings_on_create(r.PODS, pod("a.b"))
    assert warning == (
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS "
        "label is recommended: [must not contain dots]"
    )


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/arch": "amd64"}},
            (
                "spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "
                '"kubernetes.io/arch" instead'
            ),
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        PREFERRED: [
                            {
                                "weight": 1,
                                "preference": {
                                    "matchExpressions": [
                                        {"key": "beta.kubernetes.io/os", "operator": "Exists"}
                                    ]
                                },
                            }
                        ]
                    }
                }
            },
            (
                f"spec.affinity.nodeAffinity.{PREFERRED}[0].preference.matchExpressions[0].key: "
                'beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead'
            ),
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "zone"}]},
            f"spec.topologySpreadConstraints[0].labelSelector: {NULL}",
        ),
        (
            {"volumes": [{"name": "v", "glusterfs": {}}]},
            "spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+",
        ),
        (
            {"hostAliases": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.4"}]},
            'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"',
        ),
        (
            {"hostAliases": [{"ip": "1.2.3.04"}]},
            (
                'spec.hostAliases[0].ip: non-standard IP address "1.2.3.04" will be considered '
                "invalid in a future "
                'Kubernetes release: use "1.2.3.4"'
            ),
        ),
        (
            {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
            'spec.imagePullSecrets[1].name: duplicate name "a"',
        ),
        ({"imagePullSecrets": [{}]}, 'spec.imagePullSecrets[0].name: invalid empty name ""'),
        (
            {"overhead": {"memory": "100m"}},
            'spec.overhead[memory]: fractional byte value "100m" is invalid, must be an integer',
        ),
        (
            container(resources={"limits": {"memory": "1500m"}}),
            (
                'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is '
                "invalid, must be an "
                "integer"
            ),
        ),
        (
            container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            (
                'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped '
                "when using apply"
            ),
        ),
        (
            container(
                ports=[{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}]
            ),
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            container(
                ports=[
                    {"containerPort": 80, "protocol": "TCP", "hostPort": 8080},
                    {"containerPort": 80, "protocol": "TCP"},
                ]
            ),
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            container(
                ports=[
                    {"containerPort": 80, "protocol": "TCP", "hostPort": 8080, "hostIP": "1.2.3.4"},
                    {"containerPort": 80, "protocol": "TCP", "hostPort": 8080},
                ]
            ),
            (
                "spec.containers[0].ports[1]: dangerously ambiguous port definition with "
                "spec.containers[0].ports[0]"
            ),
        ),
        (
            container(ports=[{"containerPort": 80, "protocol": "TCP", "hostIP": "1.2.3.4"}]),
            (
                "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 "
                "ContainerPort:80 "
                "Protocol:TCP HostIP:1.2.3.4}"
            ),
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            (
                "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and "
                "will be treated "
                "as 1"
            ),
        ),
        (
            {"affinity": {"podAntiAffinity": {REQUIRED: [{"topologyKey": "k"}]}}},
            f"spec.affinity.podAntiAffinity.{REQUIRED}[0].labelSelector: {NULL}",
        ),
        (
            {"affinity": {"podAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": {}}]}}},
            f"spec.affinity.podAffinity.{PREFERRED}[0].podAffinityTerm.labelSelector: {NULL}",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "v",
                        "projected": {
                            "sources": [
                                {"serviceAccountToken": {"path": "t"}},
                                {"configMap": {"name": "c", "items": [{"key": "k", "path": "t"}]}},
                            ]
                        },
                    }
                ]
            },
            (
                "spec.volumes[0].projected.sources.configMap[0]: has duplicated path with "
                'ServiceAccountToken "t"'
            ),
        ),
    ],
)
def test_a_pods_spec_is_looked_through(spec, warning):
    assert warnings_on_create(r.PODS, pod(**spec)) == (warning,)


@pytest.mark.parametrize("value", ["$(A)x", "x$(A)"])
def test_a_variable_may_extend_its_former_self(value):
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": value}]
    assert warnings_on_create(r.PODS, pod(**container(env=env))) == ()


@pytest.mark.parametrize(
    ("annotation", "field", "words"),
    [
        ("seccomp.security.alpha.kubernetes.io/pod", "seccompProfile", "non-functional in v1.27+; use the"),
        (
            "container.seccomp.security.alpha.kubernetes.io/c",
            "seccompProfile",
            "non-functional in v1.27+; use the",
        ),
        (
            "container.apparmor.security.beta.kubernetes.io/c",
            "appArmorProfile",
            "deprecated since v1.30; use the",
        ),
        (
            "scheduler.alpha.kubernetes.io/critical-pod",
            "priorityClassName",
            "non-functional in v1.16+; use the",
        ),
    ],
)
def test_annotations_that_became_fields_are_told(annotation, field, words):
    [warning] = warnings_on_create(r.PODS, pod(annotations={annotation: "x"}))
    assert warning == f'metadata.annotations[{annotation}]: {words} "{field}" field instead'


def test_pods_are_not_looked_at_again_when_they_change():
    assert warnings_on_update(r.PODS, pod("a.b"), pod("a.b")) == ()


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (r.DEPLOYMENTS, "spec.template"),
        (r.JOBS, "spec.template"),
        (r.REPLICATIONCONTROLLERS, "spec.template"),
        (r.CRONJOBS, "spec.jobTemplate.spec.template"),
    ],
)
def test_templates_are_looked_through_and_names_too(resource, path):
    template = {"spec": {"imagePullSecrets": [{}]}}
    spec = (
        {"template": template}
        if resource != r.CRONJOBS
        else {"jobTemplate": {"spec": {"template": template}}}
    )
    made = {"metadata": {"name": "a.b", "generation": 1}, "spec": spec}
    about_name, about_template = warnings_on_create(resource, made)
    assert about_name == (
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
        "behavior; a DNS "
        "label is recommended: [must not contain dots]"
    )
    assert about_template == f'{path}.spec.imagePullSecrets[0].name: invalid empty name ""'
    later = {**made, "metadata": {"name": "a.b", "generation": 2}}
    assert warnings_on_update(resource, later, made) == (about_template,)
    assert warnings_on_update(resource, made, made) == ()


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"type": "ClusterIP", "externalName": "x"},
            'spec.externalName is ignored when spec.type is not "ExternalName"',
        ),
        (
            {"type": "ExternalName", "externalName": "x", "externalIPs": ["1.2.3.4"]},
            'spec.externalIPs is ignored when spec.type is "ExternalName"',
        ),
        (
            {"type": "ClusterIP", "clusterIP": "None", "sessionAffinity": "ClientIP"},
            "spec.SessionAffinity is ignored for headless services",
        ),
        (
            {"type": "ClusterIP", "externalIPs": ["2001:db8:0:0::2"]},
            (
                'spec.externalIPs[0]: IPv6 address "2001:db8:0:0::2" should be in RFC 5952 canonical format '
                '("2001:db8::2")'
            ),
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1/8"]},
            (
                'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this '
                "context (should be "
                '"10.0.0.0/8" or "10.0.0.1/32"?)'
            ),
        ),
        (
            {"type": "ClusterIP", "trafficDistribution": "PreferClose"},
            'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
        ),
    ],
)
def test_services_are_looked_through(spec, warning):
    service = {"metadata": {"name": "s"}, "spec": {"sessionAffinity": "None", **spec}}
    assert warnings_on_create(r.SERVICES, service) == (warning,)
    assert warnings_on_update(r.SERVICES, service, service) == (warning,)


def test_endpoints_of_the_controller_are_not_looked_at():
    made = {"metadata": {"name": "e"}, "subsets": [{"addresses": [{"ip": "::ffff:1.2.3.4"}]}]}
    [warning] = warnings_on_create(r.ENDPOINTS, made)
    assert warning.startswith('subsets[0].addresses[0].ip: non-standard IP address "::ffff:1.2.3.4"')
    labels = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    assert warnings_on_create(r.ENDPOINTS, {**made, "metadata": {"name": "e", "labels": labels}}) == ()


def test_a_claim_of_a_fraction_of_a_byte_is_told():
    made = {"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "100m"}}}}
    assert warnings_on_create(r.PERSISTENTVOLUMECLAIMS, made) == (
        'spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
    )


@pytest.mark.parametrize(
    ("annotations", "spec", "warning"),
    [
        (
            {"volume.beta.kubernetes.io/storage-class": "x"},
            {},
            (
                "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "
                '"storageClassName" attribute instead'
            ),
        ),
        (
            {},
            {"persistentVolumeReclaimPolicy": "Recycle"},
            (
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the "
                "recommended approach is to use dynamic provisioning."
            ),
        ),
        ({}, {"storageos": {}}, "spec.storageOS: deprecated in v1.22, non-functional in v1.25+"),
        (
            {},
            {
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "beta.kubernetes.io/os", "operator": "Exists"}]}
                        ]
                    }
                }
            },
            f"{TERM}.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since {OS}",
        ),
    ],
    ids=["class", "recycle", "plugin", "label"],
)
def test_what_ages_in_volumes_is_told(annotations, spec, warning):
    volume = {"metadata": {"name": "v", "annotations": annotations}, "spec": spec}
    assert warnings_on_create(r.PERSISTENTVOLUMES, volume) == (warning,)
    assert warnings_on_update(r.PERSISTENTVOLUMES, volume, volume) == (warning,)


def test_the_old_annotation_of_a_claims_class_is_told():
    metadata = {"name": "c", "annotations": {"volume.beta.kubernetes.io/storage-class": "x"}}
    [warning] = warnings_on_create(r.PERSISTENTVOLUMECLAIMS, {"metadata": metadata, "spec": {}})
    assert warning.startswith("metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated")


@pytest.mark.parametrize(
    ("completions", "parallelism"), [(100_001, 10_001), (100_000, 10_001), (100_001, 10_000)]
)
def test_a_job_of_very_many_indexes_is_told(completions, parallelism):
    spec = {"completionMode": "Indexed", "completions": completions, "parallelism": parallelism}
    warnings = warnings_on_create(r.JOBS, {"metadata": {"name": "j"}, "spec": spec})
    nested = {"metadata": {"name": "j"}, "spec": {"jobTemplate": {"spec": spec}}}
    assert (
        len(warnings) == len(warnings_on_create(r.CRONJOBS, nested)) == (completions + parallelism == 110_002)
    )
    for warning in warnings:
        assert warning.startswith("spec: In Indexed Jobs with a number of completions higher than 10^5")


def test_a_zone_within_a_schedule_is_told_at_every_update():
    cron_job = {"metadata": {"name": "c", "generation": 1}, "spec": {"schedule": "TZ=UTC 0 0 * * *"}}
    [warning] = warnings_on_update(r.CRONJOBS, cron_job, cron_job)
    assert warning.startswith("cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead")


def test_deleting_a_job_without_a_policy_is_told():
    assert deletion_warnings(r.JOBS, is_policy_given=True) == ()
    assert deletion_warnings(r.CRONJOBS, is_policy_given=False) == ()
    [warning] = deletion_warnings(r.JOBS, is_policy_given=False)
    assert warning.startswith("child pods are preserved by default when jobs are deleted")


def test_kinds_that_age_are_told():
    assert deprecation_warning(r.PODS) == ""
    assert deprecation_warning(r.ENDPOINTS).startswith("v1 Endpoints is deprecated in v1.33+")


def test_finalizers_of_custom_objects_should_have_a_domain():
    assert finalizer_warnings({"finalizers": ["a.b/c", "orphan"]}) == []
    [warning] = finalizer_warnings({"finalizers": ["old", "new"]}, {"finalizers": ["old"]})
    assert warning.startswith('metadata.finalizers: "new": prefer a domain-qualified finalizer name')
