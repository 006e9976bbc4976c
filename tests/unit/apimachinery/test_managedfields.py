"""Managed fields at updates and applies: rule by rule, and laws that hold for all configurations."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import resources as r
from kubelite.api.scheme import default_scheme
from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery import lastapplied
from kubelite.apimachinery import managedfields as mf
from kubelite.apimachinery.apierrors import APIError, ApplyConflict, BadRequest
from kubelite.apimachinery.fieldmanager import CREATIONS_MAX, FieldManager, leaving_out
from kubelite.apimachinery.merging import extract
from kubelite.apimachinery.typed import field_set, with_named_fields
from kubelite.master.apiserver.fieldmanagers import FieldManagers

MANAGERS = FieldManagers(default_scheme())
T1, T2, T3 = (f"2026-01-01T00:00:0{second}Z" for second in (1, 2, 3))


def manager(resource, subresource=""):
    return MANAGERS.of(default_scheme().strategy(resource), subresource)


CONFIG_MAPS = manager(r.CONFIGMAPS)


def config_map(data=None, **metadata):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}}
    return obj if data is None else {**obj, "data": data}


def stored(obj):
    """The object as the store would have it."""
    return {**obj, "metadata": {**obj["metadata"], "uid": "u", "resourceVersion": "1"}}


def owners(obj):
    """Manager, operation, endpoint and JSON of the fields of each entry."""
    return [
        (each["manager"], each["operation"], each.get("subresource", ""), json.dumps(each["fieldsV1"]))
        for each in obj["metadata"].get("managedFields", ())
    ]


def times(obj):
    return {each["manager"]: each.get("time") for each in obj["metadata"].get("managedFields", ())}


# --- updates ------------------------------------------------------------------------------------------------


def test_who_creates_owns_all_but_what_the_server_writes():
    made = CONFIG_MAPS.update(None, stored(config_map({"a": "1"}, labels={"x": "y"})), "one", T1)
    assert owners(made) == [
        (
            "one",
            "Update",
            "",
            '{"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {".": {}, "f:x": {}}}}',
        )
    ]
    assert list(made["metadata"]["managedFields"][0]) == [
        "manager",
        "operation",
        "apiVersion",
        "time",
        "fieldsType",
        "fieldsV1",
    ]


def test_an_update_takes_what_it_changes_and_leaves_the_rest():
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1", "b": "1", "c": "1"}), "one", T1))
    changed = CONFIG_MAPS.update(made, {**made, "data": {"a": "2", "b": "1", "d": "1"}}, "two", T2)
    assert owners(changed) == [
        ("one", "Update", "", '{"f:data": {".": {}, "f:b": {}}}'),
        ("two", "Update", "", '{"f:data": {"f:a": {}, "f:d": {}}}'),
    ]
    assert times(changed) == {"one": T1, "two": T2}


def test_an_update_of_nothing_keeps_entries_and_times():
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    again = CONFIG_MAPS.update(made, {**made, "metadata": dict(made["metadata"])}, "two", T2)
    assert again == made
    assert again["metadata"]["managedFields"][0] is made["metadata"]["managedFields"][0]


def test_a_manager_without_fields_is_gone():
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    emptied = CONFIG_MAPS.update(made, stored(config_map()), "two", T2)
    assert "managedFields" not in emptied["metadata"]


def test_an_object_without_managed_fields_gets_none_by_updates():
    bare = stored(config_map({"a": "1"}))
    changed = CONFIG_MAPS.update(bare, stored(config_map({"a": "2"})), "two", T2)
    assert "managedFields" not in changed["metadata"]


def test_a_nameless_manager_is_unknown():
    assert owners(CONFIG_MAPS.update(None, config_map({"a": "1"}), "", T1))[0][0] == "unknown"


@pytest.mark.parametrize("given", [[], [{}]])
def test_an_empty_list_forgets_who_owns_what(given):
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    reset = CONFIG_MAPS.update(made, stored(config_map({"a": "1"}, managedFields=given)), "two", T2)
    assert "managedFields" not in reset["metadata"]


def test_a_client_may_set_managed_fields():
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    given = [
        {
            "manager": "mine",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:a": {}}},
        }
    ]
    changed = CONFIG_MAPS.update(made, stored(config_map({"a": "1"}, managedFields=given)), "two", T2)
    assert changed["metadata"]["managedFields"] == given


@pytest.mark.parametrize(
    "wrong",
    [
        {"operation": "Twist"},
        {"apiVersion": ""},
        {"fieldsType": ""},
        {"fieldsType": "FieldsV2"},
        {"fieldsV1": {"x": {}}},
    ],
)
def test_managed_fields_that_cannot_be_read_are_ignored(wrong):
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    entry = {
        "manager": "m",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
    changed = CONFIG_MAPS.update(
        made, stored(config_map({"a": "1"}, managedFields=[{**entry, **wrong}])), "two", T2
    )
    assert changed["metadata"]["managedFields"] == made["metadata"]["managedFields"]


def test_a_subresource_does_not_take_managed_fields():
    pods = manager(r.PODS, "status")
    pod = stored(manager(r.PODS).update(None, POD, "one", T1))
    given = {**pod, "metadata": {**pod["metadata"], "managedFields": []}, "status": {"phase": "Running"}}
    changed = pods.update(pod, given, "kubelet", T2)
    assert [each[:3] for each in owners(changed)] == [
        ("one", "Update", ""),
        ("kubelet", "Update", "status"),
    ]


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "status": {},
}


def test_each_endpoint_owns_only_what_it_may_change():
    changed = {**POD, "status": {"message": "m"}, "spec": {"containers": [{"name": "c", "image": "j"}]}}
    live = stored(manager(r.PODS).update(None, POD, "one", T1))
    main = manager(r.PODS).update(live, stored(changed), "two", T2)
    status = manager(r.PODS, "status").update(live, stored(changed), "two", T2)
    assert json.loads(owners(main)[1][3]) == {"f:spec": {"f:containers": {'k:{"name":"c"}': {"f:image": {}}}}}
    assert json.loads(owners(status)[1][3]) == {"f:status": {"f:message": {}}}


def test_more_than_ten_updaters_are_put_together():
    obj = stored(CONFIG_MAPS.update(None, config_map({"k": "0"}), "m0", T1))
    for number in range(1, 12):
        data = {**obj["data"], f"k{number}": "1"}
        obj = stored(CONFIG_MAPS.update(obj, {**obj, "data": data}, f"m{number:02}", T2))
    names = [each[0] for each in owners(obj)]
    assert len(names) == mf.UPDATE_MANAGERS_MAX
    assert "ancient-changes" in names
    assert {"m0", "m01", "m02"}.isdisjoint(names)
    ancient = next(each for each in owners(obj) if each[0] == "ancient-changes")
    assert json.loads(ancient[3]) == {"f:data": {".": {}, "f:k": {}, "f:k1": {}, "f:k2": {}}}


def test_entries_are_sorted_by_operation_time_and_name():
    def owned(time):
        return mf.Owned({"f:a": {}}, "v1", time)

    managed = {
        mf.Manager("b", "Update", "v1"): owned(T1),
        mf.Manager("a", "Update", "v1"): owned(T2),
        mf.Manager("z", "Apply", ""): owned(T3),
        mf.Manager("a", "Update", "v1", "status"): owned(T1),
    }
    assert [(each["manager"], each["time"]) for each in mf.encode(managed)] == [
        ("z", T3),
        ("a", T1),
        ("b", T1),
        ("a", T2),
    ]


def test_times_alone_are_no_change():
    made = stored(CONFIG_MAPS.update(None, config_map({"a": "1"}), "one", T1))
    later = mf.with_entries(made, [{**each, "time": T2} for each in made["metadata"]["managedFields"]])
    assert mf.with_former_times(later, made) == made
    changed = {**later, "data": {"a": "2"}}
    assert mf.with_former_times(changed, made) is changed


# --- versions -----------------------------------------------------------------------------------------------


class TwoVersions:
    """`a` in version one is `b` in version two; a third is gone."""

    def atom(self, api_version):
        return None if api_version == "x/v3" else MANAGERS.of_body("v1", "ConfigMap").versions.atom("v1")

    def convert(self, obj, api_version):
        names = {"x/v1": {"b": "a"}, "x/v2": {"a": "b"}}[api_version]
        data = {names.get(key, key): value for key, value in (obj.get("data") or {}).items()}
        return {**obj, "apiVersion": api_version, "data": data}


EMPTY = {"apiVersion": "x/v1", "kind": "X", "metadata": {}}
V1 = FieldManager("x/v1", "X", "", EMPTY, TwoVersions(), {})
V2 = FieldManager("x/v2", "X", "", {**EMPTY, "apiVersion": "x/v2"}, TwoVersions(), {})


def thing(data, api_version="x/v1", **metadata):
    return {"apiVersion": api_version, "kind": "X", "metadata": {"name": "t", **metadata}, "data": data}


def test_fields_of_another_version_are_lost_when_they_change_there():
    made = stored(V1.update(None, thing({"a": "1", "c": "1"}), "one", T1))
    same = V2.update(
        {**made, "apiVersion": "x/v2", "data": {"b": "1", "c": "1"}},
        stored(thing({"b": "2", "c": "1"}, "x/v2", managedFields=made["metadata"]["managedFields"])),
        "two",
        T2,
    )
    assert [(each["apiVersion"], each["fieldsV1"]) for each in same["metadata"]["managedFields"]] == [
        ("x/v1", {"f:data": {".": {}, "f:c": {}}}),
        ("x/v2", {"f:data": {"f:b": {}}}),
    ]


def test_an_applier_drops_what_it_applied_in_another_version():
    made = stored(V1.apply(None, thing({"a": "1", "c": "1"}), "one", T1))
    live = {**made, "apiVersion": "x/v2", "data": {"b": "1", "c": "1"}}
    changed = V2.apply(live, thing({"c": "1"}, "x/v2"), "one", T2)
    assert changed["data"] == {"c": "1"}
    assert [(each["apiVersion"], each["fieldsV1"]) for each in changed["metadata"]["managedFields"]] == [
        ("x/v2", {"f:data": {"f:c": {}}})
    ]


def test_entries_of_a_version_that_is_gone_go():
    entry = {
        "manager": "old",
        "operation": "Update",
        "apiVersion": "x/v3",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {}},
    }
    manager_ = FieldManager("x/v1", "X", "", EMPTY, TwoVersions(), {}, types_change=True)
    live = stored(thing({"a": "1"}, managedFields=[entry]))
    changed = manager_.update(live, {**live, "data": {"a": "2"}}, "new", T2)
    assert [each[0] for each in owners(changed)] == ["new"]


UNTYPED = "failed to create typed patch object (/c; /v1, Kind=ConfigMap):"

# --- apply --------------------------------------------------------------------------------------------------


def applied(live, data, name="one", *, now=T1, force=False, **metadata):
    return stored(CONFIG_MAPS.apply(live, config_map(data, **metadata), name, now, force=force))


def test_an_applier_owns_what_it_names():
    made = applied(None, {"a": "1"}, labels={"x": "y"})
    assert made["data"] == {"a": "1"}
    assert owners(made) == [
        ("one", "Apply", "", '{"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}')
    ]


def test_applying_the_same_again_changes_nothing():
    made = applied(None, {"a": "1"})
    assert applied(made, {"a": "1"}, now=T2) == made


def test_what_is_applied_no_longer_is_removed_unless_others_own_it():
    made = applied(applied(None, {"a": "1", "b": "1", "c": "1"}), {"b": "1"}, "two")
    changed = applied(made, {"c": "1"}, now=T2)
    assert changed["data"] == {"b": "1", "c": "1"}
    assert owners(changed) == [
        ("two", "Apply", "", '{"f:data": {"f:b": {}}}'),
        ("one", "Apply", "", '{"f:data": {"f:c": {}}}'),
    ]


def test_what_updaters_own_is_kept_as_well():
    made = applied(None, {"a": "1"})
    changed = stored(CONFIG_MAPS.update(made, {**made, "data": {"a": "1", "u": "1"}}, "upd", T2))
    assert applied(changed, {"b": "1"}, now=T3)["data"] == {"b": "1", "u": "1"}


def test_one_conflict_is_told_in_one_line():
    with pytest.raises(ApplyConflict) as refused:
        applied(applied(None, {"a": "1"}), {"a": "2"}, "two")
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert refused.value.details == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}]
    }
    assert (refused.value.code, refused.value.reason) == (409, "Conflict")


def test_many_conflicts_are_told_by_manager():
    made = applied(None, {"a": "1", "b": "1"})
    made = stored(CONFIG_MAPS.update(made, {**made, "data": {**made["data"], "c": "1"}}, "upd", T2))
    with pytest.raises(ApplyConflict) as refused:
        applied(made, {"a": "2", "b": "2", "c": "2"}, "two")
    assert refused.value.message == (
        'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\n- .data.b\n'
        'conflicts with "upd" using v1:\n- .data.c'
    )


def test_conflicts_name_the_subresource_of_a_manager():
    pods = manager(r.PODS, "status")
    live = stored(manager(r.PODS).update(None, POD, "one", T1))
    live = stored(pods.update(live, {**live, "status": {"message": "m"}}, "kubelet", T2))
    status = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "status": {"message": "n"}}
    with pytest.raises(ApplyConflict) as refused:
        pods.apply(live, status, "two", T3)
    assert refused.value.message == (
        'Apply failed with 1 conflict: conflict with "kubelet" with subresource "status" using v1: '
        ".status.message"
    )


def test_force_takes_over():
    changed = applied(applied(None, {"a": "1", "b": "1"}), {"a": "2"}, "two", force=True)
    assert changed["data"] == {"a": "2", "b": "1"}
    assert sorted(owners(changed)) == [
        ("one", "Apply", "", '{"f:data": {"f:b": {}}}'),
        ("two", "Apply", "", '{"f:data": {"f:a": {}}}'),
    ]


def test_the_same_value_is_shared():
    changed = applied(applied(None, {"a": "1"}), {"a": "1", "b": "1"}, "two")
    assert sorted(owners(changed)) == [
        ("one", "Apply", "", '{"f:data": {"f:a": {}}}'),
        ("two", "Apply", "", '{"f:data": {"f:a": {}, "f:b": {}}}'),
    ]


def test_an_applier_that_changes_nothing_joins_without_a_time():
    assert times(applied(applied(None, {"a": "1"}), {"a": "1"}, "two", now=T2)) == {"one": T1, "two": None}


def test_an_object_without_managed_fields_was_there_before_the_first_apply():
    bare = stored(config_map({"a": "1", "b": "1"}))
    with pytest.raises(ApplyConflict) as refused:
        applied(bare, {"a": "2"})
    assert 'conflict with "before-first-apply" using v1: .data.a' in refused.value.message
    assert owners(applied(bare, {"a": "1"})) == [
        ("one", "Apply", "", '{"f:data": {"f:a": {}}}'),
        ("before-first-apply", "Update", "", '{"f:data": {".": {}, "f:a": {}, "f:b": {}}}'),
    ]


@pytest.mark.parametrize(
    ("configuration", "words", "code"),
    [
        ({"metadata": {"name": "c"}}, "invalid object type: /, Kind=", 400),
        (
            {"apiVersion": "apps/v1", "kind": "Deployment"},
            "invalid object type: apps/v1, Kind=Deployment",
            400,
        ),
        (config_map({"a": "1"}, managedFields=[]), "metadata.managedFields must be nil", 400),
        (
            config_map([1]),
            f"{UNTYPED} .data: expected map, got &{{[1]}}",
            500,
        ),
        (
            config_map({"a": "1"}, twist=1),
            f"{UNTYPED} .metadata.twist: field not declared in schema",
            500,
        ),
    ],
)
def test_what_cannot_be_applied_is_refused(configuration, words, code):
    with pytest.raises(APIError) as refused:
        CONFIG_MAPS.apply(None, configuration, "one", T1)
    assert (refused.value.message, refused.value.code) == (words, code)


def test_managed_fields_of_a_configuration_must_be_absent_even_for_an_update():
    with pytest.raises(BadRequest):
        applied(applied(None, {"a": "1"}), {"a": "1"}, managedFields=[{}])


# --- a client-side apply before -----------------------------------------------------------------------------


def client_side(data):
    """What `kubectl apply` leaves: its annotation, and itself as the owner."""
    configuration = {**config_map(data), "metadata": {"name": "c", "annotations": {}}}
    annotations = {lastapplied.ANNOTATION: json.dumps(configuration)}
    return stored(
        CONFIG_MAPS.update(None, config_map(data, annotations=annotations), "kubectl-client-side-apply", T1)
    )


def test_kubectl_takes_over_what_it_applied_client_side():
    changed = applied(client_side({"a": "1", "b": "1"}), {"a": "2"}, "kubectl", now=T2)
    assert changed["data"] == {"a": "2", "b": "1"}
    kept = json.loads(changed["metadata"]["annotations"][lastapplied.ANNOTATION])
    assert kept == config_map({"a": "2"})


def test_others_do_not():
    with pytest.raises(ApplyConflict):
        applied(client_side({"a": "1"}), {"a": "2"}, "argo", now=T2)


def test_kubectl_meets_conflicts_with_what_others_changed_since():
    live = client_side({"a": "1", "b": "1"})
    live = stored(CONFIG_MAPS.update(live, {**live, "data": {"a": "1", "b": "3"}}, "upd", T2))
    with pytest.raises(ApplyConflict) as refused:
        applied(live, {"a": "2", "b": "2"}, "kubectl", now=T3)
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "upd" using v1: .data.b'


# --- the scale subresource ----------------------------------------------------------------------------------


def test_the_owner_of_the_replicas_owns_those_of_the_scale():
    parent = [
        {
            "manager": "m",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:replicas": {}, "f:selector": {}}},
        }
    ]
    fields = mf.ScaleFields(parent, "v1", {"v1": mf.REPLICAS})
    scale = fields.of_scale()
    assert [(each["manager"], each["apiVersion"], each["fieldsV1"]) for each in scale] == [
        ("m", "autoscaling/v1", {"f:spec": {"f:replicas": {}}})
    ]
    assert fields.of_parent(scale) == parent
    taken = [{**scale[0], "manager": "hpa", "operation": "Update", "subresource": "scale"}]
    assert fields.of_parent(taken) == [
        {**parent[0], "fieldsV1": {"f:spec": {"f:selector": {}}}},
        {
            "manager": "hpa",
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
            "subresource": "scale",
        },
    ]


def test_a_filter_leaves_out_all_below():
    keep = leaving_out(fs.field_path("status"))
    assert keep({"f:spec": {"f:a": {}}, "f:status": {"f:b": {}}}) == {"f:spec": {"f:a": {}}}


# --- laws ---------------------------------------------------------------------------------------------------

DATA = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), min_size=1, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "kubectl"]), DATA), min_size=1, max_size=5))
def test_an_apply_by_force_leaves_what_was_applied_and_again_changes_nothing(steps):
    live = None
    for name, data in steps:
        live = applied(live, data, name, force=True)
        assert data.items() <= live["data"].items()
        assert applied(live, data, name, now=T3, force=True) == live
        assert applied(live, data, name, now=T3) == live


@given(st.lists(st.tuples(st.sampled_from(["one", "two"]), DATA), min_size=1, max_size=5))
def test_what_is_extracted_for_an_applier_is_what_it_applied(steps):
    live, last = None, {}
    for name, data in steps:
        live = applied(live, data, name, force=True)
        last[name] = data
    atom = CONFIG_MAPS.versions.atom("v1")
    name, data = steps[-1]
    entry = next(each for each in live["metadata"]["managedFields"] if each["manager"] == name)
    found = extract(atom, live, with_named_fields(atom, entry["fieldsV1"]))
    assert found == {"data": data}
    assert field_set(atom, found) == entry["fieldsV1"]


@given(DATA, st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), DATA), max_size=5))
def test_every_value_has_one_updater(data, steps):
    live = stored(CONFIG_MAPS.update(None, config_map(data), "one", T1))
    last = dict.fromkeys(data, "one")
    for name, new in steps:
        before = live["data"]
        live = stored(CONFIG_MAPS.update(live, {**live, "data": new}, name, T2))
        last = {key: last[key] if before.get(key) == value else name for key, value in new.items()}
    for key, name in last.items():
        assert [
            each["manager"]
            for each in live["metadata"]["managedFields"]
            if key in {element[2:] for element in each["fieldsV1"].get("f:data", {})}
        ] == [name]


def test_objects_that_are_made_of_the_same_trees_are_looked_at_once():
    labels, data = {"app": "web"}, {"a": "1"}
    one = FieldManagers(default_scheme()).of(default_scheme().strategy(r.CONFIGMAPS))
    first = one.update(None, config_map(data, uid="1", labels=labels), "m", "t")
    second = one.update(None, config_map(data, uid="2", labels=labels), "m", "t")
    assert len(one._creations) == 1
    assert owners(first) == owners(second)
    assert first["metadata"]["managedFields"][0] is second["metadata"]["managedFields"][0]


def test_objects_of_other_trees_or_other_texts_are_told_apart():
    labels, data = {"app": "web"}, {"a": "1"}
    one = FieldManagers(default_scheme()).of(default_scheme().strategy(r.CONFIGMAPS))
    made = [
        one.update(None, obj, "m", "t")
        for obj in (
            config_map(data, labels=labels),
            config_map(data, labels={"app": "web", "b": "c"}),
            config_map({"b": "1"}, labels=labels),
            {**config_map(data, labels=labels), "immutable": True},
            config_map({}, labels=labels),
            config_map(data, labels=labels, generateName="x-"),
        )
    ]
    fields = [owners(obj) for obj in made]
    assert all(each not in fields[:index] for index, each in enumerate(fields))


def test_only_so_many_compositions_are_remembered():
    one = FieldManagers(default_scheme()).of(default_scheme().strategy(r.CONFIGMAPS))
    for number in range(3 * CREATIONS_MAX):
        one.update(None, config_map({f"k{number}": "v"}), "m", "t")
    assert len(one._creations) == CREATIONS_MAX


SCALARS = st.sampled_from(["", "a", "b", None, 0, 1, True, False])
TEXTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), max_size=3)
EVENTS_FIELDS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": st.just("e")}, optional={"labels": TEXTS, "uid": SCALARS})},
    optional={
        "reason": SCALARS,
        "count": st.sampled_from([None, 0, 1, 2]),
        "eventTime": st.sampled_from([None, "2026-01-01T00:00:00.000000Z"]),
        "involvedObject": TEXTS.map(lambda texts: {f"k{key}": text for key, text in texts.items()}),
        "source": st.sampled_from([None, {}, {"component": "c"}, {"component": "c", "host": ""}]),
        "series": st.sampled_from([None, {}, {"count": 0}, {"count": 2}]),
    },
)


@given(st.lists(EVENTS_FIELDS, min_size=2, max_size=8))
def test_what_is_remembered_of_one_object_is_true_of_the_next(objects):
    strategy = default_scheme().strategy(r.EVENTS)
    experienced = FieldManagers(default_scheme()).of(strategy)
    for fields in objects:
        obj = {"apiVersion": "v1", "kind": "Event", **fields}
        fresh = FieldManagers(default_scheme()).of(strategy)
        assert owners(experienced.update(None, obj, "m", "t")) == owners(fresh.update(None, obj, "m", "t"))


@given(st.lists(st.tuples(SCALARS, TEXTS, st.sampled_from([None, [], ["a"], ["b"]])), min_size=2, max_size=8))
def test_what_is_remembered_of_one_body_is_true_of_the_next(bodies):
    def manager_of_bodies():
        return FieldManagers(default_scheme()).of_body("authentication.k8s.io/v1", "TokenRequest", "token")

    experienced = manager_of_bodies()
    for seconds, reference, audiences in bodies:
        spec = {"expirationSeconds": seconds, "boundObjectRef": reference, "audiences": audiences}
        obj = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {},
            "spec": spec,
        }
        made = [each.update(None, obj, "m", "t") for each in (experienced, manager_of_bodies())]
        assert owners(made[0]) == owners(made[1])
