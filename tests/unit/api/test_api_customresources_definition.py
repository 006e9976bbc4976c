"""Definitions of custom resources: what is filled in, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.customresources import naming
from kubelite.api.customresources.approval import approval_condition
from kubelite.api.customresources.form import SCHEMA_FIELDS
from kubelite.api.customresources.kind import compile_kind
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery.decode import DecodeError, FieldProblems

STRATEGY = new_scheme().strategy(CUSTOMRESOURCEDEFINITIONS)
TEXT = {"type": "string"}
OBJECT = {"type": "object"}
LABEL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
ROOT = "spec.validation.openAPIV3Schema"
A = f"{ROOT}.properties[a]"
Change = Callable[[dict[str, Any]], object]


def make_definition(change: Change | None = None) -> dict[str, Any]:
    """A definition, as it is or changed."""
    obj: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com", "uid": "u", "resourceVersion": "1"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": OBJECT}}
            ],
        },
    }
    if change is not None:
        change(obj)
    return obj


def prepared(change: Change | None = None) -> Any:
    """A definition as a create leaves it before it is judged."""
    decoded, _ = STRATEGY.decode(make_definition(change), "Strict")
    return STRATEGY.prepare_for_create(STRATEGY.default(decoded))


def errors_of(change: Change) -> list[str]:
    """What is wrong with a new definition."""
    return [str(error) for error in STRATEGY.validate_create(prepared(change))]


def spec(**fields: Any) -> Change:
    """A change of fields of the spec."""
    return lambda obj: obj["spec"].update(fields)


def version(**fields: Any) -> Change:
    """A change of fields of the version."""
    return lambda obj: obj["spec"]["versions"][0].update(fields)


def schema(value: Any) -> Change:
    """Another schema."""
    return version(schema={"openAPIV3Schema": value})


def of_a(**field: Any) -> Change:
    """A schema with a field `a`."""
    return schema({"type": "object", "properties": {"a": field}})


def both(*changes: Change) -> Change:
    """Several changes."""
    return lambda obj: [change(obj) for change in changes]


# --- what is filled in --------------------------------------------------------------------------------------


def test_a_definition_is_filled_in() -> None:
    made = prepared()
    assert made["spec"]["names"] == {
        "plural": "things",
        "singular": "thing",
        "kind": "Thing",
        "listKind": "ThingList",
    }
    assert made["spec"]["conversion"] == {"strategy": "None"}
    assert made["status"]["storedVersions"] == ["v1"]
    assert made["metadata"]["generation"] == 1


def test_a_clients_status_is_not_taken() -> None:
    made = prepared(lambda obj: obj.update(status={"storedVersions": ["v9"], "conditions": []}))
    assert made["status"]["storedVersions"] == ["v1"]


def test_a_webhook_gets_its_port() -> None:
    service = {"name": "a", "namespace": "b"}
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"service": service}}
    made = prepared(spec(conversion={"strategy": "Webhook", "webhook": webhook}))
    assert made["spec"]["conversion"]["webhook"]["clientConfig"]["service"]["port"] == 443


def test_the_first_of_what_is_unknown_is_told_with_its_place() -> None:
    with pytest.raises(FieldProblems, match='unknown field "spec.foo"'):
        prepared(spec(foo=1))
    with pytest.raises(
        DecodeError, match=r"cannot unmarshal number into Go struct field .*spec.group of type"
    ):
        prepared(spec(group=1))


def test_unknown_formats_are_warned_of() -> None:
    warnings = STRATEGY.warnings_on_create(prepared(of_a(type="string", format="foo")))
    assert warnings == ('unrecognized format "foo"',)


# --- what is refused ----------------------------------------------------------------------------------------

REFUSALS: list[tuple[Change, list[str]]] = [
    (
        lambda obj: obj["metadata"].update(name="x"),
        ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
    ),
    (
        both(spec(group="foo"), lambda obj: obj["metadata"].update(name="things.foo")),
        ['spec.group: Invalid value: "foo": should be a domain with at least one dot'],
    ),
    (
        spec(scope="Foo"),
        ['spec.scope: Unsupported value: "Foo": supported values: "Cluster", "Namespaced"'],
    ),
    (
        spec(scope=None),
        ["spec.scope: Required value"],
    ),
    (
        lambda obj: obj["spec"]["names"].update(listKind="Thing"),
        ['spec.names.listKind: Invalid value: "Thing": kind and listKind may not be the same'],
    ),
    (
        lambda obj: obj["spec"]["names"].update(shortNames=["A"], categories=["b", "C"]),
        [
            f'spec.names.shortNames[0]: Invalid value: "A": {LABEL}',
            f'spec.names.categories[1]: Invalid value: "C": {LABEL}',
        ],
    ),
    (
        lambda obj: obj["spec"]["names"].update(kind="Thi_ng", listKind="Things"),
        [
            'spec.names.kind: Invalid value: "Thi_ng": may have mixed case, but should otherwise match: '
            + LABEL,
            f'spec.names.singular: Invalid value: "thi_ng": {LABEL}',
        ],
    ),
    (
        spec(versions=[]),
        [
            "spec.versions: Invalid value: []: must have exactly one version marked as storage version",
            "status.storedVersions: Invalid value: null: must have at least one stored version",
        ],
    ),
    (version(schema=None), ["spec.versions[0].schema.openAPIV3Schema: Required value"]),
    (
        version(deprecationWarning="x"),
        ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ),
    (
        spec(preserveUnknownFields=True),
        [
            (
                "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
                "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
            )
        ],
    ),
    (
        version(additionalPrinterColumns=[{"name": "a", "type": "foo", "jsonPath": "x"}]),
        [
            (
                'spec.additionalPrinterColumns[0].type: Invalid value: "foo": must be one of '
                "boolean,date,integer,number,string"
            ),
            (
                'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "x": must be a simple json path '
                "starting with ."
            ),
        ],
    ),
    (
        version(subresources={"scale": {"specReplicasPath": ".status.x", "statusReplicasPath": ""}}),
        [
            (
                'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path '
                "under .spec"
            ),
            "spec.subresources.scale.statusReplicasPath: Required value",
        ],
    ),
    (
        spec(conversion={"strategy": "Foo"}),
        ['spec.conversion.strategy: Unsupported value: "Foo": supported values: "None", "Webhook"'],
    ),
    (
        spec(conversion={"strategy": "Webhook"}),
        [
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
            "spec.conversion.conversionReviewVersions: Required value",
        ],
    ),
    (
        both(of_a(**TEXT), version(selectableFields=[{"jsonPath": ".b"}, {"jsonPath": ".a"}] * 2)),
        [
            (
                'spec.selectableFields[0].jsonPath: Invalid value: ".b": is an invalid path: does not refer '
                "to a valid field"
            ),
            (
                'spec.selectableFields[2].jsonPath: Invalid value: ".b": is an invalid path: does not refer '
                "to a valid field"
            ),
            'spec.selectableFields[3].jsonPath: Duplicate value: ".a"',
        ],
    ),
    (
        schema({"type": "array", "items": TEXT}),
        [f'{ROOT}.type: Invalid value: "array": must be object at the root'],
    ),
    (of_a(), [f"{A}.type: Required value: must not be empty for specified object fields"]),
    (
        of_a(type="foo"),
        [
            (
                f'{A}.type: Unsupported value: "foo": supported values: "array", "boolean", "integer", '
                '"number", "object", "string"'
            )
        ],
    ),
    (
        of_a(type="object", additionalProperties=TEXT, properties={"x": TEXT}),
        [f"{A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
    ),
    (
        of_a(type="array", items=TEXT, uniqueItems=True),
        [
            (
                f"{A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity "
                "becomes quadratic"
            )
        ],
    ),
    (of_a(type="array"), [f"{A}.items: Required value: must be specified"]),
    (
        of_a(type="array", items=[TEXT]),
        [f"{A}.items: Forbidden: items must be a schema object and not an array"],
    ),
    (of_a(**{"$ref": "#/x"}), [f"{A}.$ref: Forbidden: $ref is not supported"]),
    (
        of_a(type="string", default=1),
        [f'{A}.default: Invalid value: "integer":  in body must be of type string: "integer"'],
    ),
    (
        of_a(type="object", properties={"c": TEXT}, default={"d": 1}),
        [f'{A}.default: Invalid value: {{"d":1}}: must not have unknown fields'],
    ),
    (
        of_a(type="array", items=TEXT, **{"x-kubernetes-list-type": "foo"}),
        [(f'{A}.x-kubernetes-list-type: Unsupported value: "foo": supported values: "atomic", "set", "map"')],
    ),
    (
        of_a(type="array", items=OBJECT, **{"x-kubernetes-list-type": "map"}),
        [
            (
                f"{A}.x-kubernetes-list-map-keys: Required value: must not be empty if "
                "x-kubernetes-list-type is map"
            )
        ],
    ),
    (
        of_a(type="string", **{"x-kubernetes-validations": [{"rule": ""}]}),
        [f"{A}.x-kubernetes-validations[0].rule: Required value: rule is not specified"],
    ),
    (
        both(
            spec(group="sub.k8s.io"),
            lambda obj: obj["metadata"].update(
                name="things.sub.k8s.io", annotations={"api-approved.kubernetes.io": "foo"}
            ),
        ),
        [
            (
                'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "foo": protected groups '
                'must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason '
                'starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111'
            )
        ],
    ),
]


@pytest.mark.parametrize(("change", "errors"), REFUSALS)
def test_a_definition_is_refused(change: Change, errors: list[str]) -> None:
    assert sorted(errors_of(change)) == sorted(errors)


def test_what_all_versions_share_is_told_at_the_top_and_else_at_the_version() -> None:
    second = {
        "name": "v2",
        "served": True,
        "storage": False,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"b": {}}}},
    }
    found = errors_of(lambda obj: obj["spec"]["versions"].append(second))
    assert found == [
        (
            "spec.versions[1].schema.openAPIV3Schema.properties[b].type: Required value: must not be empty "
            "for specified object fields"
        )
    ]


def test_versions_are_shown_as_go_holds_them() -> None:
    second = {"name": "v1", "served": True, "storage": False, "schema": {"openAPIV3Schema": OBJECT}}
    (found,) = errors_of(lambda obj: obj["spec"]["versions"].append(second))
    assert found.endswith("must contain unique version names")
    assert '{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,' in found


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["a", "object"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*SCHEMA_FIELDS, "a", "metadata"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(["object", "array", "string"]))
def test_nonsense_in_schemas_is_refused_and_breaks_nothing(field: Any, type_: str) -> None:
    try:
        made = prepared(schema({"type": type_, "properties": {"a": field}}))
    except (DecodeError, FieldProblems):
        return
    if not STRATEGY.validate_create(made):
        compile_kind(naming.named(made, naming.taken_by([]), 0))
    STRATEGY.warnings_on_create(made)


# --- updates ------------------------------------------------------------------------------------------------


def updated(change: Change, **status: Any) -> tuple[Any, list[str]]:
    """An established definition after a change, and what is wrong with that."""
    old = prepared()
    condition = {"type": "Established", "status": "True", "reason": "", "message": ""}
    old = {**old, "status": {**old["status"], "conditions": [condition], **status}}
    given, _ = STRATEGY.decode(make_definition(change), "Strict")
    new = STRATEGY.prepare_for_update(STRATEGY.default(given), old)
    return new, [str(error) for error in STRATEGY.validate_update(new, old)]


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        (spec(scope="Cluster"), "spec.scope", "Cluster"),
        (lambda obj: obj["spec"]["names"].update(kind="Foo"), "spec.names.kind", "Foo"),
        (lambda obj: obj["spec"]["names"].update(plural="foos"), "spec.names.plural", "foos"),
        (spec(group="other.com"), "spec.group", "other.com"),
    ],
)
def test_some_fields_stay_as_they_are(change: Change, field: str, value: str) -> None:
    _, errors = updated(change)
    assert errors == [f'{field}: Invalid value: "{value}": field is immutable']


def test_a_version_in_which_objects_are_stored_has_to_stay() -> None:
    new, errors = updated(version(name="v2"))
    assert new["status"]["storedVersions"] == ["v1", "v2"]
    assert len(errors) == 1
    assert errors[0].startswith('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions')


def test_the_generation_counts_changes_of_the_spec() -> None:
    assert updated(spec())[0]["metadata"]["generation"] == 1
    assert updated(of_a(**TEXT))[0]["metadata"]["generation"] == 2


def test_the_status_is_written_by_itself() -> None:
    old = prepared()
    given = {**prepared(of_a(**TEXT)), "status": {**old["status"], "storedVersions": ["v1", "v2"]}}
    new = STRATEGY.prepare_for_update(given, old, "status")
    assert new["spec"] == old["spec"]
    assert new["status"]["storedVersions"] == ["v1", "v2"]


# --- conditions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "status", "reason"),
    [
        ("https://example.com/pull/1", "True", "ApprovedAnnotation"),
        ("unapproved, for a test", "False", "UnapprovedAnnotation"),
        ("foo", "False", "InvalidAnnotation"),
        (None, "False", "MissingAnnotation"),
    ],
)
def test_protected_groups_say_whether_they_are_approved(
    annotation: str | None, status: str, reason: str
) -> None:
    def change(obj: dict[str, Any]) -> None:
        obj["spec"]["group"] = "sub.k8s.io"
        if annotation is not None:
            obj["metadata"]["annotations"] = {"api-approved.kubernetes.io": annotation}

    condition = approval_condition(prepared(change))
    assert condition is not None
    assert (condition["status"], condition["reason"]) == (status, reason)


def test_other_groups_say_nothing_of_approval() -> None:
    assert approval_condition(prepared()) is None


def test_a_definition_is_established_once_its_names_are_accepted() -> None:
    named = naming.named(prepared(), naming.taken_by([]), 0)
    made = naming.established(named, 0)
    assert {each["type"]: each["reason"] for each in made["status"]["conditions"]} == {
        "NamesAccepted": "NoConflicts",
        "Established": "InitialNamesAccepted",
    }
    assert naming.established(made, 1) is made
