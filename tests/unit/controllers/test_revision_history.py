"""Revisions of templates: what they hold, how they are named, numbered and forgotten."""

from __future__ import annotations

from kubelite.api.resources import STATEFULSETS
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers.history import revisions as history


def owner(image="nginx:1", **metadata):
    return {
        "metadata": {"name": "web", "namespace": "default", "uid": "u", **metadata},
        "spec": {
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            }
        },
    }


def revision(number, image="nginx:1", name=None):
    made = history.make_revision(owner(image), STATEFULSETS, f"h{number}", {}, number)
    return {**made, "metadata": {**made["metadata"], "name": name or f"web-{number}"}}


def test_a_revision_puts_the_template_back_and_nothing_else():
    made = history.make_revision(owner(annotations={"a": "b"}), STATEFULSETS, "abc", {history.HASH: "abc"}, 3)
    assert made["metadata"]["name"] == "web-abc"
    assert made["metadata"]["labels"] == {"app": "web", "controller.kubernetes.io/hash": "abc"}
    assert made["metadata"]["annotations"] == {"a": "b"}
    assert made["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
    assert made["revision"] == 3
    assert made["data"]["spec"]["template"]["$patch"] == "replace"
    assert history.template_of(made) == owner()["spec"]["template"]


def test_the_hash_is_that_of_the_text_in_the_order_of_its_keys():
    assert history.data_hash({"b": 1, "a": 2}, 0) == history.data_hash({"a": 2, "b": 1}, 0)
    assert history.data_hash({"a": 2}, 0) != history.data_hash({"a": 2}, 1)
    assert not set(history.data_hash({"a": "x"}, 0)) & set("aeiou013")


def test_the_hash_is_fnv_1_of_what_go_writes():
    value = 2166136261
    for byte in b'{"a":"\\u003cb\\u0026\\u003e"}2':
        value = (value * 16777619) % 2**32 ^ byte
    letters = "bcdfghjklmnpqrstvwxz2456789"
    expected = "".join(letters[ord(digit) % 27] for digit in str(value))
    assert history.data_hash({"a": "<b&>"}, 2) == expected


def test_a_long_name_is_cut_for_the_hash():
    assert history.revision_name({"metadata": {"name": "x" * 250}}, "abc") == "x" * 223 + "-abc"


def test_of_equal_revisions_the_latest_counts():
    known = [revision(3, "a"), revision(1, "a"), revision(2, "b")]
    found = history.find_equal(known, history.data_of(owner("a")))
    assert found is known[0]
    assert history.find_equal(known, history.data_of(owner("c"))) is None
    assert history.next_number(known) == 4
    assert history.next_number([]) == 1


def test_the_oldest_unused_revisions_beyond_the_limit_go():
    known = [revision(number) for number in (4, 2, 1, 3)]
    gone = history.plan_truncation(known, {"web-1"}, 1)
    assert [each["metadata"]["name"] for each in gone] == ["web-2", "web-3"]
    assert history.plan_truncation(known, set(), None) == []
    assert len(history.plan_truncation(known, set(), 0)) == 4


def test_revisions_in_use_may_count_towards_the_limit_and_stay_all_the_same():
    known = [revision(number) for number in (1, 2, 3, 4)]
    gone = history.plan_truncation(known, {"web-1", "web-4"}, 2, counted=1)
    assert [each["metadata"]["name"] for each in gone] == ["web-2"]


def test_of_doubles_the_latest_stays_but_not_before_they_have_stood_for_a_moment():
    def made(number, second):
        each = revision(number)
        return {
            **each,
            "metadata": {**each["metadata"], "creationTimestamp": f"2026-01-01T00:00:{second:02}Z"},
        }

    def names(kept):
        return kept.current["metadata"]["name"], [each["metadata"]["name"] for each in kept.doubles]

    now = parse_time("2026-01-01T00:00:30Z")
    assert names(history.plan_doubles([made(1, 30)], now)) == ("web-1", [])
    assert names(history.plan_doubles([made(3, 20), made(2, 25), made(1, 10)], now)) == (
        "web-3",
        ["web-1", "web-2"],
    )
    young = history.plan_doubles([made(2, 29), made(1, 10)], now)
    assert (names(young), young.wait_s) == (("web-1", []), 1.0)
    assert names(history.plan_doubles([made(2, 30), made(1, 29)], now)) == ("web-1", [])
