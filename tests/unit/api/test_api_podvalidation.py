"""Mistakes in pods, and what is said of them."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PODS
from kubelite.api.validation import validate_create, validate_status_update
from tests.unit.api.pods import defaulted_pod

ID_RANGE = "must be between 0 and 2147483647, inclusive"


def errors(container=None, **spec):
    spec.setdefault("containers", [{"name": "c", "image": "i", **(container or {})}])
    return [str(error) for error in validate_create(PODS, defaulted_pod(**spec))]


def test_an_ordinary_pod_has_no_mistakes():
    assert errors() == []


@pytest.mark.parametrize(
    ("container", "error"),
    [
        (
            {"securityContext": {"runAsUser": -1}},
            f"spec.containers[0].securityContext.runAsUser: Invalid value: -1: {ID_RANGE}",
        ),
        (
            {"securityContext": {"procMount": "Some"}},
            (
                'spec.containers[0].securityContext.procMount: Unsupported value: "Some": supported values: '
                '"Default", "Unmasked"'
            ),
        ),
        (
            {"securityContext": {"procMount": "Unmasked"}},
            (
                'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` '
                "must be false to "
                "use `Unmasked`"
            ),
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            (
                "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: "
                "must be set when "
                "seccomp type is Localhost"
            ),
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Some"}}},
            (
                'spec.containers[0].securityContext.seccompProfile.type: Unsupported value: "Some": '
                "supported values: "
                '"Localhost", "RuntimeDefault", "Unconfined"'
            ),
        ),
        (
            {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": "x"}}},
            (
                "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "
                '"x": can only be '
                "set when AppArmor type is Localhost"
            ),
        ),
        (
            {"resizePolicy": [{"resourceName": "disk", "restartPolicy": "NotRequired"}]},
            'spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"',
        ),
        (
            {"volumeDevices": [{"name": "v", "devicePath": "/dev/x"}]},
            'spec.containers[0].volumeDevices[0].name: Not found: "v"',
        ),
        (
            {"livenessProbe": {"exec": {"command": ["x"]}, "successThreshold": 2}},
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
    ],
)
def test_a_container_is_judged(container, error):
    assert errors(container) == [error]


def test_privileged_is_not_without_escalation():
    [error] = errors({"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}})
    assert error.startswith("spec.containers[0].securityContext: Invalid value: ")
    assert error.endswith("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")


def test_mounts_are_propagated_by_privileged_containers():
    volumes = [{"name": "v", "emptyDir": {}}]
    mount = {"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}
    assert errors({"volumeMounts": [mount]}, volumes=volumes) == [
        (
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount "
            "propagation is "
            "available only to privileged containers"
        )
    ]
    assert errors({"volumeMounts": [mount], "securityContext": {"privileged": True}}, volumes=volumes) == []
    [error] = errors({"volumeMounts": [{**mount, "mountPropagation": "Some"}]}, volumes=volumes)
    assert error.endswith('supported values: "Bidirectional", "HostToContainer", "None"')


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"securityContext": {"fsGroup": -1}},
            f"spec.securityContext.fsGroup: Invalid value: -1: {ID_RANGE}",
        ),
        (
            {"securityContext": {"supplementalGroups": [0, -5]}},
            f"spec.securityContext.supplementalGroups[1]: Invalid value: -5: {ID_RANGE}",
        ),
        (
            {"securityContext": {"sysctls": [{"name": "a.b", "value": "1"}, {"name": "a.b", "value": "2"}]}},
            'spec.securityContext.sysctls[1].name: Duplicate value: "a.b"',
        ),
        (
            {"securityContext": {"fsGroupChangePolicy": "Never"}},
            (
                'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Never": supported values: '
                '"OnRootMismatch", "Always"'
            ),
        ),
        (
            {"hostPID": True, "shareProcessNamespace": True},
            (
                "spec.securityContext.shareProcessNamespace: Invalid value: true: "
                "ShareProcessNamespace and HostPID "
                "cannot both be enabled"
            ),
        ),
        ({"hostUsers": False, "hostNetwork": True}, "spec.hostNetwork: Forbidden: when `hostUsers` is false"),
        (
            {"os": {"name": "beos"}},
            'spec.os: Unsupported value: "beos": supported values: "linux", "windows"',
        ),
        (
            {"os": {"name": "windows"}, "securityContext": {"runAsUser": 1}},
            "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        ),
        (
            {"os": {"name": "linux"}, "securityContext": {"windowsOptions": {}}},
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
        ),
        (
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 1}
                ]
            },
            (
                "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if "
                "whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            ),
        ),
        (
            {"volumes": [{"name": "v", "csi": {}}]},
            "spec.volumes[0].csi.driver: Required value",
        ),
        (
            {"nodeName": "n", "schedulingGates": [{"name": "g"}]},
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
    ],
)
def test_a_spec_is_judged(spec, error):
    assert errors(**spec) == [error]


def test_a_pair_of_key_and_consequence_stands_once():
    one = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
    assert errors(topologySpreadConstraints=[one, one]) == [
        (
            "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "
            '"{z, DoNotSchedule}"'
        )
    ]


def test_on_the_hosts_network_ports_are_the_hosts():
    [error] = errors({"ports": [{"containerPort": 80, "hostPort": 81}]}, hostNetwork=True)
    assert error == (
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when "
        "`hostNetwork` is "
        "true"
    )


def test_a_pod_that_never_restarts_does_not_restart_to_be_resized():
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    [error] = errors({"resizePolicy": policy}, restartPolicy="Never")
    assert error.endswith("\"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'")


@pytest.mark.parametrize(
    ("resources", "error"),
    [
        (
            {"limits": {"hugepages-2Mi": "2Mi"}, "requests": {"hugepages-2Mi": "2Mi"}},
            "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
        ),
        (
            {"limits": {"a.b/c": "2"}, "requests": {"a.b/c": "1"}},
            'spec.containers[0].resources.requests: Invalid value: "1": must be equal to a.b/c limit of 2',
        ),
        (
            {"requests": {"a.b/c": "1"}},
            (
                "spec.containers[0].resources.limits: Required value: "
                "Limit must be set for non overcommitable resources"
            ),
        ),
    ],
)
def test_what_a_node_cannot_promise_twice_is_limited_to_what_is_asked_for(resources, error):
    assert errors({"resources": resources}) == [error]


def test_search_domains_are_domains_or_names_of_services():
    assert errors(dnsConfig={"searches": [".", "_tcp.example.com", "example.com."]}) == []
    [error] = errors(dnsConfig={"searches": ["a b"]})
    assert error.startswith(
        'spec.dnsConfig.searches[0]: Invalid value: "a b": a lowercase RFC 1123 subdomain'
    )
    assert "'_', '-' or '.'" in error


def test_errors_show_structs_as_kubernetes_has_them_inside():
    [error] = errors(tolerations=[{"key": "a", "operator": "Exists", "value": "x"}])
    shown = '{"Key":"a","Operator":"Exists","Value":"x","Effect":"","TolerationSeconds":null}'
    assert error == (
        f"spec.tolerations[0].operator: Invalid value: {shown}: "
        "value must be empty when `operator` is 'Exists'"
    )
    [error] = errors({"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}})
    assert 'Invalid value: {"Capabilities":null,"Privileged":true,' in error


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}, []),
        (
            {"podIP": "x"},
            [
                (
                    'status.podIPs[0]: Invalid value: "x": must be a valid IP address, '
                    "(e.g. 10.9.8.7 or 2001:db8::ffff)"
                )
            ],
        ),
        (
            {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]},
            [
                (
                    'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: '
                    "may specify no more than one IP for each IP family"
                )
            ],
        ),
    ],
)
def test_a_pod_has_one_address_of_each_family(status, expected):
    old = defaulted_pod(containers=[{"name": "c", "image": "i"}])
    old = {**old, "metadata": {**old["metadata"], "uid": "u", "resourceVersion": "1"}}
    found = validate_status_update(PODS, {**old, "status": status}, old)
    assert [str(error) for error in found] == expected
