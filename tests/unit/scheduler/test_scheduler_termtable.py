"""What pods say about others is found as by going through all of it, but only where it can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.labels import from_label_selector, from_set
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.terms import Term
from kubelite.scheduler.termtable import TermTable

HOST = "kubernetes.io/hostname"
SOME_LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))
EXISTS = from_label_selector({"matchExpressions": [{"key": "a", "operator": "Exists"}]})
TERMS = st.builds(
    Term,
    st.just(HOST),
    st.one_of(st.builds(from_set, SOME_LABELS), st.just(EXISTS)),
    st.frozensets(st.sampled_from(["one", "two"])),
    st.one_of(st.none(), st.builds(from_set, SOME_LABELS)),
)


@given(st.lists(TERMS, max_size=8), st.data(), SOME_LABELS, st.sampled_from(["one", "two"]), SOME_LABELS)
def test_the_terms_found_are_those_that_select_the_pod(terms, data, labels, namespace, namespace_labels):
    table, said = TermTable(Cache()), {}
    for number, term in enumerate(terms):
        node = f"node-{number % 2}"
        table.count(term, node, 1)
        said.setdefault(term, []).append(node)
    for term in data.draw(st.lists(st.sampled_from(terms), max_size=4)) if terms else ():
        if said.get(term):
            table.count(term, said[term].pop(), -1)
    left = {term: nodes for term, nodes in said.items() if nodes}
    assert len(table) == len(left)
    found = [
        (term, dict(counter.by_node)) for term, counter in table.about(namespace, labels, namespace_labels)
    ]
    wanted = {
        term: {node: nodes.count(node) for node in nodes}
        for term, nodes in left.items()
        if term.selects(namespace, labels, namespace_labels)
    }
    assert len(found) == len(wanted)
    assert dict(found) == wanted


def test_weighted_terms_are_kept_apart_by_their_weights():
    term = Term(HOST, from_set({"a": "x"}), frozenset({"one"}), None)
    table = TermTable(Cache())
    table.count((1, term), "node", 1)
    table.count((-1, term), "node", 2)
    found = {key[0]: counter.by_node for key, counter in table.about("one", {"a": "x"}, {})}
    assert found == {1: {"node": 1}, -1: {"node": 2}}


def test_terms_about_other_pods_are_not_looked_at():
    asked = []

    class Asked(Term):
        def selects(self, *pod):
            asked.append(self)
            return super().selects(*pod)

    table = TermTable(Cache())
    terms = [Asked(HOST, from_set({"a": str(n), "b": "x"}), frozenset({"one"}), None) for n in range(9)]
    for term in terms:
        table.count(term, "node", 1)
    assert [term for term, _ in table.about("one", {"a": "4", "b": "x"}, {})] == [terms[4]]
    assert len(asked) <= 2
