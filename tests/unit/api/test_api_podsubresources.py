"""What may change in a pod through `ephemeralcontainers` and `resize`."""

from __future__ import annotations

import pytest

from kubelite.api.podsubresources import prepare_for_ephemeral_containers, prepare_for_resize
from kubelite.api.resources import PODS
from kubelite.api.validation import validate_create, validate_subresource_update
from kubelite.api.validation.podsubresources import NOT_EPHEMERAL
from tests.unit.api.pods import defaulted_pod

QOS = "Pod QOS Class may not change as a result of resizing"


def container(name="c", **fields):
    return {"name": name, "image": "i", **fields}


def resources(**fields):
    return {"resources": fields}


def pod(*, metadata=None, status=None, **spec):
    made = defaulted_pod(metadata=metadata, **{"containers": [container()], **spec})
    return {**made, "status": {"phase": "Pending", "qosClass": made["status"]["qosClass"], **(status or {})}}


def changed(old, **spec):
    return {**old, "spec": {**old["spec"], **spec}}


def problems(subresource, new, old):
    return [str(error) for error in validate_subresource_update(PODS, subresource, new, old)]


# --- ephemeral containers -----------------------------------------------------------------------------------


def with_ephemeral(old, *containers):
    new = defaulted_pod(containers=[container()], ephemeralContainers=list(containers))
    sent = new["spec"].get("ephemeralContainers")
    return prepare_for_ephemeral_containers(changed(old, ephemeralContainers=sent), old)


def test_an_ephemeral_container_can_be_added():
    old = pod()
    new = with_ephemeral(old, container("debug", targetContainerName="c"))
    assert problems("ephemeralcontainers", new, old) == []
    assert new["metadata"]["generation"] == 2


def test_nothing_else_changes():
    old = pod(metadata={"labels": {"a": "b"}})
    sent = {
        **old,
        "metadata": {**old["metadata"], "labels": {"a": "c"}},
        "spec": {**old["spec"], "nodeName": "n"},
    }
    assert prepare_for_ephemeral_containers(sent, old) == old


def test_an_ephemeral_container_stays_as_it_is():
    old = with_ephemeral(pod(), container("debug"))
    [error] = problems("ephemeralcontainers", with_ephemeral(old), old)
    assert error == (
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n'
    )
    [error] = problems("ephemeralcontainers", with_ephemeral(old, container("debug", image="j")), old)
    assert error.startswith(
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n'
    )


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": "c"}, 'spec.ephemeralContainers[0].name: Duplicate value: "c"'),
        ({"name": ""}, "spec.ephemeralContainers[0].name: Required value"),
        ({"image": ""}, "spec.ephemeralContainers[0].image: Required value"),
        (
            {"targetContainerName": "none"},
            'spec.ephemeralContainers[0].targetContainerName: Not found: "none"',
        ),
        (
            {"ports": [{"containerPort": 80}]},
            f"spec.ephemeralContainers[0].ports: Forbidden: {NOT_EPHEMERAL}",
        ),
        (
            {"resources": {"limits": {"cpu": "1"}}},
            f"spec.ephemeralContainers[0].resources: Forbidden: {NOT_EPHEMERAL}",
        ),
        (
            {"livenessProbe": {"exec": {"command": ["x"]}}},
            f"spec.ephemeralContainers[0].livenessProbe: Forbidden: {NOT_EPHEMERAL}",
        ),
        (
            {"lifecycle": {"preStop": {"exec": {"command": ["x"]}}}},
            f"spec.ephemeralContainers[0].lifecycle: Forbidden: {NOT_EPHEMERAL}",
        ),
    ],
)
def test_ephemeral_containers_have_fewer_fields(fields, error):
    old = pod()
    new = with_ephemeral(old, {**container("debug"), **fields})
    assert error in problems("ephemeralcontainers", new, old)


def test_ephemeral_containers_have_no_sub_paths():
    volumes = [{"name": "v", "emptyDir": {}}]
    old = pod(volumes=volumes)
    mounts = [{"name": "v", "mountPath": "/v", "subPath": "a"}]
    new = with_ephemeral(old, container("debug", volumeMounts=mounts))
    assert problems("ephemeralcontainers", new, old) == [
        f"spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: {NOT_EPHEMERAL}"
    ]


def test_static_pods_have_no_ephemeral_containers():
    old = pod(metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    [error] = problems("ephemeralcontainers", with_ephemeral(old, container("debug")), old)
    assert error == "Forbidden: static pods do not support ephemeral containers"


def test_a_pod_is_not_created_with_ephemeral_containers():
    made = defaulted_pod(containers=[container()], ephemeralContainers=[container("debug")])
    errors = [str(error) for error in validate_create(PODS, made)]
    assert errors == ["spec.ephemeralContainers: Forbidden: cannot be set on create"]


# --- resize -------------------------------------------------------------------------------------------------


def resized(old, *containers, **spec):
    new = defaulted_pod(containers=list(containers), **spec)
    return prepare_for_resize(new, old)


BURSTABLE = container(**resources(requests={"cpu": "100m"}, limits={"cpu": "200m"}))


def test_requests_and_limits_can_be_changed():
    old = pod(containers=[BURSTABLE])
    new = resized(old, container(**resources(requests={"cpu": "150m"}, limits={"cpu": "300m"})))
    assert problems("resize", new, old) == []
    assert new["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "300m"}
    assert new["metadata"]["generation"] == 2


def test_a_resize_changes_nothing_else():
    old = pod(containers=[BURSTABLE])
    sent = {**BURSTABLE, "image": "other"}
    assert resized(old, sent) == old


def test_the_class_of_service_stays():
    old = pod()
    new = resized(old, container(**resources(requests={"cpu": "100m"})))
    assert problems("resize", new, old) == [f'spec: Invalid value: "BestEffort": {QOS}']


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"requests": {"cpu": "100m"}}, "limits"), ({"requests": {"memory": "1Mi"}}, "limits")],
)
def test_what_is_requested_can_not_be_taken_away(sent, field):
    old = pod(containers=[BURSTABLE])
    errors = problems("resize", resized(old, container(**resources(**sent))), old)
    assert f"spec.containers[0].resources.{field}: Forbidden: resource {field} cannot be removed" in errors


def test_nothing_but_cpu_and_memory_is_resized():
    old = pod(containers=[BURSTABLE])
    sent = {"requests": {"cpu": "100m", "ephemeral-storage": "1Gi"}, "limits": {"cpu": "200m"}}
    errors = problems("resize", resized(old, container(**resources(**sent))), old)
    assert errors[0] == "spec: Forbidden: only cpu and memory resources are mutable"


def test_containers_stay_what_and_where_they_are():
    old = pod(containers=[BURSTABLE])
    errors = problems("resize", resized(old, BURSTABLE, container("d")), old)
    assert "spec.containers: Forbidden: containers may not be added or removed on resize" in errors
    errors = problems("resize", resized(old, {**BURSTABLE, "name": "d"}), old)
    words = "containers may not be renamed or reordered on resize"
    assert f"spec.containers[0].name: Forbidden: {words}" in errors


def test_only_sidecars_among_init_containers_are_resized():
    init = container("init", **resources(requests={"cpu": "1"}))
    old = pod(containers=[BURSTABLE], initContainers=[init])
    sent = container("init", **resources(requests={"cpu": "2"}))
    errors = problems("resize", resized(old, BURSTABLE, initContainers=[sent]), old)
    assert "spec: Forbidden: resources for non-sidecar init containers are immutable" in errors
    sidecar = {**init, "restartPolicy": "Always"}
    old = pod(containers=[BURSTABLE], initContainers=[sidecar])
    new = resized(old, BURSTABLE, initContainers=[{**sent, "restartPolicy": "Always"}])
    assert problems("resize", new, old) == []


def test_some_pods_can_not_be_resized():
    static = pod(metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}, containers=[BURSTABLE])
    assert problems("resize", static, static) == ["Forbidden: static pods cannot be resized"]
    windows = pod(containers=[BURSTABLE], os={"name": "windows"})
    assert problems("resize", windows, windows) == ["Forbidden: windows pods cannot be resized"]
    running = {"name": "c", "state": {"running": {}}}
    old = pod(containers=[BURSTABLE], status={"containerStatuses": [running]})
    new = resized(old, container(**resources(requests={"cpu": "150m"}, limits={"cpu": "300m"})))
    assert problems("resize", new, old) == ["spec: Forbidden: Pod running on node without support for resize"]
