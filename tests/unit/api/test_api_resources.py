import json
from pathlib import Path

from kubelite.api import facts, fresh, resources
from kubelite.api.defaults import apply_defaults
from kubelite.api.fieldlabels import field_labels, getter
from kubelite.api.resources import subresource_of
from kubelite.api.scheme import default_scheme
from kubelite.api.strategy import prepare_for_create
from kubelite.api.validation import validate_create

RECORDED = Path(__file__).parents[2] / "oracle" / "recorded"


def discovered():
    for line in (RECORDED / "discovery-aggregated.jsonl").read_text().splitlines():
        for group in json.loads(line).get("body", {}).get("items", []):
            for version in group["versions"]:
                for resource in version["resources"]:
                    yield group["metadata"].get("name", ""), version["version"], resource


def test_the_table_says_what_discovery_says():
    found = {(g, v, r["resource"]): r for g, v, r in discovered()}
    rows = resources.SERVED
    assert {(r.group, r.version, r.plural) for r in rows} == set(found)
    for row in rows:
        entry = found[row.group, row.version, row.plural]
        assert row.kind == entry["responseKind"]["kind"]
        assert row.namespaced == (entry["scope"] == "Namespaced")
        assert row.singular == entry["singularResource"]
        assert list(row.short_names) == entry.get("shortNames", [])
        assert list(row.categories) == entry.get("categories", [])
        assert sorted(row.verbs) == sorted(entry["verbs"])
        recorded = {sub["subresource"]: sub for sub in entry.get("subresources", [])}
        for name in row.subresources:
            ours, theirs = subresource_of(row, name), recorded[name]
            assert sorted(ours.verbs) == sorted(theirs["verbs"])
            kind = theirs["responseKind"]
            assert (ours.kind or row.kind, ours.group, ours.version) == (
                kind["kind"], kind["group"], kind["version"],
            )  # fmt: skip


def test_served_kinds_stand_in_the_order_of_discovery():
    order = [(g, v, r["resource"]) for g, v, r in discovered()]
    places = [order.index((r.group, r.version, r.plural)) for r in resources.SERVED]
    assert places == sorted(places)


def test_the_scheme_finds_kinds_by_the_names_that_kubectl_takes():
    scheme = default_scheme()
    assert scheme.find("rc") == resources.REPLICATIONCONTROLLERS
    assert scheme.find("svc") == resources.SERVICES
    assert scheme.by_kind("discovery.k8s.io/v1", "EndpointSlice") == resources.ENDPOINTSLICES


def test_every_served_kind_has_facts():
    for resource in resources.SERVED:
        assert facts.type_of(resource.api_version, resource.kind).name == resource.kind
    assert facts.type_of("example.com/v1", "Widget") is None


def test_fields_know_how_a_patch_merges_them():
    spec = facts.type_of("v1", "Pod").fields["spec"].struct
    containers = spec.fields["containers"]
    assert (containers.shape, containers.merges, containers.merge_key) == ("list", True, "name")
    assert (containers.required, containers.list_map_keys) == (True, ("name",))
    ports = containers.struct.fields["ports"]
    assert ports.list_map_keys == ("containerPort", "protocol")
    assert spec.fields["nodeSelector"].shape == "map"
    assert spec.fields["nodeSelector"].type == "string"
    assert spec.fields["volumes"].retains_keys
    assert containers.struct.fields["resources"].struct.fields["limits"].type == "Quantity"
    assert (
        facts.type_of("v1", "Service").fields["spec"].struct.fields["ports"].struct.fields["targetPort"].type
        == "IntOrString"
    )


def test_protobuf_messages_are_rows_of_number_name_and_type():
    assert facts.protobuf()["k8s.io.api.core.v1.Secret"][1] == [2, "data", "map<string,bytes>"]


def test_field_labels_read_what_selectors_name():
    pod = {
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running"},
    }
    get = getter(resources.PODS, pod)
    labels = ("metadata.name", "spec.nodeName", "status.phase", "spec.hostNetwork")
    assert [get(label) for label in labels] == ["a", "n", "Running", "false"]
    assert get("spec.host") == "n"
    assert {"spec.host", "status.podIPs"} < set(field_labels(resources.PODS))
    assert set(field_labels(resources.CONFIGMAPS)) == {"metadata.name", "metadata.namespace"}
    assert set(field_labels(resources.NODES)) == {"metadata.name", "spec.unschedulable"}
    assert (
        getter(resources.NODES, {"metadata": {"name": "n"}, "spec": {"unschedulable": True}})(
            "spec.unschedulable"
        )
        == "true"
    )


def test_what_a_fresh_cluster_contains_is_valid_and_complete():
    service = {"metadata": {"name": "kubernetes", "namespace": "default"}}
    made = [
        *fresh.objects(),
        fresh.service_cidr("10.96.0.0/16"),
        (resources.IPADDRESSES, fresh.ip_address("10.96.0.1", service)),
        (resources.APISERVICES, fresh.custom_api_service("example.com", "v1")),
    ]
    assert len(made) == 2 + 8 + 11 + 21 + 3
    for resource, given in made:
        obj = fresh.completed(given, uid="u", now="2026-01-01T00:00:00Z")
        obj["metadata"] = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
        assert apply_defaults(resource, obj) == obj
        assert prepare_for_create(resource, obj)["metadata"] == obj["metadata"]
        assert validate_create(resource, obj) == []


def test_the_mandatory_objects_of_flow_control_keep_their_specs():
    made = {(resource, obj["metadata"]["name"]): obj for resource, obj in fresh.objects()}
    schema = made[resources.FLOWSCHEMAS, "catch-all"]
    changed = {**schema, "spec": {**schema["spec"], "matchingPrecedence": 9999}}
    (error,) = validate_create(resources.FLOWSCHEMAS, changed)
    assert (error.field, error.detail) == ("spec", "spec of 'catch-all' must equal the fixed value")
    level = made[resources.PRIORITYLEVELCONFIGURATIONS, "exempt"]
    lending = {
        **level,
        "spec": {**level["spec"], "exempt": {"nominalConcurrencyShares": 5, "lendablePercent": 9}},
    }
    assert validate_create(resources.PRIORITYLEVELCONFIGURATIONS, lending) == []
