"""What a probe sends over HTTP, and how it reads what comes back."""

import asyncio

import pytest
from aiohttp import web

import kubelite
from kubelite.node.probehttp import MalformedAnswerError, headers_of, make_request, read_answer
from kubelite.node.probes import Pacer
from kubelite.testing import VirtualClock


def test_a_probe_says_who_asks_and_closes_the_connection():
    assert make_request("10.0.0.1", 80, "/a b?c=d", headers_of(())) == (
        b"GET /a%20b?c=d HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_headers_of_the_probe_come_first_and_empty_ones_are_not_sent():
    asked = [
        {"name": "Host", "value": "web"},
        {"name": "user-agent", "value": ""},
        {"name": "accept", "value": "a/b"},
    ]
    request = make_request("10.0.0.1", 80, "healthz", headers_of(asked))
    assert request == b"GET /healthz HTTP/1.1\r\nHost: web\r\naccept: a/b\r\nConnection: close\r\n\r\n"


def test_a_header_cannot_end_its_line():
    with pytest.raises(ValueError, match='invalid header field value for "X-A"'):
        headers_of([{"name": "X-A", "value": "a\r\nX-B: b"}])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", None),
        (b"HTT", None),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", None),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nrest", (200, "")),
        (b"HTTP/1.0 503\r\n\r\n", (503, "")),
        (b"HTTP/1.1 302 Found\r\nLocation: /next \r\nA: b\r\n\r\n", None),
        (b"HTTP/1.1 302 Found\r\nLocation: /next \r\nContent-Length: 0\r\n\r\n", (302, "/next")),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 17\r\n\r\nlocation: /body\r\n", (302, "")),
        (b"HTTP/1.1 304 Not Modified\r\nA: b\r\n\r\n", (304, "")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", (204, "")),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 2", None),
    ],
)
def test_an_answer_is_read_as_far_as_it_has_come(data, found):
    answer = read_answer(data)
    assert (answer and answer[:2]) == found


@pytest.mark.parametrize(
    ("head", "rest", "ended", "body"),
    [
        (b"Content-Length: 4", b"over and out", False, b"over"),
        (b"content-length:4", b"ove", False, None),
        (b"content-length:4", b"ove", True, b"ove"),
        (b"A: b", b"over", False, None),
        (b"A: b", b"over", True, b"over"),
        (b"A: b", b"x" * 20000, False, b"x" * 20000),
        (b"Transfer-Encoding: chunked", b"2\r\nov\r\n2;a=b\r\ner\r\n0\r\n\r\n", False, b"over"),
        (b"Transfer-Encoding: chunked", b"2\r\nov\r\n", False, None),
    ],
)
def test_of_a_redirect_the_body_is_read_too(head, rest, ended, body):
    answer = read_answer(b"HTTP/1.1 302 Found\r\n" + head + b"\r\n\r\n" + rest, ended=ended)
    assert answer == (None if body is None else (302, "", body))


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-x\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 11000]
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(MalformedAnswerError):
        read_answer(data)


async def test_calls_begin_in_order_a_few_in_each_turn():
    begun = []
    pacer = Pacer()
    for number in range(5):
        pacer(lambda number=number: begun.append(number))
    seen = []
    while len(begun) < 5:
        await asyncio.sleep(0)
        seen.append(list(begun))
    assert seen == [[0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]]


def make_app():
    async def answer(request):
        match request.path:
            case "/moved":
                raise web.HTTPFound("/there")
            case "/away":
                raise web.HTTPFound("http://example.com/")
            case "/round":
                raise web.HTTPFound("/round")
            case "/there":
                return web.Response()
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/there", ""),
        ("/moved", ""),
        ("/away", "Readiness probe warning: Probe terminated redirects, Response body: 302: Found"),
        ("/round", "stopped after 10 redirects"),
        ("/none", "HTTP probe failed with statuscode: 404"),
    ],
)
async def test_redirects_are_followed_on_the_same_host_only(path, problem):
    async with kubelite.Cluster(clock=VirtualClock()) as cluster:
        cluster.images["moved:1"] = make_app
        probe = {"httpGet": {"path": path, "port": 80}}
        container = {
            "name": "c",
            "image": "moved:1",
            "ports": [{"containerPort": 80}],
            "readinessProbe": probe,
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"containers": [container]},
        }
        await cluster.apply(pod)
        await cluster.wait_for("pod/web", "jsonpath={.status.phase}=Running")
        await cluster.clock.advance(25)
        pod = await cluster.get("pod", "web")
        ready = {each["type"]: each["status"] for each in pod["status"]["conditions"]}["Ready"]
        reasons = {"Unhealthy", "ProbeWarning"}
        events = [each["message"] for each in await cluster.get("events") if each["reason"] in reasons]
        assert (ready == "True") is (not problem or "warning" in problem)
        assert all(problem in each for each in events)
        assert bool(events) is bool(problem)
