"""Environment variables in layers behave like one dictionary, and copy nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.node.environment import PodFacts, container_environment
from kubelite.node.variables import Variables

LAYERS = st.lists(st.dictionaries(st.sampled_from("ABCD"), st.text(max_size=2)), max_size=4)


@given(LAYERS)
def test_layers_are_as_one_dictionary_that_was_updated_with_one_after_the_other(layers):
    one: dict[str, str] = {}
    for layer in layers:
        one.update(layer)
    variables = Variables(*layers)
    assert list(variables.items()) == list(one.items()), "in the same order, too"
    assert len(variables) == len(one)
    assert all((name in variables) == (name in one) for name in "ABCDE")
    assert variables == one


def test_a_variable_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="A"):
        Variables({"B": "1"})["A"]


def test_containers_share_the_variables_of_services():
    services = {"WEB_SERVICE_HOST": "10.0.0.1"}
    container = {"env": [{"name": "URL", "value": "http://$(WEB_SERVICE_HOST)"}]}
    facts = PodFacts({"metadata": {"namespace": "default"}}, "", "", {})
    found = container_environment(container, facts, None, services)
    assert found == {"WEB_SERVICE_HOST": "10.0.0.1", "URL": "http://10.0.0.1"}
    assert found.layers[0] is services
