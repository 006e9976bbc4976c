"""Definitions at the API server: conditions, names, versions, and how they and their objects go."""

from __future__ import annotations

from typing import Any

import pytest

from kubelite.api.conditions import get_condition, is_condition_true
from kubelite.api.resources import APISERVICES, CONFIGMAPS, CUSTOMRESOURCEDEFINITIONS, LEASES, PODS
from kubelite.apimachinery.apierrors import (
    BadRequest,
    Conflict,
    InternalError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
)
from kubelite.apimachinery.scheme import Resource
from tests.harness import api_server

GROUP = "example.com"
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def schema_of(**spec: Any) -> dict[str, Any]:
    """A schema with these fields of the spec."""
    properties = {"spec": {"type": "object", "properties": spec}, "status": {"type": "object"}}
    properties["status"]["x-kubernetes-preserve-unknown-fields"] = True
    return {"openAPIV3Schema": {"type": "object", "properties": properties}}


def make_version(name: str = "v1", *, storage: bool = True, **fields: Any) -> dict[str, Any]:
    """A version of a definition."""
    return {"name": name, "served": True, "storage": storage, "schema": schema_of(size=NUMBER), **fields}


def make_definition(plural: str = "things", *versions: Any, scope: str = "Namespaced", **names: Any) -> Any:
    """A definition; its kind is the singular with a capital if not told."""
    kind = plural.removesuffix("s").capitalize()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {"plural": plural, "kind": kind, **names},
            "versions": list(versions) or [make_version()],
        },
    }


def things(version: str = "v1", *, plural: str = "things", **fields: Any) -> Resource:
    """The resource as a client knows it."""
    return Resource(GROUP, version, plural, "Thing", namespaced=True, **fields)


def make_thing(name: str = "a", version: str = "v1", **spec: Any) -> dict[str, Any]:
    """An object."""
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": "Thing",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }


@pytest.fixture
async def client() -> Any:
    async with api_server() as client:
        yield client


async def define(client: Any, *args: Any, **names: Any) -> Any:
    """Create a definition; gives it after the conditions are set."""
    made = await client.create(CUSTOMRESOURCEDEFINITIONS, make_definition(*args, **names))
    return await client.get(CUSTOMRESOURCEDEFINITIONS, made["metadata"]["name"])


async def redefine(client: Any, name: str = f"things.{GROUP}", **spec: Any) -> Any:
    """Patch the spec of a definition."""
    return await client.patch(CUSTOMRESOURCEDEFINITIONS, name, {"spec": spec}, patch_type="merge")


# --- conditions ---------------------------------------------------------------------------------------------


async def test_the_answer_to_a_create_is_from_before_the_conditions(client: Any) -> None:
    made = await client.create(CUSTOMRESOURCEDEFINITIONS, make_definition())
    assert "conditions" not in made["status"] or not made["status"]["conditions"]
    assert made["status"]["storedVersions"] == ["v1"]
    now = await client.get(CUSTOMRESOURCEDEFINITIONS, made["metadata"]["name"])
    assert is_condition_true(now, "NamesAccepted")
    assert is_condition_true(now, "Established")
    assert now["status"]["acceptedNames"] == {
        "plural": "things",
        "singular": "thing",
        "kind": "Thing",
        "listKind": "ThingList",
    }


async def test_each_condition_is_an_event_of_its_own(client: Any) -> None:
    watcher = await client.watch(CUSTOMRESOURCEDEFINITIONS)
    await define(client)
    seen = []
    for _ in range(3):
        event = await watcher.__anext__()
        conditions = event.object["status"].get("conditions") or []
        seen.append((event.type, [each["type"] for each in conditions if each["status"] == "True"]))
    watcher.end()
    assert seen == [
        ("ADDED", []),
        ("MODIFIED", ["NamesAccepted"]),
        ("MODIFIED", ["NamesAccepted", "Established"]),
    ]


async def test_the_conditions_belong_to_the_api_server(client: Any) -> None:
    made = await define(client)
    owners = {
        (each["manager"], each.get("subresource", "")): list(each["fieldsV1"])
        for each in made["metadata"]["managedFields"]
    }
    assert owners["kube-apiserver", "status"] == ["f:status"]


async def test_names_are_given_to_the_first_who_asks(client: Any) -> None:
    await define(client)
    second = await define(client, "others", kind="Thing")
    assert not is_condition_true(second, "NamesAccepted")
    assert not is_condition_true(second, "Established")
    assert second["status"]["acceptedNames"] == {"plural": "others", "kind": ""}
    with pytest.raises(NotFound):
        await client.list(things(plural="others"), "default")


@pytest.mark.parametrize(
    ("names", "reason", "message"),
    [
        ({"shortNames": ["th"]}, "ShortNamesConflict", '"th" is already in use'),
        ({"singular": "thing"}, "SingularConflict", '"thing" is already in use'),
        ({"kind": "Thing", "listKind": "Others"}, "KindConflict", '"Thing" is already in use'),
        ({"listKind": "ThingList"}, "ListKindConflict", '"ThingList" is already in use'),
    ],
)
async def test_a_name_that_is_taken_is_told(client: Any, names: Any, reason: str, message: str) -> None:
    await define(client, "things", shortNames=["th"])
    second = await define(client, "others", **names)
    accepted = get_condition(second, "NamesAccepted") or {}
    assert (accepted["status"], accepted["reason"], accepted["message"]) == ("False", reason, message)
    established = get_condition(second, "Established") or {}
    assert (established["status"], established["reason"]) == ("False", "NotAccepted")


async def test_a_definition_gets_its_names_once_they_are_free(client: Any) -> None:
    await define(client, "things", shortNames=["th"])
    waiting = await define(client, "others", shortNames=["th"])
    assert not is_condition_true(waiting, "NamesAccepted")
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    now = await client.get(CUSTOMRESOURCEDEFINITIONS, f"others.{GROUP}")
    assert is_condition_true(now, "NamesAccepted")
    assert is_condition_true(now, "Established")
    assert now["status"]["acceptedNames"]["shortNames"] == ["th"]


# --- what is served -----------------------------------------------------------------------------------------


async def test_objects_are_there_at_once(client: Any) -> None:
    await define(client)
    made = await client.create(things(), make_thing(size=1, other="x"))
    assert made["spec"] == {"size": 1}
    assert made["metadata"]["generation"] == 1
    assert await client.get(things(), "a", "default") == made


async def test_a_version_that_is_not_served_is_not_found(client: Any) -> None:
    versions = [make_version("v1"), make_version("v2", storage=False, served=False)]
    await define(client, "things", *versions)
    await client.create(things(), make_thing())
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await client.get(things("v2"), "a", "default")
    versions[1]["served"] = True
    await redefine(client, versions=versions)
    assert (await client.get(things("v2"), "a", "default"))["apiVersion"] == f"{GROUP}/v2"
    versions[0]["served"] = False
    await redefine(client, versions=versions)
    with pytest.raises(NotFound):
        await client.get(things("v1"), "a", "default")


async def test_versions_share_their_objects(client: Any) -> None:
    await define(client, "things", make_version("v1"), make_version("v2", storage=False))
    made = await client.create(things("v2"), make_thing(version="v2", size=3))
    assert made["apiVersion"] == f"{GROUP}/v2"
    old = await client.get(things("v1"), "a", "default")
    assert (old["apiVersion"], old["spec"]) == (f"{GROUP}/v1", {"size": 3})
    assert old["metadata"]["uid"] == made["metadata"]["uid"]
    listing = await client.list(things("v2"), "default")
    assert [each["apiVersion"] for each in listing.items] == [f"{GROUP}/v2"]


async def test_a_watch_of_one_version_sees_writes_of_another(client: Any) -> None:
    await define(client, "things", make_version("v1"), make_version("v2", storage=False))
    watcher = await client.watch(things("v2"))
    await client.create(things("v1"), make_thing(size=1))
    event = await watcher.__anext__()
    watcher.end()
    assert (event.type, event.object["apiVersion"]) == ("ADDED", f"{GROUP}/v2")


async def test_a_new_storage_version_is_noted(client: Any) -> None:
    await define(client, "things", make_version("v1"), make_version("v2", storage=False))
    await redefine(client, versions=[make_version("v1", storage=False), make_version("v2")])
    now = await client.get(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    assert now["status"]["storedVersions"] == ["v1", "v2"]
    with pytest.raises(Invalid, match=r"status.storedVersions\[0\]"):
        await redefine(client, versions=[make_version("v2")])


async def test_an_object_is_written_again_in_the_new_storage_version(client: Any) -> None:
    await define(client, "things", make_version("v1"), make_version("v2", storage=False))
    made = await client.create(things("v1"), make_thing(size=1))
    await redefine(client, versions=[make_version("v1", storage=False), make_version("v2")])
    read = await client.get(things("v1"), "a", "default")
    assert read["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    again = await client.update(things("v1"), read)
    assert again["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    assert again["metadata"]["generation"] == 1


async def test_old_objects_are_read_by_the_newest_schema(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing(size=1))
    schema = schema_of(colour={**TEXT, "default": "red"})
    await redefine(client, versions=[make_version(schema=schema)])
    read = await client.get(things(), "a", "default")
    assert read["spec"] == {"colour": "red"}
    listing = await client.list(things(), "default")
    assert listing.items[0]["spec"] == {"colour": "red"}


async def test_a_stricter_schema_lets_unchanged_values_pass(client: Any) -> None:
    await define(client)
    made = await client.create(things(), make_thing(size=1))
    schema = schema_of(size={**NUMBER, "minimum": 5}, other=NUMBER)
    await redefine(client, versions=[make_version(schema=schema)])
    await client.patch(things(), "a", {"spec": {"other": 1}}, "default", patch_type="merge")
    with pytest.raises(Invalid, match="should be greater than or equal to 5"):
        await client.patch(things(), "a", {"spec": {"size": 2}}, "default", patch_type="merge")
    assert made["spec"] == {"size": 1}


async def test_updates_need_a_version(client: Any) -> None:
    await define(client)
    made = await client.create(things(), make_thing(size=1))
    metadata = {key: each for key, each in made["metadata"].items() if key != "resourceVersion"}
    with pytest.raises(Invalid, match="metadata.resourceVersion: Invalid value: 0: must be specified"):
        await client.update(things(), {**made, "metadata": metadata})
    await client.update(things(), {**made, "spec": {"size": 2}})
    with pytest.raises(Conflict):
        await client.update(things(), {**made, "spec": {"size": 3}})


async def test_the_generation_counts_changes_of_all_but_metadata(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing(size=1))
    patched = await client.patch(
        things(), "a", {"metadata": {"labels": {"a": "b"}}}, "default", patch_type="merge"
    )
    assert patched["metadata"]["generation"] == 1
    patched = await client.patch(things(), "a", {"status": {"x": 1}}, "default", patch_type="merge")
    assert patched["metadata"]["generation"] == 2


async def test_the_status_is_a_world_of_its_own_where_it_is_a_subresource(client: Any) -> None:
    await define(client, "things", make_version(subresources={"status": {}}))
    resource = things(subresources=("status",))
    made = await client.create(resource, {**make_thing(size=1), "status": {"x": 1}})
    assert "status" not in made
    patch = {"status": {"x": 1}, "spec": {"size": 2}, "metadata": {"labels": {"a": "b"}}}
    patched = await client.patch(resource, "a", patch, "default", subresource="status", patch_type="merge")
    assert (patched["spec"], patched["status"]) == ({"size": 1}, {"x": 1})
    assert "labels" not in patched["metadata"]
    assert patched["metadata"]["generation"] == 1
    patched = await client.patch(resource, "a", {"status": {"x": 2}}, "default", patch_type="merge")
    assert patched["status"] == {"x": 1}


SCALE = {
    "specReplicasPath": ".spec.size",
    "statusReplicasPath": ".status.n",
    "labelSelectorPath": ".status.s",
}


async def test_the_scale_is_found_by_its_paths(client: Any) -> None:
    await define(client, "things", make_version(subresources={"status": {}, "scale": SCALE}))
    resource = things(subresources=("status", "scale"))
    await client.create(resource, make_thing(size=3))
    status = {"status": {"n": 2, "s": "a=b"}}
    await client.patch(resource, "a", status, "default", subresource="status", patch_type="merge")
    scale = await client.get(resource, "a", "default", subresource="scale")
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 3},
        {"replicas": 2, "selector": "a=b"},
    )
    patch = {"spec": {"replicas": 5}}
    scale = await client.patch(resource, "a", patch, "default", subresource="scale", patch_type="merge")
    assert scale["spec"] == {"replicas": 5}
    now = await client.get(resource, "a", "default")
    assert (now["spec"], now["metadata"]["generation"]) == ({"size": 5}, 2)


async def test_a_scale_without_replicas_is_an_error(client: Any) -> None:
    await define(client, "things", make_version(subresources={"scale": SCALE}))
    scalable = things(subresources=("scale",))
    await client.create(things(), make_thing())
    with pytest.raises(InternalError, match='the spec replicas field ".spec.size" does not exist'):
        await client.get(scalable, "a", "default", subresource="scale")
    patch = {"spec": {"replicas": 2}}
    scale = await client.patch(scalable, "a", patch, "default", subresource="scale", patch_type="merge")
    assert scale["spec"] == {"replicas": 2}
    assert (await client.get(things(), "a", "default"))["spec"] == {"size": 2}


async def test_field_selectors_know_the_selectable_fields(client: Any) -> None:
    selectable = [{"jsonPath": ".spec.size"}]
    await define(client, "things", make_version(selectableFields=selectable))
    for name, size in (("a", 1), ("b", 2), ("c", 1)):
        await client.create(things(), make_thing(name, size=size))
    listing = await client.list(things(), "default", field_selector="spec.size=1")
    assert [each["metadata"]["name"] for each in listing.items] == ["a", "c"]
    with pytest.raises(BadRequest, match="field label not supported: spec.other"):
        await client.list(things(), "default", field_selector="spec.other=1")


async def test_kinds_of_a_cluster_have_no_namespace(client: Any) -> None:
    await define(client, "things", scope="Cluster")
    resource = Resource(GROUP, "v1", "things", "Thing", namespaced=False)
    obj = make_thing(size=1)
    del obj["metadata"]["namespace"]
    made = await client.create(resource, obj)
    assert "namespace" not in made["metadata"]
    assert (await client.get(resource, "a"))["spec"] == {"size": 1}


async def test_another_kind_than_that_of_the_url_is_refused(client: Any) -> None:
    await define(client)
    with pytest.raises(Invalid, match=r'Other.example.com "a" is invalid: kind: Invalid value: "Other"'):
        await client.create(things(), {**make_thing(), "kind": "Other"})
    with pytest.raises(BadRequest, match="does not match the expected API version"):
        await client.create(things(), {**make_thing(), "apiVersion": f"{GROUP}/v9"})


async def test_a_strategic_merge_patch_is_not_taken(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing())
    with pytest.raises(UnsupportedMediaType, match="accepted media types include: application/json-patch"):
        await client.patch(things(), "a", {"spec": {"size": 2}}, "default", patch_type="strategic")


async def test_an_apply_merges_by_the_schema(client: Any) -> None:
    parts = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "required": ["name"], "properties": {"name": TEXT, "n": NUMBER}},
    }
    await define(client, "things", make_version(schema=schema_of(parts=parts)))
    for manager, name in (("one", "a"), ("two", "b")):
        made = await client.patch(
            things(),
            "x",
            make_thing("x", parts=[{"name": name, "n": 1}]),
            "default",
            patch_type="apply",
            field_manager=manager,
        )
    assert made["spec"]["parts"] == [{"name": "a", "n": 1}, {"name": "b", "n": 1}]


async def test_each_version_of_a_group_has_its_api_service(client: Any) -> None:
    await define(client, "things", make_version("v1"), make_version("v2", storage=False))
    await define(client, "others", make_version("v1"))
    service = await client.get(APISERVICES, f"v2.{GROUP}")
    assert service["spec"]["groupPriorityMinimum"] == 1000
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    await client.get(APISERVICES, f"v1.{GROUP}")
    with pytest.raises(NotFound):
        await client.get(APISERVICES, f"v2.{GROUP}")


# --- deletion -----------------------------------------------------------------------------------------------


async def test_a_definition_takes_its_objects_with_it(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing())
    watcher = await client.watch(things())
    answer = await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    assert answer["kind"] == "CustomResourceDefinition"
    types = [event.type async for event in watcher]
    assert types == ["ADDED", "DELETED"]
    with pytest.raises(NotFound):
        await client.get(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await client.list(things(), "default")


async def test_finalizers_of_objects_are_waited_for(client: Any) -> None:
    await define(client)
    held = make_thing()
    held["metadata"]["finalizers"] = ["example.com/held"]
    await client.create(things(), held)
    await client.create(things(), make_thing("b"))
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    leaving = await client.get(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    terminating = get_condition(leaving, "Terminating") or {}
    assert (terminating["status"], terminating["reason"]) == ("True", "InstanceDeletionInProgress")
    left = await client.list(things(), "default")
    assert [each["metadata"]["name"] for each in left.items] == ["a"]
    with pytest.raises(MethodNotAllowed, match="not allowed while custom resource definition is terminating"):
        await client.create(things(), make_thing("c"))
    await client.patch(things(), "a", {"metadata": {"finalizers": None}}, "default", patch_type="merge")
    with pytest.raises(NotFound):
        await client.get(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")


async def test_objects_go_even_if_no_version_is_served(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing())
    await redefine(client, versions=[make_version(served=False)])
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    with pytest.raises(NotFound):
        await client.get(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    await define(client)
    assert (await client.list(things(), "default")).items == []


async def test_a_definition_may_come_back(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing())
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    await define(client)
    assert (await client.list(things(), "default")).items == []


async def test_a_definition_that_was_never_established_just_goes(client: Any) -> None:
    await define(client, "things")
    await define(client, "others", kind="Thing")
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"others.{GROUP}")
    with pytest.raises(NotFound):
        await client.get(CUSTOMRESOURCEDEFINITIONS, f"others.{GROUP}")
    assert (await client.list(things(), "default")).items == []


# --- groups that are Kubernetes' own ------------------------------------------------------------------------


async def test_protected_groups_need_an_approval(client: Any) -> None:
    definition = make_definition()
    definition["metadata"]["name"] = "things.sigs.k8s.io"
    definition["spec"]["group"] = "sigs.k8s.io"
    with pytest.raises(Invalid, match=r"api-approved.kubernetes.io"):
        await client.create(CUSTOMRESOURCEDEFINITIONS, definition)
    url = "https://github.com/kubernetes/kubernetes/pull/1111"
    definition["metadata"]["annotations"] = {"api-approved.kubernetes.io": url}
    await client.create(CUSTOMRESOURCEDEFINITIONS, definition)
    made = await client.get(CUSTOMRESOURCEDEFINITIONS, "things.sigs.k8s.io")
    condition = get_condition(made, "KubernetesAPIApprovalPolicyConformant") or {}
    assert (condition["status"], condition["reason"]) == ("True", "ApprovedAnnotation")


async def test_a_built_in_resource_goes_before_a_custom_one(client: Any) -> None:
    definition = make_definition("leases", kind="Lease")
    name = "leases.coordination.k8s.io"
    definition["metadata"] = {"name": name, "annotations": {"api-approved.kubernetes.io": "https://x.io"}}
    definition["spec"]["group"] = "coordination.k8s.io"
    await client.create(CUSTOMRESOURCEDEFINITIONS, definition)
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": {}}
    made = await client.create(LEASES, {**lease, "spec": {"holderIdentity": "me"}}, "default")
    assert made["spec"]["holderIdentity"] == "me"
    await client.delete(CUSTOMRESOURCEDEFINITIONS, name)
    assert await client.get(LEASES, "a", "default") == made


async def test_other_kinds_are_as_before(client: Any) -> None:
    await define(client)
    assert (await client.list(CONFIGMAPS, "default")).items == []
    await client.delete(CUSTOMRESOURCEDEFINITIONS, f"things.{GROUP}")
    assert (await client.list(PODS, "default")).items == []


async def test_a_patch_to_another_kind_is_judged_as_an_object_of_that_kind(client: Any) -> None:
    await define(client)
    await client.create(things(), make_thing())
    with pytest.raises(Invalid, match=r'Other.example.com "a" is invalid: kind: Invalid value: "Other"'):
        await client.patch(things(), "a", {"kind": "Other"}, "default", patch_type="merge")
    patch = {"apiVersion": f"{GROUP}/v2"}
    with pytest.raises(Invalid, match=rf'apiVersion: Invalid value: "{GROUP}/v2": must be {GROUP}/v1'):
        await client.patch(things(), "a", patch, "default", patch_type="merge")
