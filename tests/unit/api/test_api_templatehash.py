"""The hash of pod templates: what Go prints of them."""

import pytest

from kubelite.api.templatehash import go_text, template_hash

TEMPLATE = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "nginx:1.25",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
}


def test_the_hash_is_that_of_kubernetes():
    # A Deployment of this template has a ReplicaSet of this name in a cluster of Kubernetes 1.36.
    assert template_hash(TEMPLATE) == "6bd9dff948"


def test_a_collision_makes_another_hash():
    assert len({template_hash(TEMPLATE, collisions) for collisions in (None, 0, 1, 2)}) == 4


def text_of(**spec):
    return go_text({"metadata": {}, "spec": {"containers": [], **spec}})


def text_of_container(**fields):
    return text_of(containers=[{"name": "c", **fields}])


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"activeDeadlineSeconds": 0}, " ActiveDeadlineSeconds:(*int64)0 "),
        ({"nodeSelector": {"b": "1", "a": "2"}}, " NodeSelector:(map[string]string)map[a:2 b:1] "),
        ({"nodeSelector": {}}, " NodeSelector:(map[string]string)<nil> "),
        ({"serviceAccount": "s"}, " DeprecatedServiceAccount:(string)s "),
        ({"hostUsers": False}, " HostUsers:(*bool)false "),
        ({"imagePullSecrets": [{"name": "x"}, {"name": "y"}]}, "[{Name:(string)x} {Name:(string)y}]"),
        ({"tolerations": [{"operator": "Exists"}]}, "[{Key:(string) Operator:(v1.TolerationOperator)Exists "),
        (
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]},
            (
                "[{Name:(string)v VolumeSource:(v1.VolumeSource){HostPath:(*v1.HostPathVolumeSource)<nil> "
                "EmptyDir:(*v1.EmptyDirVolumeSource){Medium:(v1.StorageMedium) SizeLimit:(*resource.Quantity)"
                "{i:(resource.int64Amount){value:(int64)1073741824 scale:(resource.Scale)0} "
                "d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)1Gi "
                "Format:(resource.Format)BinarySI}} GCEPersistentDisk:"
            ),
        ),
        (
            {"volumes": [{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}]},
            (
                "ConfigMap:(*v1.ConfigMapVolumeSource){LocalObjectReference:(v1.LocalObjectReference)"
                "{Name:(string)m} Items:([]v1.KeyToPath)<nil> DefaultMode:(*int32)420 Optional:(*bool)<nil>}"
            ),
        ),
    ],
)
def test_fields_of_the_spec(field, expected):
    assert expected in text_of(**field)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (
            {"resources": {"requests": {"cpu": "500m", "memory": "0"}}},
            (
                "Requests:(v1.ResourceList)map[cpu:{i:(resource.int64Amount){value:(int64)500 "
                "scale:(resource.Scale)-3} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)500m "
                "Format:(resource.Format)DecimalSI} memory:{i:(resource.int64Amount){value:(int64)0 "
                "scale:(resource.Scale)0} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)0 "
                "Format:(resource.Format)}]"
            ),
        ),
        (
            {"livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 10}},
            (
                "LivenessProbe:(*v1.Probe){ProbeHandler:(v1.ProbeHandler){Exec:(*v1.ExecAction)<nil> "
                "HTTPGet:(*v1.HTTPGetAction){Path:(string) Port:(intstr.IntOrString){Type:(intstr.Type)0 "
                "IntVal:(int32)80 StrVal:(string)} "
            ),
        ),
        (
            {"livenessProbe": {"tcpSocket": {"port": "web"}}},
            "Port:(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)web}",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            (
                "SecretKeyRef:(*v1.SecretKeySelector){LocalObjectReference:(v1.LocalObjectReference)"
                "{Name:(string)s} Key:(string)k Optional:(*bool)<nil>}"
            ),
        ),
        ({"securityContext": {"capabilities": {"add": ["X"]}}}, "{Add:([]v1.Capability)[X] Drop:"),
        (
            {"ports": [{"containerPort": 80, "protocol": "TCP"}]},
            "HostPort:(int32)0 ContainerPort:(int32)80 Protocol:(v1.Protocol)TCP HostIP:(string)}",
        ),
    ],
)
def test_fields_of_a_container(field, expected):
    assert expected in text_of_container(**field)
