"""The tables of what Go's structs are name real types and fields."""

from kubelite.api import facts
from kubelite.api.goform import go_form
from kubelite.api.gotypes import ALWAYS, OMITTED_OF, POINTERS, POINTERS_OF, REQUIRED_POINTERS, VALUES_OF
from kubelite.api.resources import CONTROLLERREVISIONS, DEPLOYMENTS, STATEFULSETS


def fields_of(name):
    return {field for field, *_ in facts.split_fields(facts.type_text(facts.index_of_type(name)))}


def test_every_row_names_a_type_and_its_fields():
    for table in (POINTERS_OF, VALUES_OF, OMITTED_OF, ALWAYS):
        for name, fields in table.items():
            assert set(fields) <= fields_of(name), name


def test_every_pointer_is_a_field_of_some_type():
    every = set()
    for index in range(facts.type_count()):
        text = facts.type_text(index)
        if not text.startswith("="):
            every |= {field for field, *_ in facts.split_fields(text)}
    assert every >= POINTERS
    assert every >= REQUIRED_POINTERS


def test_required_fields_and_structs_are_always_there():
    assert go_form(CONTROLLERREVISIONS, {})["revision"] == 0
    deployment = go_form(DEPLOYMENTS, {"spec": {"paused": False, "replicas": 0}})
    assert deployment["spec"] == {
        "replicas": 0,
        "template": {"metadata": {}, "spec": {"containers": None}},
        "strategy": {},
    }
    assert go_form(STATEFULSETS, {})["status"] == {"replicas": 0, "availableReplicas": 0}


def test_what_is_optional_and_empty_is_gone():
    deployment = go_form(DEPLOYMENTS, {"status": {"replicas": 0, "collisionCount": 0, "conditions": []}})
    assert deployment["status"] == {"collisionCount": 0}
