"""Services that select a pod are found as by looking at all of them, but only where they can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.resources import SERVICES
from kubelite.client.informer import Informer
from kubelite.client.serviceindex import SELECTED_BY, selected_by, selecting

SOME_LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"))


def make_service(name, selector, namespace="default", version="1"):
    spec = {"selector": selector} if selector is not None else {}
    return {"metadata": {"name": name, "namespace": namespace, "resourceVersion": version}, "spec": spec}


def informer_of(*services):
    informer = Informer(SERVICES, namespace=None, field_selector="")
    informer.add_index(SELECTED_BY, selected_by)
    informer.replace(services)
    return informer


def names(labels, informer, namespace="default"):
    return [service["metadata"]["name"] for service in selecting(labels, namespace, informer)]


@given(st.lists(SOME_LABELS, max_size=8), SOME_LABELS)
def test_the_services_found_are_those_whose_whole_selector_the_labels_meet(selectors, labels):
    informer = informer_of(*(make_service(str(number), each) for number, each in enumerate(selectors)))
    wanted = {str(n) for n, each in enumerate(selectors) if each and each.items() <= labels.items()}
    found = names(labels, informer)
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_a_service_of_another_namespace_selects_nothing_here():
    informer = informer_of(make_service("web", {"app": "web"}, "elsewhere"))
    assert names({"app": "web"}, informer) == []
    assert names({"app": "web"}, informer, "elsewhere") == ["web"]


def test_a_service_without_a_selector_selects_nothing():
    assert names({"app": "web"}, informer_of(make_service("external", None))) == []


def test_a_service_is_found_under_one_label_only_and_by_its_new_selector():
    informer = informer_of(make_service("web", {"app": "web", "tier": "front"}))
    assert selected_by(make_service("web", {"tier": "front", "app": "web"})) == ("default/app=web",)
    assert names({"app": "web", "tier": "front"}, informer) == ["web"]
    informer.replace([make_service("web", {"app": "db"}, version="2")])
    assert names({"app": "web", "tier": "front"}, informer) == []
    assert names({"app": "db"}, informer) == ["web"]
