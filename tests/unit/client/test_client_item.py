"""Objects with their JSON text."""

import orjson
import pytest

from kubelite.client.item import Item

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {"x": 'say "ü"'}}


def test_the_text_is_encoded_once_and_serves_alone_and_in_lists():
    item = Item(POD)
    assert item.json() == orjson.dumps(POD)
    text = item.text
    assert text is not None
    assert item.list_json() == orjson.dumps({"metadata": POD["metadata"], "spec": POD["spec"]})
    assert item.tail() is text


def test_a_forgotten_text_is_made_again():
    item = Item(POD)
    text = item.json()
    item.forget_text()
    assert item.text is None
    assert item.json() == text


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {}},
        {"kind": "Pod", "metadata": {}, "apiVersion": "v1"},
        {"kind": "Pod", "apiVersion": "v1"},
        {"metadata": {"name": "a"}},
        {},
    ],
)
def test_other_forms_of_objects_are_shown_as_they_are(obj):
    item = Item(obj)
    assert item.tail() is None
    assert item.json() == orjson.dumps(obj)
    expected = {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}
    assert orjson.loads(item.list_json()) == expected
