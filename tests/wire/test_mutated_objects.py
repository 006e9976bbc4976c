"""Objects of every kind with a part replaced by nonsense: taken or refused, none breaks the server."""

from __future__ import annotations

import random

import pytest

import kubelite
from tests.manifests import FIELDS, make_object
from tests.wire.fuzzing import Server

NONSENSE = (
    *(None, "", "x" * 300, -1, 0, 2**63, 1.5, True, [], {}, [None], [{}], {"a": None}, "1Gi", "a b", "::1"),
    *([["x"]], {"a": {"b": [1]}}),
)
ROUNDS = 14
"""Requests of each sort for each kind."""
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"


@pytest.fixture(scope="module")
def server():
    with kubelite.start(nodes=0, secure=False) as cluster:
        yield Server(cluster.kubeconfig)


def places(value, path=()):
    """Every place in an object."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def replaced(value, path, by):
    if not path:
        return by
    made = {**value} if isinstance(value, dict) else [*value]
    made[path[0]] = replaced(value[path[0]], path[1:], by)
    return made


def fragment(path, value):
    """A merge patch for a place; lists are replaced as a whole."""
    for key in reversed(path):
        value = [value] if isinstance(key, int) else {key: value}
    return value


@pytest.mark.parametrize("resource", FIELDS, ids=lambda each: f"{each.plural}-{each.api_version}")
def test_no_nonsense_breaks_the_server(server, resource):
    chance = random.Random(f"{resource.plural}/{resource.api_version}")
    obj = make_object(resource)
    namespace = "default" if resource.namespaced else None
    collection, one = resource.path(namespace), resource.path(namespace, obj["metadata"]["name"])
    assert server.ask("POST", collection, obj) is None
    stored = server.session.get(server.url + one, timeout=5).json()
    paths, stored_paths = list(places(obj)), list(places(stored))
    head = {"apiVersion": resource.api_version, "kind": resource.kind}
    problems = []
    for _ in range(ROUNDS):
        value, path, stored_path = chance.choice(NONSENSE), chance.choice(paths), chance.choice(stored_paths)
        patch = fragment(stored_path, value)
        problems += [
            server.ask("POST", f"{collection}?dryRun=All", replaced(obj, path, value)),
            server.ask("PUT", f"{one}?dryRun=All", replaced(stored, stored_path, value)),
            server.ask("PATCH", f"{one}?dryRun=All", patch, MERGE),
        ]
        if isinstance(patch, dict):
            applied = {**head, "metadata": {"name": obj["metadata"]["name"]}, **patch}
            problems.append(server.ask("PATCH", f"{one}?dryRun=All&force=1&fieldManager=f", applied, APPLY))
    assert [each for each in problems if each] == []
