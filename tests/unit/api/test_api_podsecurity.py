"""Pod Security Standards: labels of namespaces, and what the levels forbid."""

from __future__ import annotations

import pytest

from kubelite.api.podsecurity.evaluation import violations
from kubelite.api.podsecurity.policy import PREFIX, Policy, Standard, policy_of

HARD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def policy(**labels):
    found, errors = policy_of({PREFIX + key.replace("_", "-"): value for key, value in labels.items()})
    return found, [str(error) for error in errors]


def test_a_namespace_without_labels_allows_everything():
    assert policy_of(None) == (Policy(), [])
    assert policy_of({"a": "b"}) == (Policy(), [])


def test_a_level_that_is_enforced_is_warned_of_too():
    found, errors = policy(enforce="baseline", enforce_version="v1.22")
    assert found == Policy(Standard("baseline", "v1.22"), Standard("baseline", "v1.22"))
    assert errors == []
    found, _ = policy(enforce="baseline", enforce_version="v1.22", warn_version="latest")
    assert found.warn == Standard("baseline", "latest")


def test_a_level_of_warnings_is_its_own():
    found, _ = policy(enforce="baseline", warn="privileged")
    assert found == Policy(Standard("baseline"), Standard())
    found, _ = policy(warn="restricted")
    assert found == Policy(Standard(), Standard("restricted"))


def test_labels_that_cannot_be_read_are_enforced_strictly_and_not_warned_of():
    found, errors = policy(enforce="lax", audit="x", warn="y", warn_version="v1.01")
    assert found == Policy(Standard("restricted"), Standard())
    level = "must be one of privileged, baseline, restricted"
    assert errors == [
        f'metadata.labels[{PREFIX}enforce]: Invalid value: "lax": {level}',
        f'metadata.labels[{PREFIX}audit]: Invalid value: "x": {level}',
        f'metadata.labels[{PREFIX}warn]: Invalid value: "y": {level}',
        f'metadata.labels[{PREFIX}warn-version]: Invalid value: "v1.01": must be "latest" or "v1.x"',
    ]


def found(level, container=None, version="latest", annotations=None, **spec):
    spec.setdefault("containers", [{"name": "c", **(container or {})}])
    metadata = {"annotations": annotations} if annotations else {}
    return [str(violation) for violation in violations(Standard(level, version), metadata, spec)]


def test_an_ordinary_pod_is_within_baseline_but_not_within_restricted():
    assert found("privileged", {"securityContext": {"privileged": True}}) == []
    assert found("baseline") == []
    assert found("restricted") == [
        (
            'allowPrivilegeEscalation != false (container "c" must set '
            "securityContext.allowPrivilegeEscalation=false)"
        ),
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        (
            'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to '
            '"RuntimeDefault" or "Localhost")'
        ),
    ]


def test_a_hardened_pod_is_within_restricted():
    assert found("restricted", {"securityContext": HARD}) == []


def test_a_pod_may_say_for_its_containers_that_it_is_hardened():
    context = {key: HARD[key] for key in ("allowPrivilegeEscalation", "capabilities")}
    shared = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "x"}}
    assert found("restricted", {"securityContext": context}, securityContext=shared) == []


@pytest.mark.parametrize(
    ("container", "spec", "violation"),
    [
        (
            {},
            {"hostNetwork": True, "hostPID": True, "hostIPC": True},
            "host namespaces (hostIPC=true, hostNetwork=true, hostPID=true)",
        ),
        (
            {"securityContext": {"privileged": True}},
            {},
            'privileged (container "c" must not set securityContext.privileged=true)',
        ),
        (
            {"securityContext": {"capabilities": {"add": ["SYS_TIME", "CHOWN", "NET_RAW"]}}},
            {},
            (
                'non-default capabilities (container "c" must not include "NET_RAW", "SYS_TIME" in '
                "securityContext.capabilities.add)"
            ),
        ),
        (
            {},
            {"volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "emptyDir": {}}]},
            'hostPath volumes (volume "a")',
        ),
        (
            {"ports": [{"containerPort": 1, "hostPort": 80}, {"containerPort": 2}]},
            {},
            'hostPort (container "c" uses hostPort 80)',
        ),
        (
            {"livenessProbe": {"httpGet": {"host": "1.2.3.4", "port": 1}}},
            {},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "1.2.3.4")',
        ),
        (
            {"lifecycle": {"preStop": {"tcpSocket": {"host": "h", "port": 1}}}},
            {},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "h")',
        ),
        (
            {"securityContext": {"procMount": "Unmasked"}},
            {},
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            {"securityContext": {"seLinuxOptions": {"type": "x", "user": "u"}}},
            {"securityContext": {"seLinuxOptions": {"role": "r"}}},
            (
                'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: '
                'type "x"; user may not be set; role may not be set)'
            ),
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            {},
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            {},
            {"securityContext": {"sysctls": [{"name": "net.a"}, {"name": "net.ipv4.tcp_rmem"}]}},
            "forbidden sysctls (net.a)",
        ),
        (
            {},
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
            {},
            ('forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")'),
        ),
    ],
)
def test_baseline_keeps_pods_off_their_node(container, spec, violation):
    assert found("baseline", container, **spec) == [violation]


@pytest.mark.parametrize(
    ("container", "spec", "violation"),
    [
        (
            {"securityContext": {**HARD, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}},
            {},
            (
                'unrestricted capabilities (container "c" must not include "CHOWN" in '
                "securityContext.capabilities.add)"
            ),
        ),
        (
            {"securityContext": HARD},
            {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]},
            'restricted volume types (volume "host" uses restricted volume type "hostPath")',
        ),
        (
            {"securityContext": {**HARD, "runAsNonRoot": False}},
            {},
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            {"securityContext": HARD},
            {"securityContext": {"runAsUser": 0}},
            "runAsUser=0 (pod must not set runAsUser=0)",
        ),
        (
            {"securityContext": {**HARD, "seccompProfile": {"type": "Unconfined"}}},
            {},
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
    ],
)
def test_restricted_forbids_what_a_hardened_pod_does_without(container, spec, violation):
    assert found("restricted", container, **spec) == [violation]


def test_low_ports_may_be_asked_for():
    context = {**HARD, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    assert found("restricted", {"securityContext": context}) == []


def test_a_pod_with_users_of_its_own_may_run_as_root():
    context = {**HARD, "runAsNonRoot": False, "runAsUser": 0}
    assert found("restricted", {"securityContext": context}, hostUsers=False) == []
    assert len(found("restricted", {"securityContext": context}, version="v1.30", hostUsers=False)) == 2


def test_several_containers_are_named_together():
    containers = [{"name": name, "ports": [{"containerPort": 1, "hostPort": 9}]} for name in "ab"]
    assert found("baseline", containers=containers) == ['hostPort (containers "a", "b" use hostPort 9)']


def test_a_version_forbids_what_it_forbade_at_its_time():
    probe = {"livenessProbe": {"httpGet": {"host": "1.2.3.4", "port": 1}}}
    assert found("baseline", probe, version="v1.33") == []
    sysctl = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}}
    assert found("baseline", version="v1.31", **sysctl) == ["forbidden sysctls (net.ipv4.tcp_rmem)"]
    note = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert found("baseline", annotations=note) == []
    assert found("baseline", annotations=note, version="v1.18") == [
        'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")'
    ]


def test_pods_for_windows_need_not_say_what_means_nothing_there():
    context = {"runAsNonRoot": True}
    assert found("restricted", {"securityContext": context}, os={"name": "windows"}) == []
    assert (
        len(found("restricted", {"securityContext": context}, version="v1.24", os={"name": "windows"})) == 3
    )
