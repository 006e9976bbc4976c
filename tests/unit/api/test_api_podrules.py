"""Rules of Kubernetes for pods, one by one: where an error is said to be, and in which words."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PODS
from kubelite.api.validation import validate_create, validate_status_update, validate_update
from kubelite.api.validation.pods import validate_template
from tests.unit.api.pods import defaulted_pod

SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"
ENV = "spec.containers[0].env[0].valueFrom"
MOUNTS = "spec.containers[0].volumeMounts"


def pod(container=None, *, metadata=None, **spec):
    spec.setdefault("containers", [{"name": "c", "image": "i", **(container or {})}])
    return defaulted_pod(metadata=metadata, **spec)


def errors(container=None, *, metadata=None, **spec):
    return [str(error) for error in validate_create(PODS, pod(container, metadata=metadata, **spec))]


def env(source):
    return {"env": [{"name": "E", "valueFrom": source}]}


def rules(*items, policy="Never"):
    return {"restartPolicy": policy, "restartPolicyRules": list(items)}


def rule(action="Restart", operator="In", values=(3,)):
    return {"action": action, "exitCodes": {"operator": operator, "values": list(values)}}


CONTAINERS = [
    (
        env({"fieldRef": {"fieldPath": "metadata.labels['a b']"}}),
        f'{ENV}.fieldRef: Invalid value: "a b": name part must consist of',
    ),
    (
        env({"fieldRef": {"fieldPath": "spec.x['a']"}}),
        (
            f"{ENV}.fieldRef.fieldPath: Invalid value: \"spec.x['a']\": error converting fieldPath: field "
            "label does not support subscript: spec.x['a']"
        ),
    ),
    (
        env({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}),
        (
            f'{ENV}.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 '
            "are supported with the cpu resource"
        ),
    ),
    (
        env({"resourceFieldRef": {"resource": "requests.memory", "divisor": "3Mi"}}),
        f'{ENV}.resourceFieldRef.divisor: Invalid value: "requests.memory": only divisor\'s values 1, 1k, ',
    ),
    (
        env({"secretKeyRef": {"name": "A", "key": "k"}}),
        f'{ENV}.secretKeyRef.name: Invalid value: "A": {SUBDOMAIN}',
    ),
    (
        {"envFrom": [{}]},
        'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ),
    (
        {"envFrom": [{"configMapRef": {"name": "A"}}]},
        f'spec.containers[0].envFrom[0].configMapRef.name: Invalid value: "A": {SUBDOMAIN}',
    ),
    (
        {"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": ""}]}}},
        'spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header',
    ),
    (
        {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
        (
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less "
            "than terminationGracePeriodSeconds (30)"
        ),
    ),
    (
        {"image": " i"},
        'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
    ),
    (
        {"restartPolicyRules": [rule()]},
        "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when",
    ),
    (
        {"restartPolicy": "Sometimes"},
        'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", ',
    ),
    (
        rules({"action": "Restart"}),
        "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified",
    ),
    (
        rules(rule("DoNotRestart")),
        (
            'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "DoNotRestart": supported '
            'values: "Restart", "RestartAllContainers"'
        ),
    ),
    (
        rules(rule(operator="Equals")),
        (
            'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Equals": '
            'supported values: "In", "NotIn"'
        ),
    ),
    (
        rules(*[rule()] * 21),
        "spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items",
    ),
    (
        {"resources": {"claims": [{"name": "gpu"}]}},
        (
            'spec.containers[0].resources.claims[0]: Not found: "gpu": must be one of the names in '
            "pod.spec.resourceClaims which is empty"
        ),
    ),
]


def test_names_of_resources_are_those_of_containers():
    where = 'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource'
    found = errors({"resources": {"limits": {"foo": "1"}, "requests": {"foo": "1"}}})
    assert found[:2] == [f"{where} type or fully qualified", f"{where} for containers"]
    [error, _] = errors({"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}})
    assert error.endswith(
        '[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi'
    )


@pytest.mark.parametrize(("container", "error"), CONTAINERS)
def test_a_rule_for_a_container(container, error):
    [found] = errors(container)
    assert found.startswith(error)


@pytest.mark.parametrize(
    "container",
    [
        env({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}),
        env({"fieldRef": {"fieldPath": "metadata.annotations['Example.com/A']"}}),
        {"lifecycle": {"preStop": {"sleep": {"seconds": 0}}}},
        rules(rule("RestartAllContainers", "NotIn", ())),
    ],
)
def test_a_container_that_may_be_so(container):
    assert errors(container) == []


MOUNTED = [
    ({"subPath": "/x"}, f'{MOUNTS}.subPath: Invalid value: "/x": must be a relative path'),
    (
        {"recursiveReadOnly": "Enabled"},
        f"{MOUNTS}.recursiveReadOnly: Forbidden: may only be specified when read",
    ),
    (
        {"recursiveReadOnly": "Enabled", "readOnly": True, "mountPropagation": "HostToContainer"},
        f"{MOUNTS}.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None",
    ),
    (
        {"recursiveReadOnly": "Yes"},
        f'{MOUNTS}.recursiveReadOnly: Unsupported value: "Yes": supported values: "Disabled", "Enabled", ',
    ),
]


@pytest.mark.parametrize(("mount", "error"), MOUNTED)
def test_a_rule_for_a_mount(mount, error):
    container = {"volumeMounts": [{"name": "v", "mountPath": "/v", **mount}]}
    [found] = errors(container, volumes=[{"name": "v", "emptyDir": {}}])
    assert found.startswith(error)


def test_devices_are_those_of_claims_and_stand_beside_no_mount():
    container = {
        "volumeMounts": [{"name": "v", "mountPath": "/x"}],
        "volumeDevices": [{"name": "w", "devicePath": "/x"}],
    }
    found = errors(container, volumes=[{"name": name, "emptyDir": {}} for name in "vw"])
    assert [each.split(": ")[-1] for each in found] == [
        "must not already exist as a path in volumeDevices",
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
        "must not already exist as a path in volumeMounts",
    ]


def nodes(**requirement):
    terms = [{"matchExpressions": [requirement]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def fields(**requirement):
    made = nodes()
    made["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [{"matchFields": [requirement]}]
    }
    return made


def projected(*sources):
    return {"volumes": [{"name": "v", "projected": {"sources": list(sources)}}]}


TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]"
SPECS = [
    (
        nodes(key="zone", operator="In", values=["a b"]),
        f'{TERMS}.matchExpressions[0].values[0]: Invalid value: "a b": a valid label must be',
    ),
    (
        fields(key="metadata.name", operator="In", values=["a", "b"]),
        f"{TERMS}.matchFields[0].values: Required value: must be only one value when",
    ),
    (
        fields(key="metadata.name", operator="Exists"),
        f'{TERMS}.matchFields[0].operator: Invalid value: "Exists": not a valid selector operator',
    ),
    (
        {"dnsPolicy": "None"},
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
    ),
    (
        {"dnsPolicy": "None", "dnsConfig": {"searches": ["a b"]}},
        "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver",
    ),
    (
        {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a", "B"]}]},
        f'spec.hostAliases[0].hostnames[1]: Invalid value: "B": {SUBDOMAIN}',
    ),
    ({"schedulingGates": [{"name": ""}]}, "spec.schedulingGates[0]: Invalid value: "),
    (
        {"resourceClaims": [{"name": "g", "resourceClaimName": "A"}]},
        "spec.resourceClaims[0].resourceClaimName: Inv",
    ),
    (
        {"resources": {"limits": {"ephemeral-storage": "1Gi"}}},
        'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": sup',
    ),
    (
        projected({"secret": {"name": "s"}, "configMap": {"name": "c"}}),
        "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
    ),
    (
        projected(
            {"secret": {"name": "s", "items": [{"key": "a", "path": "x"}]}},
            {"configMap": {"name": "c", "items": [{"key": "b", "path": "x"}]}},
        ),
        'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths',
    ),
    (
        {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "x"}}]},
        'spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path',
    ),
    (
        {
            "initContainers": [
                {"name": "i", "image": "i", "ports": [{"containerPort": n, "hostPort": 1} for n in (1, 2)]}
            ]
        },
        'spec.initContainers[0].ports[1].hostPort: Duplicate value: "TCP//1"',
    ),
]


@pytest.mark.parametrize(("spec", "error"), SPECS)
def test_a_rule_for_a_spec(spec, error):
    found = errors(**spec)
    assert found[0].startswith(error)


def test_what_a_pod_asks_for_as_a_whole_is_enough_for_its_containers():
    container = {"resources": {"requests": {"cpu": "150m"}, "limits": {"cpu": "2"}}}
    assert errors(container, resources={"requests": {"cpu": "200m"}, "limits": {"cpu": "2"}}) == []
    [few, much] = errors(container, resources={"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}})
    assert few.startswith(
        'spec.resources.requests[cpu]: Invalid value: "100m": must be greater than or equal to'
    )
    assert few.endswith("aggregate container requests of 150m")
    assert much.startswith(
        'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or'
    )
    assert much.endswith("equal to pod limits of 1")


def test_labels_that_are_only_preferred_may_be_any():
    preferred = [
        {"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]}}
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    assert errors(affinity=affinity) == []


# --- annotations --------------------------------------------------------------------------------------------

COST = "controller.kubernetes.io/pod-deletion-cost"
MIRROR = "kubernetes.io/config.mirror"


@pytest.mark.parametrize(
    ("text", "is_number"),
    [("0", True), ("-5", True), ("2147483647", True)]
    + [(text, False) for text in ("+5", "05", "1_0", "", "2147483648")],
)
def test_what_a_deletion_costs_is_a_number(text, is_number):
    found = errors(metadata={"annotations": {COST: text}})
    assert found == (
        []
        if is_number
        else [f'metadata.annotations[{COST}]: Invalid value: "{text}": must be a 32bit integer']
    )


def test_a_mirror_pod_has_a_node_and_stays_one():
    [error] = errors(metadata={"annotations": {MIRROR: "x"}})
    assert error.endswith('Invalid value: "x": must set spec.nodeName if mirror pod annotation is set')
    plain, mirror = pod(nodeName="n"), pod(nodeName="n", metadata={"annotations": {MIRROR: "x"}})
    where = f"metadata.annotations[{MIRROR}]: Forbidden: may not"
    for validate in (validate_update, validate_status_update):
        assert [str(each) for each in validate(PODS, mirror, plain)] == [f"{where} add mirror pod annotation"]
        assert [str(each) for each in validate(PODS, plain, mirror)] == [
            f"{where} remove or update mirror pod annotation"
        ]


# --- templates, updates -------------------------------------------------------------------------------------


def test_a_template_may_have_what_only_a_pod_may_not():
    template = {"metadata": {}, "spec": pod({"image": " i"})["spec"]}
    assert validate_template(template, "spec.template") == []


def gated(**spec):
    return pod(schedulingGates=[{"name": "g"}], **spec)


def test_a_gated_pod_may_ask_for_more_of_its_node():
    old = gated(nodeSelector={"a": "1"}, **nodes(key="zone", operator="Exists"))
    more = nodes(key="zone", operator="Exists")
    terms = more["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    terms[0]["matchExpressions"].append({"key": "disk", "operator": "Exists"})
    assert validate_update(PODS, gated(nodeSelector={"a": "1", "b": "2"}, **more), old) == []
    assert validate_update(PODS, gated(**nodes(key="zone", operator="Exists")), gated()) == []


def test_a_gated_pod_may_not_ask_for_less_of_its_node():
    old = gated(nodeSelector={"a": "1"}, **nodes(key="zone", operator="Exists"))
    new = gated(nodeSelector={"a": "2"}, **nodes(key="disk", operator="Exists"))
    assert [each.field for each in validate_update(PODS, new, old)] == ["spec.nodeSelector", TERMS]
    [error] = validate_update(PODS, gated(nodeSelector={"a": "1"}), old)
    assert error.message.endswith("no additions/deletions to non-empty NodeSelectorTerms list are allowed")
    other = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z"}]}}
    [error] = validate_update(PODS, gated(affinity=other), gated())
    assert error.field == "spec"


def test_gates_are_only_taken_away():
    [error, *_] = validate_update(PODS, pod(schedulingGates=[{"name": "g"}, {"name": "h"}]), gated())
    assert (error.field, error.type) == ("spec.schedulingGates[1].name", "FieldValueForbidden")


# --- status -------------------------------------------------------------------------------------------------


def statuses(**state):
    return [{"name": "c", "state": state}]


def status_errors(new, old, container=None, **spec):
    before = pod(container, **spec)
    found = validate_status_update(PODS, {**before, "status": new}, {**before, "status": old})
    return [str(error) for error in found]


ENDED = statuses(terminated={"exitCode": 3})
FORBIDDEN = "state: Forbidden: may not be transitioned to non-terminated state"


@pytest.mark.parametrize(
    ("container", "policy", "may"),
    [
        ({}, "Always", True),
        ({}, "Never", False),
        ({}, "OnFailure", True),
        ({"restartPolicy": "Always"}, "Never", True),
        (rules(rule()), "Never", True),
        (rules(rule(values=[4])), "Never", False),
        (rules(rule("RestartAllContainers", values=[4])), "Never", True),
    ],
)
def test_a_container_that_has_ended_begins_again_only_if_it_may(container, policy, may):
    new, old = {"containerStatuses": statuses(running={})}, {"containerStatuses": ENDED}
    found = status_errors(new, old, container, restartPolicy=policy)
    assert found == ([] if may else [f"status.containerStatuses[0].{FORBIDDEN}"])


def test_init_and_ephemeral_containers_that_have_ended_stay_so():
    new = {"initContainerStatuses": statuses(running={}), "ephemeralContainerStatuses": statuses(running={})}
    old = {"initContainerStatuses": ENDED, "ephemeralContainerStatuses": ENDED}
    assert status_errors(new, old, restartPolicy="Never") == [
        f"status.initContainerStatuses[0].{FORBIDDEN}",
        f"status.ephemeralContainerStatuses[0].{FORBIDDEN}",
    ]
    assert status_errors(new, old) == [f"status.ephemeralContainerStatuses[0].{FORBIDDEN}"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (
            {"conditions": [{"type": "a b", "status": "True"}]},
            'metadata.conditions[0].Type: Invalid value: "a b": ',
        ),
        (
            {"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.2"}]},
            'status.hostIPs[0].ip: Invalid value: "10.0.0.2": m',
        ),
        (
            {"resourceClaimStatuses": [{"name": "g"}]},
            'status.resourceClaimStatuses[0].name: Invalid value: "g": must match the name of an entry in',
        ),
    ],
)
def test_a_rule_for_a_status(status, error):
    [found] = status_errors(status, {})
    assert found.startswith(error)
