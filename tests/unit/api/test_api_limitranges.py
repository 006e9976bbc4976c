"""LimitRanges: what they give to containers, and what they refuse."""

from __future__ import annotations

import pytest

from kubelite.api.limitranges import ANNOTATION, claim_errors, pod_errors, with_defaults


def limit_range(type_="Container", **item):
    return {"spec": {"limits": [{"type": type_, **item}]}}


def pod(*resources, init=()):
    def containers(of, prefix):
        return [{"name": f"{prefix}{index}", "resources": each} for index, each in enumerate(of)]

    spec = {"containers": containers(resources, "c"), "initContainers": containers(init, "i")}
    return {"metadata": {"name": "p"}, "spec": spec}


def resources(request=None, limit=None):
    made = {}
    if request is not None:
        made["requests"] = {"cpu": request}
    if limit is not None:
        made["limits"] = {"cpu": limit}
    return made


def test_containers_get_what_they_do_not_say():
    given = limit_range(defaultRequest={"memory": "1Mi", "cpu": "1"}, default={"cpu": "2"})
    made = with_defaults(pod({}, {"requests": {"cpu": "3"}}, init=[{}]), given)
    first, second = made["spec"]["containers"]
    assert first["resources"] == {"requests": {"memory": "1Mi", "cpu": "1"}, "limits": {"cpu": "2"}}
    assert second["resources"] == {"requests": {"cpu": "3", "memory": "1Mi"}, "limits": {"cpu": "2"}}
    assert made["metadata"]["annotations"][ANNOTATION] == (
        "LimitRanger plugin set: cpu, memory request for container c0; cpu limit for container c0; "
        "memory request for container c1; cpu limit for container c1; "
        "cpu, memory request for init container i0; cpu limit for init container i0"
    )


def test_a_pod_that_says_everything_stays_as_it_is():
    made = pod({"requests": {"cpu": "1"}})
    assert with_defaults(made, limit_range(defaultRequest={"cpu": "2"})) is made
    assert with_defaults(made, limit_range("Pod", max={"cpu": "2"})) is made


@pytest.mark.parametrize(
    ("item", "request_", "limit", "errors"),
    [
        ({"min": {"cpu": "50m"}}, "50m", None, []),
        (
            {"min": {"cpu": "50m"}},
            None,
            None,
            ["minimum cpu usage per Container is 50m.  No request is specified"],
        ),
        (
            {"min": {"cpu": "50m"}},
            "10m",
            None,
            ["minimum cpu usage per Container is 50m, but request is 10m"],
        ),
        ({"min": {"cpu": "50m"}}, "60m", "10m", ["minimum cpu usage per Container is 50m, but limit is 10m"]),
        ({"max": {"cpu": "1"}}, None, "1", []),
        ({"max": {"cpu": "1"}}, "1", None, ["maximum cpu usage per Container is 1.  No limit is specified"]),
        ({"max": {"cpu": "1"}}, None, "1500m", ["maximum cpu usage per Container is 1, but limit is 1500m"]),
        ({"max": {"cpu": "1"}}, "2", "1", ["maximum cpu usage per Container is 1, but request is 2"]),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, "1", "2", []),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            "1",
            "3",
            ["cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"],
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "1500m"}},
            "0",
            "3",
            [
                (
                    "cpu max limit to request ratio per Container is 1500m, but no request is specified or "
                    "request is 0"
                )
            ],
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            "1",
            None,
            ["cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0"],
        ),
    ],
)
def test_each_container_is_judged(item, request_, limit, errors):
    assert pod_errors(pod(resources(request_, limit)), limit_range(**item)) == errors
    ordinary = {key: {"cpu": "1"} for key in ("requests", "limits")}
    judged = pod_errors(pod(ordinary, init=[resources(request_, limit)]), limit_range(**item))
    assert judged == errors


def test_a_pod_is_judged_by_what_all_its_containers_want():
    most = limit_range("Pod", max={"cpu": "800m"})
    assert pod_errors(pod(resources(limit="500m"), resources(limit="300m")), most) == []
    assert pod_errors(pod(resources(limit="500m"), resources(limit="500m")), most) == [
        "maximum cpu usage per Pod is 800m, but limit is 1"
    ]


def test_initialisation_counts_if_it_wants_more():
    most = limit_range("Pod", max={"cpu": "800m"})
    made = pod(resources(limit="500m"), init=[resources(limit="900m")])
    assert pod_errors(made, most) == ["maximum cpu usage per Pod is 800m, but limit is 900m"]
    made["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    assert pod_errors(made, most) == ["maximum cpu usage per Pod is 800m, but limit is 1400m"]


@pytest.mark.parametrize(
    ("storage", "errors"),
    [
        ("2Gi", []),
        ("1Mi", ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"]),
        ("9Gi", ["maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 9Gi"]),
    ],
)
def test_claims_are_judged_by_their_size(storage, errors):
    bounds = limit_range("PersistentVolumeClaim", min={"storage": "1Gi"}, max={"storage": "5Gi"})
    claim = {"metadata": {}, "spec": {"resources": {"requests": {"storage": storage}}}}
    assert claim_errors(claim, bounds) == errors
