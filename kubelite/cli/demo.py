"""`kubelite demo`: the backend-service story on a fresh cluster, live, checking itself."""

from __future__ import annotations

import asyncio
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.apierrors import APIError
from kubelite.cli import story
from kubelite.cli.load import Load
from kubelite.cli.logs import configure_logging
from kubelite.cli.screen import Screen, view_cluster
from kubelite.cli.up import start_or_stop, stop_signals
from kubelite.cluster import Cluster

SELECTOR = "tier=backend,app=myapp"
REQUESTS_MIN = 1000
REFRESH_S = 0.1
POLL_S = 0.005
PATIENCE_S = 30.0


@attrs.define
class Story:
    """The steps, in their order; each says what it saw and whether it held."""

    cluster: Cluster
    screen: Screen
    failed: int = 0

    def check(self, text: str, held: object) -> None:
        """Shows one fact."""
        self.screen.fact(text, held=bool(held))
        self.failed += not held

    async def backends(self) -> list[dict[str, Any]]:
        """The backend pods which are not being deleted."""
        pods = await self.cluster.get("pods", selector=SELECTOR)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    async def names(self) -> set[str]:
        """Their names."""
        return {pod["metadata"]["name"] for pod in await self.backends()}

    async def deploy(self) -> None:
        """A ReplicationController keeps two pods alive."""
        self.screen.heading("A ReplicationController keeps two backend pods alive")
        began = self.cluster.clock.monotonic()
        await self.cluster.apply(story.MANIFEST)
        await self.cluster.wait_for("rc/backend", "ready")
        await self.cluster.wait_for("pod/frontend", "ready")
        await self.cluster.wait_for("svc/backend-service", "ready")
        took_ms = (self.cluster.clock.monotonic() - began) * 1000
        pods = await self.backends()
        labels = {tuple(sorted(pod["metadata"]["labels"].items())) for pod in pods}
        self.check(f"rc/backend has {len(pods)} pods ready after {took_ms:.0f} ms", len(pods) == 2)
        self.check(
            f"all carry the labels {SELECTOR}", labels == {tuple(sorted(story.BACKEND_LABELS.items()))}
        )

    async def discover(self) -> None:
        """A Service gives them a name."""
        self.screen.heading("A Service gives them one name, which the frontend pod looks up")
        service = await self.cluster.get("svc", "backend-service")
        addresses = await self.cluster.resolve("backend-service", pod="frontend")
        cluster_ip = service["spec"]["clusterIP"]
        self.check(
            f"in pod/frontend the name backend-service resolves to {', '.join(addresses)}",
            addresses == [cluster_ip],
        )
        pod = await self.cluster.get("pod", "frontend")
        async with self.cluster.http() as http, http.get(f"http://{pod['status']['podIP']}:8000/") as answer:
            text = await answer.text()
        self.check(f"and its own program, which knows only that name, serves “{text}”", answer.status == 200)

    async def balance(self) -> None:
        """Requests reach both pods."""
        self.screen.heading("kube-proxy spreads its requests over both pods")
        async with Load(self.cluster, "http://backend-service/", "frontend") as load:
            await load.until_begun(200)
        counts = load.counts()
        shown = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        self.check(
            f"{len(load.outcomes)} requests to http://backend-service/: {shown}",
            set(counts) == await self.names(),
        )
        self.check(f"{len(load.failures())} of them failed", not load.failures())

    async def kill(self, *, graceful: bool) -> None:
        """A pod dies under load; its replacement takes over."""
        manner = "gracefully" if graceful else "without grace"
        self.screen.heading(f"A backend pod is deleted {manner}, under load")
        before = await self.names()
        victim = min(before)
        async with Load(self.cluster, "http://backend-service/", "frontend") as load:
            await load.until_begun(50)
            began, before_count = self.cluster.clock.monotonic(), load.begun
            await self.cluster.delete("pod", victim, grace_period_s=None if graceful else 0)
            await self._healed(before, victim)
            healed = self.cluster.clock.monotonic()
            await load.until_begun(max(before_count, 0 if graceful else load.begun) + REQUESTS_MIN)
        after = await self.names()
        self.check(
            f"{victim} gave way to {', '.join(sorted(after - before))}, ready after {healed - began:.2f} s",
            len(after) == len(before) and victim not in after,
        )
        since = began if graceful else healed
        failures = load.failures(since_s=since)
        counted = sum(each.began_s >= since for each in load.outcomes)
        span = "since the deletion" if graceful else "after the replacement was ready"
        self.check(f"{len(failures)} of {counted} requests begun {span} failed", not failures and counted > 0)
        for each in failures[:3]:
            self.screen.say(f"      {each.error}")

    async def _healed(self, before: set[str], victim: str) -> None:
        def replaced(pods: list[dict[str, Any]]) -> bool:
            ready = {pod["metadata"]["name"] for pod in pods if podutil.is_ready(pod)}
            return len(ready) == len(before) and victim not in ready

        await self._until(replaced)

    async def _until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Waits until the backends meet a condition."""
        async with self.cluster.clock.timeout(PATIENCE_S):
            while not condition(await self.backends()):
                await self.cluster.clock.sleep(POLL_S)

    async def scale(self) -> None:
        """Five pods instead of two."""
        self.screen.heading("The ReplicationController is scaled to five")
        await self.cluster.scale("rc/backend", 5)
        await self.cluster.wait_for("rc/backend", "ready")
        names = await self.names()
        async with Load(self.cluster, "http://backend-service/", "frontend") as load:
            await load.until_begun(400)
        self.check(f"rc/backend has {len(names)} pods ready", len(names) == 5)
        self.check(f"requests reach {len(load.counts())} of them", set(load.counts()) == names)

    async def expose(self) -> None:
        """A client outside of the cluster gets in."""
        self.screen.heading(
            f"A LoadBalancer lets clients outside of the cluster in, on port {story.LOAD_BALANCER_PORT}"
        )
        await self.cluster.apply(story.LOAD_BALANCER)
        await self.cluster.wait_for("svc/backend-public", "ready")
        service = await self.cluster.get("svc", "backend-public")
        address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
        url = f"http://{address}:{story.LOAD_BALANCER_PORT}/"
        # A plain blocking client on a thread: it knows nothing of the cluster, only the address.
        answers = await asyncio.to_thread(lambda: Counter(_fetch(url) for _ in range(40)))
        self.check(
            f"{url} answered {sum(answers.values())} requests from {len(answers)} pods",
            set(answers) == await self.names(),
        )

    async def lose_node(self) -> None:
        """A node fails; its pods move."""
        self.screen.heading(
            f"A node loses its power (not ready after {story.NODE_MONITOR_GRACE_S:g} s of silence, "
            f"then pods tolerate it for {story.TOLERATION_S} s)"
        )
        pods = await self.backends()
        frontend = await self.cluster.get("pod", "frontend")
        count = Counter(pod["spec"]["nodeName"] for pod in pods)
        node = next(name for name, _ in count.most_common() if name != frontend["spec"]["nodeName"])
        moving = {pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == node}
        began = self.cluster.clock.monotonic()
        await self.cluster.fail_node(node)
        await self.cluster.wait_for(f"node/{node}", "condition=Ready=Unknown")
        noticed = self.cluster.clock.monotonic() - began
        self.check(f"{node} is not ready after {noticed:.1f} s", noticed < 2 * story.NODE_MONITOR_GRACE_S)

        def moved_away(pods: list[dict[str, Any]]) -> bool:
            return len(pods) == 5 and all(
                podutil.is_ready(pod) and pod["spec"].get("nodeName") != node for pod in pods
            )

        await self._until(moved_away)
        await self.cluster.wait_for("svc/backend-service", "ready")
        moved = self.cluster.clock.monotonic() - began
        after = await self.backends()
        elsewhere = Counter(pod["spec"]["nodeName"] for pod in after)
        where = ", ".join(f"{name} {number}" for name, number in sorted(elsewhere.items()))
        self.check(
            f"its {len(moving)} pods were replaced elsewhere after {moved:.1f} s: {where}",
            node not in elsewhere,
        )
        async with Load(self.cluster, "http://backend-service/", "frontend") as load:
            await load.until_begun(200)
        self.check(f"{len(load.failures())} of {load.begun} requests failed afterwards", not load.failures())
        await self.cluster.recover_node(node)
        await self.cluster.wait_for(f"node/{node}", "ready")
        self.check(f"{node} is ready again after a reboot", held=True)

    async def clean_up(self) -> None:
        """Everything goes."""
        self.screen.heading("Everything is cleaned up")
        for kind, name in (
            ("svc", "backend-public"),
            ("svc", "backend-service"),
            ("rc", "backend"),
            ("pod", "frontend"),
        ):
            await self.cluster.delete(kind, name, propagation_policy="Background")
        for name in ("rc/backend", "pod/frontend"):
            await self.cluster.wait_for(name, "deleted")
        await self.cluster.wait_for("pods", "deleted")
        pods = await self.cluster.get("pods")
        self.check(f"{len(pods)} pods are left", not pods)


def _fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the URL is the demo's own
        return str(answer.read().decode())


@asynccontextmanager
async def _picture(cluster: Cluster, screen: Screen) -> AsyncIterator[None]:
    """Keeps the picture up to date meanwhile."""

    async def refresh() -> None:
        while True:
            views = view_cluster(await cluster.get("nodes"), await cluster.get("pods"))
            screen.show(views, f"{cluster.url}   {cluster.clock.monotonic():.1f} s")
            await cluster.clock.sleep(REFRESH_S)

    task = asyncio.ensure_future(refresh()) if screen.live else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        screen.close()


async def _tell(screen: Screen, seed: int | None) -> int:
    async with stop_signals() as stopped:
        cluster = Cluster(nodes=3, seed=seed, node_monitor_grace_s=story.NODE_MONITOR_GRACE_S)
        cluster.images["shop/backend:1"] = story.backend
        cluster.images["shop/frontend:1"] = story.frontend
        screen.say("Starting a cluster: a control plane, three nodes, DNS")
        loop = asyncio.get_running_loop()
        began = loop.time()
        if not await start_or_stop(cluster, stopped):
            return 130
        tale = Story(cluster, screen)
        telling = asyncio.ensure_future(_chapters(tale, (loop.time() - began) * 1000))
        interrupted = asyncio.ensure_future(stopped.wait())
        try:
            await asyncio.wait({telling, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if not telling.done():
                telling.cancel()
                await asyncio.wait({telling})
                return 130
            telling.result()
        except (TimeoutError, APIError) as error:
            screen.fact(str(error) or "a step took too long", held=False)
            tale.failed += 1
        finally:
            interrupted.cancel()
            await cluster.stop()
        screen.say(f"\n{'Every step held.' if not tale.failed else f'{tale.failed} steps did not hold.'}")
        return int(tale.failed > 0)


async def _chapters(tale: Story, started_ms: float) -> None:
    tale.check(f"{len(await tale.cluster.get('nodes'))} nodes are ready after {started_ms:.0f} ms", held=True)
    chapters: tuple[Callable[[], Any], ...] = (
        tale.deploy,
        tale.discover,
        tale.balance,
        lambda: tale.kill(graceful=True),
        lambda: tale.kill(graceful=False),
        tale.scale,
        tale.expose,
        tale.lose_node,
        tale.clean_up,
    )
    async with _picture(tale.cluster, tale.screen):
        for chapter in chapters:
            await chapter()


def demo(*, plain: bool, seed: int | None) -> int:
    """Runs `kubelite demo`; 0 if every step held, 1 if not, 130 if it was interrupted."""
    configure_logging("error")
    return asyncio.run(_tell(Screen(live=not plain), seed))
