"""Server-side apply and managed fields through the API server: creation, endpoints, versions, refusals."""

import pytest

from kubelite.api.resources import CONFIGMAPS, NAMESPACES, PODS, REPLICATIONCONTROLLERS, SERVICES
from kubelite.apimachinery.apierrors import APIError
from kubelite.client.requests import ADMIN, Create, Patch
from tests.harness import api_server


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def config_map(data=None, **metadata):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}}
    return obj if data is None else {**obj, "data": data}


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
CONTROLLER = {
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "metadata": {"name": "r"},
    "spec": {
        "replicas": 1,
        "selector": {"a": "b"},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]},
    },
}


def owners(obj):
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): each["fieldsV1"]
        for each in obj["metadata"].get("managedFields", ())
    }


async def answer(client, resource, name, obj, manager="one", **options):
    """The whole answer to an apply, its code and warnings too."""
    return await Patch(
        user=ADMIN,
        resource=resource,
        namespace="default" if resource.namespaced else "",
        name=name,
        patch=obj,
        patch_type="apply",
        field_manager=manager,
        **options,
    ).ask(client._ref)


async def apply(client, resource, obj, manager="one", **options):
    return (await answer(client, resource, obj["metadata"]["name"], obj, manager, **options)).object


async def test_apply_creates_then_updates(client):
    made = await answer(client, CONFIGMAPS, "c", config_map({"a": "1"}))
    assert (made.code, made.object["data"]) == (201, {"a": "1"})
    again = await answer(client, CONFIGMAPS, "c", config_map({"a": "1"}))
    assert (again.code, again.object) == (200, made.object)
    changed = await answer(client, CONFIGMAPS, "c", config_map({"b": "1"}))
    assert (changed.code, changed.object["data"]) == (200, {"b": "1"})


async def test_apply_fills_in_defaults_that_nobody_owns(client):
    made = await apply(
        client,
        SERVICES,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
        },
    )
    assert made["spec"]["type"] == "ClusterIP"
    assert made["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    assert owners(made)["one", "Apply", ""] == {
        "f:spec": {
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
            "f:selector": {},
        }
    }


async def test_a_dry_run_of_an_apply_stores_nothing(client):
    made = await answer(client, CONFIGMAPS, "c", config_map({"a": "1"}), dry_run=True)
    assert made.code == 201
    assert owners(made.object)
    with pytest.raises(APIError) as refused:
        await client.get(CONFIGMAPS, "c", "default")
    assert refused.value.code == 404


@pytest.mark.parametrize(
    ("obj", "code", "words"),
    [
        (
            config_map(uid="u"),
            409,
            "uid mismatch: the provided object specified uid u",
        ),
        (config_map(namespace="other"), 400, "the namespace of the provided object does not match"),
        (
            {**config_map(), "metadata": {"generateName": "c"}},
            400,
            "undeterminable: name must be provided",
        ),
        ({**config_map(), "metadata": {"name": "d"}}, 400, "the name of the object (d) does not match"),
        ({"kind": "ConfigMap", "metadata": {"name": "c"}}, 400, "invalid object type: /, Kind=ConfigMap"),
        (config_map({"a": 1}), 500, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
    ],
)
async def test_what_cannot_be_applied_is_refused_and_nothing_is_made(client, obj, code, words):
    with pytest.raises(APIError) as refused:
        await answer(client, CONFIGMAPS, "c", obj)
    assert refused.value.code == code
    assert words in refused.value.message
    assert not (await client.list(CONFIGMAPS, "default")).items


async def test_a_stale_version_in_a_configuration_is_a_conflict(client):
    made = await apply(client, CONFIGMAPS, config_map({"a": "1"}))
    version = made["metadata"]["resourceVersion"]
    await apply(client, CONFIGMAPS, config_map({"a": "2"}))
    with pytest.raises(APIError) as refused:
        await apply(client, CONFIGMAPS, config_map({"a": "3"}, resourceVersion=version))
    assert refused.value.reason == "Conflict"
    assert "the object has been modified" in refused.value.message


async def test_duplicate_keys_are_refused_or_warned_of(client):
    problem = ("error converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key already set",)
    obj = config_map({"a": "1"})
    with pytest.raises(APIError) as refused:
        await answer(client, CONFIGMAPS, "c", obj, problems=problem, field_validation="Strict")
    assert refused.value.message == f"error strict decoding YAML: {problem[0]}"
    warned = await answer(client, CONFIGMAPS, "c", obj, problems=problem, field_validation="Warn")
    assert warned.warnings == problem
    ignored = await answer(client, CONFIGMAPS, "c", obj, problems=problem, field_validation="Ignore")
    assert ignored.warnings == ()


async def test_apply_of_a_status_owns_only_the_status(client):
    await client.create(PODS, POD, "default", field_manager="main")
    status = {**POD, "metadata": {"name": "p", "labels": {"l": "m"}}, "status": {"message": "words"}}
    del status["spec"]
    made = await apply(client, PODS, status, "st", subresource="status")
    assert made["status"]["message"] == "words"
    assert made["spec"]["containers"][0]["image"] == "i"
    assert owners(made)["st", "Apply", "status"] == {
        "f:metadata": {"f:labels": {"f:l": {}}},
        "f:status": {"f:message": {}},
    }


async def test_apply_of_a_subresource_creates_nothing(client):
    with pytest.raises(APIError) as refused:
        await apply(client, PODS, {**POD, "status": {"message": "words"}}, subresource="status")
    assert refused.value.code == 404


async def test_the_scale_has_the_owner_of_the_replicas(client):
    await client.create(REPLICATIONCONTROLLERS, CONTROLLER, "default", field_manager="main")
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "r"},
        "spec": {"replicas": 2},
    }
    with pytest.raises(APIError) as refused:
        await apply(client, REPLICATIONCONTROLLERS, scale, "hpa", subresource="scale")
    assert refused.value.message == (
        'Apply failed with 1 conflict: conflict with "main" using autoscaling/v1: .spec.replicas'
    )
    shown = await apply(client, REPLICATIONCONTROLLERS, scale, "hpa", subresource="scale", force=True)
    assert shown["spec"] == {"replicas": 2}
    assert "managedFields" not in shown["metadata"]
    stored = await client.get(REPLICATIONCONTROLLERS, "r", "default")
    assert owners(stored)["hpa", "Apply", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners(stored)["main", "Update", ""]["f:spec"]


async def test_a_scale_of_nothing_new_changes_nothing(client):
    made = await client.create(REPLICATIONCONTROLLERS, CONTROLLER, "default", field_manager="main")
    scale = await client.get(REPLICATIONCONTROLLERS, "r", "default", subresource="scale")
    await client.update(REPLICATIONCONTROLLERS, scale, subresource="scale", field_manager="scaler")
    assert await client.get(REPLICATIONCONTROLLERS, "r", "default") == made


async def test_a_write_of_the_scale_takes_the_replicas(client):
    await client.create(REPLICATIONCONTROLLERS, CONTROLLER, "default", field_manager="main")
    await client.patch(
        REPLICATIONCONTROLLERS,
        "r",
        {"spec": {"replicas": 3}},
        "default",
        subresource="scale",
        patch_type="merge",
        field_manager="scaler",
    )
    stored = await client.get(REPLICATIONCONTROLLERS, "r", "default")
    assert owners(stored)["scaler", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}


async def test_what_admission_adds_is_nobodys(client):
    made = await client.create(PODS, POD, "default", field_manager="one")
    fields = owners(made)["one", "Update", ""]["f:spec"]
    assert "f:tolerations" not in fields
    assert made["spec"]["tolerations"]


async def test_what_the_server_makes_is_its_own(client):
    made = await client.get(NAMESPACES, "default")
    assert owners(made) == {
        ("kube-apiserver", "Update", ""): {
            "f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}
        }
    }


async def test_components_go_by_the_names_of_their_programs(client):
    made = await client.create(CONFIGMAPS, config_map({"a": "1"}), "default")
    assert list(owners(made)) == [("kubelite", "Update", "")]


async def test_an_owner_that_is_named_twice_is_kept_once_with_a_warning(client):
    owner = {"apiVersion": "v1", "kind": "Thing", "name": "t", "uid": "u"}
    other = {**owner, "uid": "v"}
    made = await Create(
        user=ADMIN,
        resource=CONFIGMAPS,
        namespace="default",
        object=config_map(ownerReferences=[owner, other, owner]),
    ).ask(client._ref)
    assert made.object["metadata"]["ownerReferences"] == [owner, other]
    (warning,) = made.warnings
    assert warning.startswith(".metadata.ownerReferences contains duplicate entries; API server dedups")
    assert warning.endswith("; please fix your requests; duplicate UID(s) observed: u")
    changed = await Patch(
        user=ADMIN,
        resource=CONFIGMAPS,
        namespace="default",
        name="c",
        patch={"metadata": {"ownerReferences": [owner, owner]}},
        patch_type="merge",
    ).ask(client._ref)
    assert changed.object["metadata"]["ownerReferences"] == [owner]
    assert "entries after mutating admission happens; API server" in changed.warnings[0]


@pytest.mark.parametrize(
    ("patch", "type_", "code", "words"),
    [
        ([{"op": "add", "path": "/x"}] * 10_001, "json", 413, "maximum operations in a JSON patch is 10000"),
        ([5], "json", 400, "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ([{"op": 5}], "json", 400, "number into Go struct field jsonPatchOp.op of type string"),
        (
            [{"op": "add", "path": "/data/a", "value": "2", "twist": 1}],
            "json",
            422,
            'strict decoding error: json patch unknown field "[0].twist"',
        ),
        ({"data": {"$patch": "twist"}}, "strategic", 500, "unknown patch type: twist in map: "),
        ({"data": {"$retainKeys": 5}}, "strategic", 400, "invalid patch format of retainKeys"),
    ],
)
async def test_patches_that_are_wrong_themselves(client, patch, type_, code, words):
    await client.create(CONFIGMAPS, config_map({"a": "1"}), "default")
    with pytest.raises(APIError) as refused:
        await Patch(
            user=ADMIN,
            resource=CONFIGMAPS,
            namespace="default",
            name="c",
            patch=patch,
            patch_type=type_,
            field_validation="Strict",
        ).ask(client._ref)
    assert refused.value.code == code
    assert words in refused.value.message


async def test_managers_with_impossible_names_are_refused(client):
    made = await client.create(CONFIGMAPS, config_map({"a": "1"}), "default", field_manager="one")
    (entry,) = made["metadata"]["managedFields"]
    given = [{**entry, "manager": "m" * 129, "subresource": "s" * 257}, {**entry, "manager": "a\nb"}]
    with pytest.raises(APIError) as refused:
        await client.update(CONFIGMAPS, {**made, "metadata": {**made["metadata"], "managedFields": given}})
    assert {cause["field"] for cause in refused.value.details["causes"]} == {
        "metadata.managedFields[0].manager",
        "metadata.managedFields[1].subresource",
        "metadata.managedFields[1].manager",
    }
