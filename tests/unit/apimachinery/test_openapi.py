"""OpenAPI documents: what kubectl reads of them is there, and they hold together."""

from collections.abc import Iterator

import pytest

from kubelite.api import facts, resources
from kubelite.apimachinery import openapi
from kubelite.apimachinery.openapi_schemas import Knowledge, custom_definition, lower_schema
from kubelite.apimachinery.scheme import Resource

CRONTABS = Resource("stable.example.com", "v1", "crontabs", "CronTab", True, subresources=("status", "scale"))
CRON_SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["cron"],
            "properties": {
                "cron": {"type": "string", "nullable": True},
                "size": {
                    "anyOf": [{"type": "integer"}, {"type": "string"}],
                    "x-kubernetes-int-or-string": True,
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        }
    },
}
EVERYTHING = (*resources.SERVED, CRONTABS)
KNOWLEDGE = Knowledge(
    facts.type_of,
    resources.subresource_of,
    lambda resource: CRON_SCHEMA if resource.kind == "CronTab" else None,
)
VERSIONS = sorted({(each.group, each.version) for each in EVERYTHING})


def operations(document) -> Iterator[tuple[str, str, dict]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def query_of(operation) -> set[str]:
    return {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}


def references(tree) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("$ref"), str):
            yield tree["$ref"].rpartition("/")[2]
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def core():
    return openapi.build_v3("", "v1", EVERYTHING, KNOWLEDGE)


def schema(name):
    return core()["components"]["schemas"][f"io.k8s.api.core.v1.{name}"]


@pytest.mark.parametrize(("group", "version"), VERSIONS)
def test_a_document_holds_what_it_refers_to_and_nothing_else(group, version):
    document = openapi.build_v3(group, version, EVERYTHING, KNOWLEDGE)
    schemas = document["components"]["schemas"]
    reached, waiting = set(), set(references(document["paths"]))
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= set(references(schemas[name])) - reached
    assert reached == set(schemas)


def test_version_2_holds_what_it_refers_to():
    document = openapi.build_v2(EVERYTHING, KNOWLEDGE)
    assert set(references(document)) == set(document["definitions"])


@pytest.mark.parametrize("build", [core, lambda: openapi.build_v2(EVERYTHING, KNOWLEDGE)])
def test_operations_have_names_of_their_own(build):
    names = [operation["operationId"] for _, _, operation in operations(build())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("build", [core, lambda: openapi.build_v2(EVERYTHING, KNOWLEDGE)])
def test_every_write_of_an_object_takes_field_validation(build):
    for path, method, operation in operations(build()):
        if operation.get("x-kubernetes-action") in {"post", "put", "patch"}:
            assert {"dryRun", "fieldManager", "fieldValidation"} <= query_of(operation), path
            assert ("force" in query_of(operation)) == (method == "patch")


def test_an_operation_says_its_kind_and_action():
    paths = core()["paths"]
    pod = {"group": "", "version": "v1", "kind": "Pod"}
    found = {
        (method, operation["x-kubernetes-action"])
        for path, method, operation in operations({"paths": paths})
        if path
        in {
            "/api/v1/namespaces/{namespace}/pods",
            "/api/v1/namespaces/{namespace}/pods/{name}",
            "/api/v1/pods",
        }
        and operation["x-kubernetes-group-version-kind"] == pod
    }
    assert found == {
        ("get", "list"),
        ("get", "get"),
        ("post", "post"),
        ("put", "put"),
        ("patch", "patch"),
        ("delete", "delete"),
        ("delete", "deletecollection"),
    }


def test_subresources_have_the_kinds_of_discovery():
    prefix = "/api/v1/namespaces/{namespace}/"
    paths = core()["paths"]

    def about(path, method):
        operation = paths[prefix + path][method]
        gvk = operation["x-kubernetes-group-version-kind"]
        return operation["x-kubernetes-action"], f"{gvk['group']}/{gvk['version']} {gvk['kind']}".strip("/")

    assert about("replicationcontrollers/{name}/scale", "patch") == ("patch", "autoscaling/v1 Scale")
    assert about("pods/{name}/eviction", "post") == ("post", "policy/v1 Eviction")
    assert about("pods/{name}/exec", "get") == ("connect", "v1 PodExecOptions")
    assert about("pods/{name}/status", "put") == ("put", "v1 Pod")
    assert {"command", "stdin", "tty"} <= query_of(paths[prefix + "pods/{name}/exec"]["post"])
    assert {"follow", "tailLines"} <= query_of(paths[prefix + "pods/{name}/log"]["get"])


def test_names_of_operations_are_those_of_kubernetes():
    names = {operation["operationId"] for _, _, operation in operations(core())}
    assert {
        "listCoreV1NamespacedPod",
        "listCoreV1PodForAllNamespaces",
        "deleteCoreV1CollectionNamespacedPod",
        "readCoreV1NamespacedPodStatus",
        "connectCoreV1GetNamespacedPodExec",
        "replaceCoreV1NamespaceFinalize",
        "createCoreV1Node",
        "getCoreV1APIResources",
    } <= names
    roles = openapi.build_v3("rbac.authorization.k8s.io", "v1", EVERYTHING, KNOWLEDGE)
    role = roles["paths"]["/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles"]["get"]
    assert role["operationId"] == "listRbacAuthorizationV1NamespacedRole"
    assert role["tags"] == ["rbacAuthorization_v1"]


def test_schemas_say_how_a_patch_merges():
    containers = schema("PodSpec")["properties"]["containers"]
    assert containers == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.Container"},
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-list-type": "map",
        "x-kubernetes-patch-merge-key": "name",
        "x-kubernetes-patch-strategy": "merge",
    }
    assert schema("PodSpec")["required"] == ["containers"]
    volumes = schema("PodSpec")["properties"]["volumes"]
    assert volumes["x-kubernetes-patch-strategy"] == "merge,retainKeys"
    assert schema("Pod")["x-kubernetes-group-version-kind"] == [{"group": "", "version": "v1", "kind": "Pod"}]


def test_scalars_have_their_forms():
    schemas = core()["components"]["schemas"]
    assert schema("Secret")["properties"]["data"]["additionalProperties"] == {
        "type": "string",
        "format": "byte",
    }
    limits = schema("ResourceRequirements")["properties"]["limits"]
    quantity = limits["additionalProperties"]["$ref"].rpartition("/")[2]
    assert schemas[quantity] == {"oneOf": [{"type": "string"}, {"type": "number"}]}
    port = schema("HTTPGetAction")["properties"]["port"]["allOf"][0]["$ref"].rpartition("/")[2]
    assert schemas[port]["format"] == "int-or-string"
    assert schema("PodSpec")["properties"]["hostNetwork"] == {"type": "boolean"}


def test_a_custom_kind_has_its_own_schema():
    document = openapi.build_v3("stable.example.com", "v1", EVERYTHING, KNOWLEDGE)
    name = custom_definition("stable.example.com", "v1", "CronTab")
    assert name == "com.example.stable.v1.CronTab"
    made = document["components"]["schemas"][name]
    assert set(made["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert made["properties"]["spec"] == CRON_SCHEMA["properties"]["spec"]
    path = document["paths"]["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]
    assert "application/strategic-merge-patch+json" not in path["patch"]["requestBody"]["content"]
    items = document["components"]["schemas"][name + "List"]["properties"]["items"]
    assert items["items"] == {"$ref": f"#/components/schemas/{name}"}


def document_of(version, schema):
    knowledge = Knowledge(facts.type_of, resources.subresource_of, lambda _: schema)
    if version == 2:
        return openapi.build_v2([CRONTABS], knowledge)
    return openapi.build_v3("stable.example.com", "v1", [CRONTABS], knowledge)


def custom_schema(version, schema, suffix=""):
    document = document_of(version, schema)
    schemas = document["definitions"] if version == 2 else document["components"]["schemas"]
    return schemas[custom_definition("stable.example.com", "v1", f"CronTab{suffix}")]


def test_a_custom_kind_is_told_in_json_and_yaml_and_without_the_documents_of_its_group():
    document = document_of(3, CRON_SCHEMA)
    assert "/apis/stable.example.com/v1/" not in document["paths"]
    operation = document["paths"]["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs"]["post"]
    for content in (operation["requestBody"]["content"], operation["responses"]["200"]["content"]):
        assert list(content) == ["application/json", "application/yaml"]
    assert "/apis/stable.example.com/" not in document_of(2, CRON_SCHEMA)["paths"]


def test_lists_of_a_custom_kind_say_what_they_are():
    made = custom_schema(3, CRON_SCHEMA, "List")
    assert made["description"] == "CronTabList is a list of CronTab"
    assert made["properties"]["items"]["description"].startswith("List of crontabs. More info: ")


def test_selectable_fields_are_told():
    selectable = {"x-kubernetes-selectable-fields": [{"fieldPath": "spec.cron"}]}
    for version in (2, 3):
        for suffix in ("", "List"):
            made = custom_schema(version, {**CRON_SCHEMA, **selectable}, suffix)
            assert made["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.cron"}]


def test_embedded_objects_have_what_every_object_has():
    pod = {"type": "object", "x-kubernetes-embedded-resource": True, "required": ["spec"]}
    pod["properties"] = {"spec": {"type": "object"}}
    made = custom_schema(3, {"type": "object", "properties": {"pod": pod}})["properties"]["pod"]
    assert set(made["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert made["required"] == ["spec", "kind", "apiVersion"]


def test_a_kind_that_keeps_everything_has_no_fields_in_version_2():
    schema = {**CRON_SCHEMA, "x-kubernetes-preserve-unknown-fields": True}
    assert "properties" not in custom_schema(2, schema)
    assert "properties" in custom_schema(3, schema)
    assert "properties" not in custom_schema(3, {})


def test_version_2_leaves_open_what_it_cannot_say():
    assert lower_schema(CRON_SCHEMA)["properties"]["spec"]["properties"] == {
        "cron": {},
        "size": {"x-kubernetes-int-or-string": True},
        "free": {"x-kubernetes-preserve-unknown-fields": True},
    }


def test_a_custom_kind_may_say_nothing():
    knowledge = Knowledge(facts.type_of, resources.subresource_of)
    document = openapi.build_v3("stable.example.com", "v1", [CRONTABS], knowledge)
    operation = document["paths"]["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs"]["post"]
    assert operation["requestBody"]["content"]["*/*"]["schema"] == {"type": "object"}


def test_the_index_names_each_document_with_its_hash():
    digest = openapi.document_hash(b"{}")
    assert openapi.build_v3_index({"apis/apps/v1": digest, "api/v1": "ab"}) == {
        "paths": {
            "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=AB"},
            "apis/apps/v1": {"serverRelativeURL": f"/openapi/v3/apis/apps/v1?hash={digest}"},
        }
    }
    assert digest == digest.upper()
    assert len(digest) == 128


@pytest.mark.parametrize(
    ("path", "shown", "kind"),
    [
        ("api", "/api/", "APIVersions"),
        ("apis", "/apis/", "APIGroupList"),
        ("apis/apps", "/apis/apps/", "APIGroup"),
        ("version", "/version/", ""),
    ],
)
def test_the_paths_of_discovery_have_documents(path, shown, kind):
    document = openapi.build_v3_discovery(path, KNOWLEDGE)
    assert list(document["paths"]) == [shown]
    assert any(name.endswith(f".{kind}") for name in document["components"]["schemas"]) == bool(kind)


def test_building_leaves_the_schema_of_a_custom_kind_alone():
    before = repr(CRON_SCHEMA)
    openapi.build_v3("stable.example.com", "v1", EVERYTHING, KNOWLEDGE)
    openapi.build_v2(EVERYTHING, KNOWLEDGE)
    assert repr(CRON_SCHEMA) == before
