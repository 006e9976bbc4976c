"""Lists and watches through the API server: pages, versions, selectors, the ends of watches."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.api.resources import CONFIGMAPS, PODS, REPLICATIONCONTROLLERS, SECRETS
from kubelite.apimachinery.apierrors import BadRequest, Expired, Forbidden, Invalid, NotFound, Timeout
from kubelite.client.requests import ADMIN, Get, List, Watch
from kubelite.master.apiserver.config import APIServerConfig
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def secret(name, **metadata):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, **metadata}}


async def seven(client):
    for number in range(1, 8):
        await client.create(SECRETS, secret(f"s{number}", labels={"odd": str(number)}), "default")


def names(listing):
    return [each["metadata"]["name"] for each in listing.items]


async def test_pages_are_of_one_snapshot(client):
    await seven(client)
    first = await client.list(SECRETS, "default", limit=3)
    assert (names(first), first.remaining) == (["s1", "s2", "s3"], 4)
    await client.delete(SECRETS, "s5", "default")
    second = await client.list(SECRETS, "default", limit=3, continue_=first.continue_)
    assert (names(second), second.remaining) == (["s4", "s5", "s6"], 1)
    last = await client.list(SECRETS, "default", limit=3, continue_=second.continue_)
    assert (names(last), last.remaining, last.continue_) == (["s7"], None, "")
    assert first.resource_version == second.resource_version == last.resource_version
    assert names(await client.list(SECRETS, "default")) == ["s1", "s2", "s3", "s4", "s6", "s7"]


async def test_pages_of_a_selection_do_not_count_what_remains(client):
    await seven(client)
    page = await client.list(SECRETS, "default", limit=2, label_selector="odd")
    assert page.continue_
    assert page.remaining is None
    assert (await client.list(SECRETS, "default", limit=7)).continue_ == ""
    assert len((await client.list(SECRETS, "default", limit=2, resource_version="0")).items) == 7


async def test_a_full_page_of_a_selector_goes_on_while_any_object_comes_behind_it(client):
    """The store stops to look when the page is full; what comes then may be nothing."""
    for name, label in (("a", "x"), ("b", "x"), ("c", "y")):
        await client.create(SECRETS, secret(name, labels={"l": label}), "default")
    selected = {"label_selector": "l=x", "limit": 2}
    page = await client.list(SECRETS, "default", **selected)
    assert names(page) == ["a", "b"]
    assert page.continue_
    await client.delete(SECRETS, "c", "default")  # the snapshot has it
    rest = await client.list(SECRETS, "default", **selected, continue_=page.continue_)
    assert (names(rest), rest.continue_) == ([], "")
    past = await client.list(SECRETS, "default", **selected, resource_version=page.resource_version)
    assert past.continue_
    assert (await client.list(SECRETS, "default", **selected)).continue_ == ""
    assert (await client.list(SECRETS, "default", limit=1, field_selector="metadata.name=a")).continue_ == ""
    await client.create(SECRETS, secret("z"), "kube-system")
    assert (await client.list(SECRETS, "default", **selected)).continue_ == ""
    assert (await client.list(SECRETS, "", **selected)).continue_


async def test_continue_tokens_that_are_made_up_or_used_wrongly(client):
    await seven(client)
    page = await client.list(SECRETS, "default", limit=3)
    with pytest.raises(BadRequest, match="continue key is not valid"):
        await client.list(SECRETS, "default", continue_="made-up")
    with pytest.raises(BadRequest, match="specifying resource version is not allowed when using continue"):
        await client.list(SECRETS, "default", continue_=page.continue_, resource_version="5")


async def test_expired_continue_goes_on_with_another_token():
    async with api_server(config=APIServerConfig(compaction_interval_s=20)) as client:
        for name in "abc":
            await client.create(SECRETS, secret(name), "default")
        page = await client.list(SECRETS, "default", limit=1)
        await client.create(SECRETS, secret("d"), "default")
        await client.clock.sleep(50)
        with pytest.raises(Expired) as refused:
            await client.list(SECRETS, "default", limit=1, continue_=page.continue_)
        assert refused.value.message.startswith("The provided continue parameter is too old")
        token = refused.value.status()["metadata"]["continue"]
        rest = await client.list(SECRETS, "default", limit=1, continue_=token)
        assert (names(rest), rest.remaining) == (["b"], 2)


async def test_versions_of_the_past_and_of_the_future(client):
    await client.create(SECRETS, secret("a"), "default")
    version = str(client.store.revision)
    await client.create(SECRETS, secret("b"), "default")
    exact = await client.list(SECRETS, "default", resource_version=version, resource_version_match="Exact")
    assert names(exact) == ["a"]
    newer = await client.list(SECRETS, "default", resource_version=version)
    assert names(newer) == ["a", "b"]
    paged = await client.list(SECRETS, "default", resource_version=version, limit=5)
    assert names(paged) == ["a"]
    began = client.clock.now()
    with pytest.raises(Timeout) as refused:
        await client.list(SECRETS, "default", resource_version="1000")
    assert client.clock.now() == pytest.approx(began + 3, abs=0.1)
    assert refused.value.message == f"Too large resource version: 1000, current: {client.store.revision}"
    assert refused.value.details["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_read_of_the_future_answers_as_soon_as_it_is_there(client):
    await client.create(SECRETS, secret("a"), "default")
    ref = client.system.ref("apiserver")
    version = str(client.store.revision + 1)
    question = Get(user=ADMIN, resource=SECRETS, namespace="default", name="a", resource_version=version).ask(
        ref
    )
    await client.patch(SECRETS, "a", {"metadata": {"labels": {"x": "y"}}}, "default")
    assert (await question).object["metadata"]["labels"] == {"x": "y"}


async def test_what_is_not_there_when_the_future_comes_is_not_found(client):
    ref = client.system.ref("apiserver")
    version = str(client.store.revision + 1)
    question = Get(user=ADMIN, resource=SECRETS, namespace="default", name="no", resource_version=version)
    waiting = asyncio.ensure_future(question.ask(ref))
    await client.clock.sleep(0.1)
    await client.create(SECRETS, secret("other"), "default")
    with pytest.raises(NotFound):
        await waiting
    assert names(await client.list(SECRETS, "default")) == ["other"]


async def test_forgotten_version(client):
    await seven(client)
    client.store.compact(client.store.revision)
    await client.create(SECRETS, secret("new"), "default")
    for how in ({"resource_version_match": "Exact"}, {"limit": 1}):
        with pytest.raises(Expired, match="^The resourceVersion for the provided list is too old.$"):
            await client.list(SECRETS, "default", resource_version="1", **how)
    watcher = await client.watch(SECRETS, resource_version="1")
    (event,) = watcher.take()
    assert watcher.ended
    assert (event.type, event.object["code"], event.object["reason"]) == ("ERROR", 410, "Expired")
    assert event.object["message"].startswith("too old resource version: 1 (")


async def test_version_match_needs_a_version(client):
    request = List(user=ADMIN, resource=SECRETS, resource_version_match="Exact")
    with pytest.raises(Invalid, match="resourceVersionMatch is forbidden unless resourceVersion is provided"):
        await request.ask(client.system.ref("apiserver"))


async def test_field_selectors_by_kind(client):
    await client.create(PODS, make_pod("a"), "default")
    await client.create(PODS, make_pod("b"), "default")
    for selector, found in (
        ("metadata.name=a", ["a"]),
        ("metadata.name!=a", ["b"]),
        ("spec.nodeName=", ["a", "b"]),
        ("status.phase=Pending,metadata.namespace=default", ["a", "b"]),
        ("metadata.name=a,metadata.name=b", []),
        ("metadata.namespace=other", []),
    ):
        assert names(await client.list(PODS, field_selector=selector)) == found, selector
        assert names(await client.list(PODS, "default", field_selector=selector)) == found, selector
    await client.list(REPLICATIONCONTROLLERS, field_selector="status.replicas=1")
    with pytest.raises(BadRequest) as refused:
        await client.list(CONFIGMAPS, field_selector="status.replicas=1")
    assert refused.value.message == (
        '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


async def test_a_field_selector_cannot_lead_out_of_the_namespace(client):
    for namespace in ("default", "kube-system"):
        await client.create(SECRETS, secret("s"), namespace)
    other = {"field_selector": "metadata.namespace=kube-system"}
    assert names(await client.list(SECRETS, "default", **other)) == []
    assert [each["metadata"]["namespace"] for each in (await client.list(SECRETS, "", **other)).items] == [
        "kube-system"
    ]
    watcher = await client.watch(SECRETS, "default", **other)
    await client.create(SECRETS, secret("t"), "kube-system")
    assert watcher.take() == []


async def test_watch_without_a_version_or_from_0_begins_with_what_exists(client):
    await client.create(SECRETS, secret("a"), "default")
    for version in ("", "0"):
        watcher = await client.watch(SECRETS, "default", resource_version=version)
        assert [(event.type, event.object["metadata"]["name"]) for event in watcher.take()] == [
            ("ADDED", "a")
        ]
    silent = Watch(
        user=ADMIN,
        resource=SECRETS,
        resource_version="0",
        send_initial_events=False,
        resource_version_match="NotOlderThan",
    )
    assert (await silent.ask(client.system.ref("apiserver"))).take() == []


async def test_label_selectors_use_an_index_and_follow_writes(client):
    await seven(client)
    assert names(await client.list(SECRETS, label_selector="odd=3")) == ["s3"]
    await client.patch(SECRETS, "s3", {"metadata": {"labels": {"odd": "4"}}}, "default")
    assert names(await client.list(SECRETS, label_selector="odd=4")) == ["s3", "s4"]
    await client.delete(SECRETS, "s4", "default")
    assert names(await client.list(SECRETS, label_selector="odd=4,odd!=5")) == ["s3"]
    assert names(await client.list(SECRETS, "kube-system", label_selector="odd=4")) == []
    with pytest.raises(BadRequest, match="found '=', expected: ',' or 'end of string'"):
        await client.list(SECRETS, label_selector="a=b=c")


async def test_watch_ends_at_its_time_after_a_last_bookmark(client):
    ref = client.system.ref("apiserver")
    watcher = await Watch(user=ADMIN, resource=SECRETS, bookmarks=True, timeout_s=30).ask(ref)
    events = [event async for event in watcher]
    assert [event.type for event in events] == ["BOOKMARK"]
    assert client.clock.now() % 60 == pytest.approx(30, abs=0.1)


async def test_a_watch_that_has_not_begun_gets_no_bookmark_that_leads_back():
    async with api_server() as client:
        here = int((await client.list(SECRETS, "default")).resource_version)
        watcher = await client.watch(
            SECRETS, "default", resource_version=str(here + 100), bookmarks=True, timeout_s=30
        )
        await client.clock.sleep(40)
        assert watcher.take() == []
        assert watcher.ended


async def test_bookmarks_come_every_minute(client):
    watcher = await client.watch(SECRETS, resource_version=str(client.store.revision))
    quiet = await client.watch(SECRETS, resource_version=str(client.store.revision), bookmarks=False)
    await client.clock.sleep(125)
    assert [event.type for event in watcher.take()] == ["BOOKMARK", "BOOKMARK"]
    assert quiet.take() == []


async def test_watch_list(client):
    await seven(client)
    watcher = await client.watch(SECRETS, "default", send_initial_events=True)
    events = watcher.take()
    assert [event.type for event in events] == ["ADDED"] * 7 + ["BOOKMARK"]
    later = await client.watch(SECRETS, "default", send_initial_events=False)
    assert later.take() == []
    await client.delete(SECRETS, "s1", "default")
    assert [event.type for event in later.take()] == ["DELETED"]
    with pytest.raises(Invalid, match="sendInitialEvents requires setting resourceVersionMatch"):
        await Watch(user=ADMIN, resource=SECRETS, send_initial_events=True).ask(
            client.system.ref("apiserver")
        )


async def test_compaction_leaves_the_last_interval(client):
    await client.create(SECRETS, secret("a"), "default")
    version = str(client.store.revision)
    await client.clock.sleep(290)
    await client.create(SECRETS, secret("b"), "default")
    await client.clock.sleep(20)
    recent = str(client.store.revision)
    await client.create(SECRETS, secret("c"), "default")
    await client.clock.sleep(300)
    assert (await client.watch(SECRETS, resource_version=version)).ended
    (event,) = (await client.watch(SECRETS, resource_version=recent)).take()
    assert event.object["metadata"]["name"] == "c"


async def test_list_of_an_absent_namespace_is_empty(client):
    assert (await client.list(CONFIGMAPS, "none")).items == []


async def test_masters_only():
    async with api_server() as client:
        from kubelite.client.requests import ANONYMOUS

        with pytest.raises(Forbidden):
            await client.as_user(ANONYMOUS).watch(PODS)


async def test_what_was_before_the_start_is_forgotten(client):
    assert (await client.watch(SECRETS, resource_version="1")).ended
    with pytest.raises(Expired):
        await client.list(SECRETS, resource_version="1", resource_version_match="Exact")
    assert (await client.list(SECRETS, resource_version="1")).items == []
