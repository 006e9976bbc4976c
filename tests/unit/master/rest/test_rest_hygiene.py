"""Requests that would harm: too large, deep, slow, many, broken. All are refused, and the server goes on."""

import asyncio
import gzip
import io
from contextlib import suppress

import aiohttp
import orjson
import pytest

from kubelite.master.rest import responses
from kubelite.master.rest.limits import RESTLimits
from tests.unit.master.rest.door import head_of, opened

MAPS = "/api/v1/namespaces/default/configmaps"
MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
NODE = {"Authorization": "Bearer node"}


async def check_alive(door):
    async with door.http.get("/readyz") as answer:
        assert await answer.text() == "ok"


def status_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), orjson.loads(body)


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent():
    async with opened() as door:
        answer = await door.raw(head_of("POST", MAPS, f"Content-Length: {3 * MIB + 1}"))
        code, status = status_of(answer)
        assert (code, status["reason"], status["message"]) == (
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
        )
        await check_alive(door)


async def test_a_body_that_grows_too_large_is_refused():
    async with opened() as door:
        chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
        answer = await door.raw(
            head_of("POST", MAPS, "Transfer-Encoding: chunked"), chunk, chunk, chunk, chunk
        )
        assert status_of(answer)[0] == 413
        await check_alive(door)


BOMBS = {
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "deep and closed": b'{"data":' + b"[" * 900 + b"]" * 900 + b"}",
    "deeper and closed": b'{"metadata":{"name":"x"},"data":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "many elements": b"[" + b"0," * MIB + b"0]",
    "no UTF-8": b'{"metadata":{"name":"\xff\xfe"}}',
    "lone surrogate": b'{"metadata":{"name":"\\ud800"}}',
    "a zero byte": b"\0",
    "half": b'{"metadata":{"name":"x"',
    "huge number": b'{"metadata":{"generation":1e999999}}',
    "long number": b'{"metadata":{"generation":' + b"9" * 100_000 + b"}}",
    "compressed": gzip.compress(b'{"metadata":{"name":"zipped"}}'),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_json_bombs_are_refused_quickly(name):
    async with opened() as door:
        async with (
            asyncio.timeout(5),
            door.http.post(MAPS, data=io.BytesIO(BOMBS[name]), headers=JSON) as answer,
        ):
            assert answer.status in {400, 422}, await answer.text()
            assert (await answer.json())["kind"] == "Status"
        await check_alive(door)


async def test_a_compressed_body_is_not_unpacked():
    async with opened() as door:
        bomb = gzip.compress(b'{"metadata":{"name":"' + b"x" * 20 * MIB + b'"}}')
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        async with door.http.post(MAPS, data=bomb, headers=headers) as answer:
            assert answer.status == 400
        await check_alive(door)


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%b]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 10))
    for letter in range(ord("b"), ord("k"))
)
YAML_BOMBS = {
    "billion laughs": LAUGHS,
    "alias to itself": b"a: &a [*a]\n",
    "deep flow": b"[" * 100_000,
    "deep blocks": b"\n".join(b" " * depth + b"a:" for depth in range(1500)),
    "no UTF-8": b"a: \xff\xfe\n",
    "tagged object": b"!!python/object/apply:os.system ['true']\n",
    "control characters": b"a: \x01\x02\n",
    "unknown alias": b"a: *nothing\n",
}


@pytest.mark.parametrize("name", YAML_BOMBS)
async def test_yaml_bombs_are_refused_quickly(name):
    async with opened() as door:
        async with (
            asyncio.timeout(8),
            door.http.post(MAPS, data=io.BytesIO(YAML_BOMBS[name]), headers=YAML) as answer,
        ):
            assert answer.status == 400, await answer.text()
            assert (await answer.json())["kind"] == "Status"
        await check_alive(door)


@pytest.mark.parametrize(
    "body",
    [
        b"k8s\0",
        b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\xff\xff\xff\xff\x0f",
        b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x04\x0a\x02\x0a\xff",
        b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Dog",
        b"no magic",
    ],
)
async def test_broken_protobuf_is_refused(body):
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    async with opened() as door:
        async with door.http.post(MAPS, data=body, headers=headers) as answer:
            assert answer.status == 400, await answer.text()
        await check_alive(door)


async def test_a_client_that_sends_its_body_slowly_gets_a_504():
    async with opened(RESTLimits(request_timeout_s=0.2)) as door:
        code, status = status_of(await door.raw(head_of("POST", MAPS, "Content-Length: 100"), b"{"))
        assert (code, status["reason"], status["details"]) == (504, "Timeout", {})
        assert status["message"] == "Timeout: request did not complete within the allotted timeout"
        await check_alive(door)
        async with asyncio.timeout(5):
            await in_flight(door, "mutating", 0)


async def test_a_client_may_ask_for_less_time():
    async with opened() as door:
        path = f"{MAPS}?timeout=100ms"
        assert status_of(await door.raw(head_of("POST", path, "Content-Length: 100"), b"{"))[0] == 504


async def test_more_time_than_the_server_gives_is_not_given():
    async with opened(RESTLimits(request_timeout_s=0.2)) as door:
        for asked in ("1h", "0"):
            path = f"{MAPS}?timeout={asked}"
            assert status_of(await door.raw(head_of("POST", path, "Content-Length: 100"), b"{"))[0] == 504


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("soon", 'time: invalid duration "soon"'),
        ("10", 'time: missing unit in duration "10"'),
        ("1x", 'time: unknown unit "x" in duration "1x"'),
    ],
)
async def test_a_timeout_that_is_no_duration_is_refused(asked, why):
    async with opened() as door, door.http.get(f"{MAPS}?timeout={asked}") as answer:
        assert answer.status == 400
        status = await answer.json()
        assert status["message"] == f"invalid timeout specified in the request URL - {why}"


async def test_a_watch_has_no_deadline():
    async with (
        opened(RESTLimits(request_timeout_s=0.05)) as door,
        door.http.get(f"{MAPS}?watch=1&timeoutSeconds=1") as answer,
    ):
        assert answer.status == 200
        await asyncio.sleep(0.15)
        async with door.http.post(MAPS, json={"metadata": {"name": "late"}}) as made:
            assert made.status == 201
        assert b'"late"' in await answer.content.readline()


async def test_a_head_that_never_ends_is_hung_up_on():
    async with opened(RESTLimits(head_timeout_s=0.2)) as door:
        assert await door.raw(b"GET /version HTTP/1.1\r\nHost: x\r\n") == b""
        assert await door.raw() == b""
        whole = head_of("GET", "/version", "Connection: close")
        assert b"200 OK" in await door.raw(whole[:20], whole[20:], pause_s=0.05)
        await check_alive(door)


async def test_a_kept_connection_may_rest_but_not_begin_a_head_and_stop():
    async with opened(RESTLimits(head_timeout_s=0.2)) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head_of("GET", "/readyz"))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\nok")
        await asyncio.sleep(0.3)
        writer.write(head_of("GET", "/readyz"))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\nok")
        writer.write(b"GET /")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00 hello\r\n\r\n", b"GET\r\n\r\n", head_of("GET", "/version", "no colon")],
)
async def test_what_is_no_http_gets_a_400_in_the_words_of_go(sent):
    async with opened() as door:
        assert await door.raw(sent) == (
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Connection: close\r\n\r\n400 Bad Request"
        )
        await check_alive(door)


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-Long: {'x' * 20_000}"],
        [f"X-{number}: {'x' * 1000}" for number in range(20)],
        [f"X-{number}: x" for number in range(200)],
    ],
    ids=["long", "large together", "many"],
)
async def test_a_head_that_is_too_large_gets_a_431(headers):
    async with opened(RESTLimits(head_bytes_max=10_000, headers_max=100)) as door:
        sent = head_of("GET", "/version", *headers)
        parts = [sent[at : at + 4000] for at in range(0, len(sent), 4000)]
        answer = await door.raw(*parts, pause_s=0.01)
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain")
        assert answer.endswith(b"\r\n\r\n431 Request Header Fields Too Large")
        assert b"aiohttp" not in answer
        await check_alive(door)


async def test_who_sends_a_head_without_end_behind_a_watch_is_hung_up_on():
    async with opened(RESTLimits(head_bytes_max=10_000)) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head_of("GET", f"{MAPS}?watch=1"))
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\n")
        with suppress(ConnectionError):
            for number in range(20):
                writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))
                await writer.drain()
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await check_alive(door)


async def test_a_body_that_comes_in_parts_may_be_larger_than_a_head():
    async with opened(RESTLimits(head_bytes_max=10_000)) as door:
        body = orjson.dumps({"metadata": {"name": "large"}, "data": {"k": "x" * 100_000}})
        parts = [body[at : at + 5000] for at in range(0, len(body), 5000)]
        head = head_of("POST", MAPS, f"Content-Length: {len(body)}", "Connection: close")
        assert (await door.raw(head, *parts, pause_s=0.005)).startswith(b"HTTP/1.1 201 Created")


async def test_heads_may_be_as_large_as_go_takes_them():
    async with opened() as door:
        groups = [f"Impersonate-Group: group-{number}" for number in range(500)]
        sent = head_of("GET", "/version", "Impersonate-User: jane", *groups, f"X-Long: {'x' * 500_000}")
        assert (await door.raw(sent)).startswith(b"HTTP/1.1 200 OK")


async def test_a_slot_is_free_again_when_the_answer_to_a_failure_cannot_be_made(monkeypatch):
    made = responses.failure
    failing = [1]

    def failure(*arguments):
        if failing:
            failing.pop()
            raise TypeError("no such form")
        return made(*arguments)

    monkeypatch.setattr(responses, "failure", failure)
    async with opened() as door:
        async with door.http.get(f"{MAPS}/nothing") as answer:
            assert answer.status == 500
            assert (await answer.json())["reason"] == "InternalError"
        assert not failing
        assert door.rest._app._gate._in_flight.reads == 0
        await check_alive(door)


async def test_numbers_of_thousands_of_digits_are_refused_in_queries():
    async with opened() as door:
        for name in ("limit", "timeoutSeconds"):
            async with door.http.get(f"{MAPS}?{name}={'9' * 5000}") as answer:
                assert answer.status == 400
                assert (await answer.json())["message"].endswith("value out of range")
        async with door.http.get(f"{MAPS}?resourceVersion={'0' * 5000}") as answer:
            assert answer.status == 200


async def test_a_delete_at_the_word_of_another_kind_deletes_nothing():
    async with opened() as door:
        await door.http.post(MAPS, json={"metadata": {"name": "kept"}})
        body = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "kept"}}
        async with door.http.delete(f"{MAPS}/kept", json=body) as answer:
            assert answer.status == 500
            status = await answer.json()
            assert status["message"].startswith('no kind "Pod" is registered for version "v1" in scheme')
        async with door.http.get(f"{MAPS}/kept") as answer:
            assert answer.status == 200


async def test_versions_are_compared_as_numbers_and_must_be_some():
    async with opened() as door:
        async with door.http.post(MAPS, json={"metadata": {"name": "a"}}) as answer:
            version = (await answer.json())["metadata"]["resourceVersion"]
        for given, code in ((f"00{version}", 200), ("0", 200), ("1", 409), ("x", 500), ("-1", 500)):
            body = {"metadata": {"name": "a", "resourceVersion": given}}
            async with door.http.put(f"{MAPS}/a", json=body) as answer:
                assert answer.status == code
                status = await answer.json()
            if code == 500:
                assert status["message"] == f'strconv.ParseUint: parsing "{given}": invalid syntax'
                assert "reason" not in status


async def test_a_target_may_be_a_whole_url():
    async with opened() as door:
        for target in ("http://x:1/readyz", "HTTPS://x/readyz?verbose=", "http://x?a=/b"):
            answer = await door.raw(head_of("GET", target, "Connection: close"))
            assert answer.startswith(b"HTTP/1.1 200 OK")
        await door.raw(head_of("GET", "http://x/api/v1/namespaces/default?pretty=1"))
        assert door.audit[-1]["requestURI"] == "/api/v1/namespaces/default?pretty=1"


async def test_an_answer_that_cannot_be_made_leaves_no_trace_in_what_is_counted(monkeypatch):
    def broken(*_):
        raise ValueError("nothing works today")

    async with opened(RESTLimits(writes_max=1)) as door:
        with monkeypatch.context() as patch:
            patch.setattr(responses, "failure", broken)
            for _ in range(3):
                with suppress(aiohttp.ClientError):
                    await door.http.delete(f"{MAPS}/nowhere", headers=NODE)
        async with door.http.delete(f"{MAPS}/nowhere", headers=NODE) as answer:
            assert answer.status == 404


async def test_patches_that_nest_objects_into_each_other_are_refused_or_kept():
    """Whatever is nested as deeply as a body may be: never a failure of the server."""
    deep = b'{"type":"object","properties":{"a":' * 95 + b'{"type":"object"}' + b"}}" * 95
    async with opened() as door:
        await door.http.post(MAPS, json={"metadata": {"name": "x"}})
        for kind, body in (
            ("merge-patch", b'{"data":' + b'{"a":' * 195 + b"{}" + b"}" * 195 + b"}"),
            ("merge-patch", b'{"data":' + b'{"a":' * 250 + b"{}" + b"}" * 250 + b"}"),
            ("strategic-merge-patch", b'{"data":' + b'{"a":' * 195 + b"{}" + b"}" * 195 + b"}"),
            ("json-patch", b'[{"op":"add","path":"/metadata/annotations","value":' + deep + b"}]"),
            (
                "apply-patch",
                b'{"apiVersion":"v1","kind":"ConfigMap","data":' + b'{"a":' * 195 + b"1" + b"}" * 196,
            ),
        ):
            sent = {"Content-Type": f"application/{kind}+{'yaml' if kind == 'apply-patch' else 'json'}"}
            async with door.http.patch(
                f"{MAPS}/x?fieldManager=me&force=1", data=body, headers=sent
            ) as answer:
                assert answer.status >= 400
                assert "made the API server fail" not in await answer.text()


async def stuck(door, method, path, *headers):
    """A request that stays in flight: its body never comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    lines = (f"{method} {path} HTTP/1.1", "Host: x", "Content-Length: 10", *headers)
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    return reader, writer


async def in_flight(door, kind, count):
    """Wait until so many requests are being served."""
    while True:
        async with door.http.get("/metrics") as answer:
            if (
                f'apiserver_current_inflight_requests{{request_kind="{kind}"}} {count}.0'
                in await answer.text()
            ):
                return


async def test_too_many_writes_get_a_429_and_reads_go_on():
    async with opened(RESTLimits(writes_max=2)) as door, asyncio.timeout(20):
        stopped = [await stuck(door, "POST", MAPS, "Authorization: Bearer node") for _ in range(2)]
        await in_flight(door, "mutating", 2)
        async with door.http.post(MAPS, json={}, headers=NODE) as answer:
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "1"
            assert await answer.text() == "Too many requests, please try again later.\n"
            assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"]
        async with door.http.get(MAPS, headers=NODE) as answer:
            assert answer.status == 200
        async with door.http.post(MAPS, json={"metadata": {"name": "by-a-master"}}) as answer:
            assert answer.status == 201
        for _, writer in stopped:
            writer.close()
        await in_flight(door, "mutating", 0)
        async with door.http.post(MAPS, json={"metadata": {"name": "later"}}, headers=NODE) as answer:
            assert answer.status == 201


async def test_watches_do_not_count_as_in_flight():
    async with (
        opened(RESTLimits(reads_max=1)) as door,
        door.http.get(f"{MAPS}?watch=1", headers=NODE) as one,
        door.http.get(f"{MAPS}?watch=1", headers=NODE) as two,
        door.http.get(MAPS, headers=NODE) as listed,
    ):
        assert [one.status, two.status, listed.status] == [200, 200, 200]


async def test_a_client_that_goes_away_is_no_error_and_leaves_nothing():
    async with opened() as door, asyncio.timeout(10):
        _, writer = await stuck(door, "POST", MAPS, "Authorization: Bearer node")
        await in_flight(door, "mutating", 1)
        writer.close()
        await in_flight(door, "mutating", 0)
        codes = [
            event["responseStatus"]["code"]
            for event in door.audit
            if event["verb"] == "create" and "responseStatus" in event
        ]
        assert codes == [499], door.audit.events


async def test_masters_are_exempt_even_where_no_flow_schema_is_left():
    async with opened(RESTLimits(writes_max=1)) as door:
        schemas = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
        async with door.http.delete(schemas) as answer:
            assert answer.status == 200
        _, writer = await stuck(door, "POST", MAPS, "Authorization: Bearer node")
        await in_flight(door, "mutating", 1)
        async with door.http.post(MAPS, json={}, headers=NODE) as answer:
            assert answer.status == 429
        async with door.http.post(MAPS, json={"metadata": {"name": "by-a-master"}}) as answer:
            assert answer.status == 201
        writer.close()


async def test_unknown_fields_without_end_give_few_warnings():
    async with opened() as door:
        body = {"metadata": {"name": "wide"}, **{f"field{index}": 1 for index in range(5000)}}
        async with door.http.post(MAPS, json=body) as answer:
            assert answer.status == 201
            assert sum(map(len, answer.headers.getall("Warning"))) < 8192


async def test_a_name_that_breaks_headers_does_not_reach_them():
    async with opened() as door:
        body = {"metadata": {"name": "crlf"}, "a\r\nX-Evil: 1\0": 1}
        async with door.http.post(MAPS, json=body) as answer:
            assert answer.status == 201
            assert "X-Evil" not in answer.headers
            assert "Warning" in answer.headers


async def test_a_client_that_waits_to_be_told_is_told_to_send_its_body():
    async with opened() as door:
        body = b'{"metadata":{"name":"patient"}}'
        head = head_of(
            "POST",
            MAPS,
            "Expect: 100-continue",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head)
        async with asyncio.timeout(5):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert b" 201 " in await reader.readline()
        writer.close()


async def test_a_client_that_waits_with_too_much_is_refused_at_once():
    async with opened() as door:
        head = head_of("POST", MAPS, "Expect: 100-continue", f"Content-Length: {4 * MIB}")
        assert status_of(await door.raw(head))[0] == 413


MAP = b'{"metadata":{"name":"bytes"},"data":{"a":"b"}}'


async def test_user_agents_that_are_no_utf8_become_field_managers_that_are():
    async with opened() as door:
        head = head_of(
            "POST", MAPS, f"Content-Length: {len(MAP)}", "User-Agent: tool\udcff/1", "Audit-Id: \udcfe"
        )
        code, made = status_of(await door.raw(head, MAP))
        assert (code, made["metadata"]["managedFields"][0]["manager"]) == (201, "tool\ufffd")
        assert orjson.loads(orjson.dumps(door.audit[-1]))["userAgent"] == "tool\ufffd/1"
        assert door.audit[-1]["auditID"] == "\ufffd"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Impersonate-User: jo\udcff", 403),
        ("Impersonate-Group: \udcff", 400),
        ("Impersonate-Extra-A: \udcff", 400),
        ("Authorization: Bearer \udcff.\udcff.\udcff", 401),
    ],
)
async def test_names_that_are_no_utf8_are_refused_like_others(header, code):
    async with opened() as door:
        head = head_of("GET", MAPS, header)
        if header.startswith("Authorization"):
            head = head.replace(b"Authorization: Bearer secret\r\n", b"")
        found, status = status_of(await door.raw(head))
        assert (found, status["kind"]) == (code, "Status")
        await check_alive(door)
