"""What a kubelet tells of itself and of its pods: their list, what they use, its settings, its files.

Source: pkg/kubelet/server/server.go, pkg/kubelet/server/stats/handler.go.
"""

from __future__ import annotations

import html
import posixpath
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import orjson
from aiohttp import web

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.node import nodemetrics
from kubelite.node.config import VERSION
from kubelite.node.configz import kubelet_configuration
from kubelite.node.exposition import CONTENT_TYPE, Family, exposition
from kubelite.node.machine import Machine
from kubelite.node.nodeobject import capacity
from kubelite.node.podworker import PodWorker
from kubelite.node.summary import summary
from kubelite.node.usage import UsageMeter

LOGS: Final = "/var/log"
_SEEN: Final = "kubernetes.io/config.seen"
_SOURCE: Final = "kubernetes.io/config.source"
_NOT_FOUND: Final = "404 page not found\n"
_DIRECTORY_HEAD: Final = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n'


class Pages:
    """Answers what only reads, of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._meter = UsageMeter(machine.usage)

    def answer(self, request: web.BaseRequest) -> web.Response:
        """The page that is asked for."""
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, text="405: Method Not Allowed")
        workers = list(self._machine.workers.values())
        now = self._machine.clock.now()
        match request.path.strip("/").split("/"):
            case ["pods"]:
                return _json(_pod_list(map(_as_seen, workers)))
            case ["runningpods"]:
                return _json(_pod_list(_as_run(each) for each in workers if _running(each)))
            case ["stats", "summary"]:
                short = request.query.get("only_cpu_and_memory") == "true"
                return _json(self._summary(workers, now, only_cpu_and_memory=short))
            case ["configz"]:
                configuration = kubelet_configuration(self._machine.config, self._machine.address)
                return _json({"kubeletconfig": configuration})
            case ["metrics"]:
                return _text(nodemetrics.of_kubelet(self._machine.name, VERSION, workers))
            case ["metrics", "resource"]:
                return _text(nodemetrics.of_resources(self._meter.read(workers, now), now))
            case ["metrics", "cadvisor"]:
                pods, has = self._meter.read(workers, now), capacity(self._machine.config)
                return _text(nodemetrics.of_cadvisor(has, VERSION, pods, now))
            case ["metrics", "probes"]:
                return _text(nodemetrics.of_probes(workers))
            case ["logs", *path]:
                return self._file("/".join(path), listed=request.path.endswith("/"))
            case _:
                return web.Response(status=404, text=_NOT_FOUND)

    def _summary(self, workers: list[PodWorker], now: float, *, only_cpu_and_memory: bool) -> Object:
        machine = self._machine
        pods = [(pod, pod.worker.held()) for pod in self._meter.read(workers, now)]
        return summary(
            machine.name,
            capacity(machine.config),
            machine.booted_at,
            pods,
            now,
            only_cpu_and_memory=only_cpu_and_memory,
        )

    def _file(self, path: str, *, listed: bool) -> web.Response:
        """A file under `/var/log`, or what is in a directory there."""
        files, place = self._machine.files, posixpath.normpath(f"{LOGS}/{path}")
        inside = place == LOGS or place.startswith(f"{LOGS}/")
        if inside and files.is_dir(place):
            if not listed:
                headers = {"Location": f"{posixpath.basename(place)}/" if path else "logs/"}
                return web.Response(status=301, headers=headers)
            return web.Response(text=self._directory(place), content_type="text/html")
        if inside and not listed and files.is_file(place):
            return web.Response(body=files.read(place), content_type="text/plain", charset="utf-8")
        return web.Response(status=404, text=_NOT_FOUND)

    def _directory(self, place: str) -> str:
        files, lines = self._machine.files, []
        for name in sorted(files.list(place)):
            shown = f"{name}/" if files.is_dir(f"{place}/{name}") else name
            lines.append(f'<a href="{quote(shown)}">{html.escape(shown)}</a>\n')
        return f"{_DIRECTORY_HEAD}{''.join(lines)}</pre>\n"


def _json(obj: Object) -> web.Response:
    return web.Response(body=orjson.dumps(obj), content_type="application/json")


def _text(families: Iterable[Family]) -> web.Response:
    return web.Response(body=exposition(families).encode(), headers={"Content-Type": CONTENT_TYPE})


def _pod_list(pods: Iterable[Object]) -> Object:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": list(pods) or None}


def _as_seen(worker: PodWorker) -> Object:
    """A pod as its kubelet has it, and since when."""
    pod = {key: value for key, value in worker.base.items() if key not in {"kind", "apiVersion"}}
    annotations = pod["metadata"].get("annotations") or {}
    marks = {_SEEN: format_time(worker.state.start_time), _SOURCE: "api"}
    return {**pod, "metadata": {**pod["metadata"], "annotations": {**annotations, **marks}}}


def _running(worker: PodWorker) -> list[Object]:
    """The containers of a pod that run, as the runtime knows them."""
    running = [each for each in worker.state.containers.values() if each.alive]
    return [{"name": each.spec.name, "image": each.spec.image, "resources": {}} for each in running]


def _as_run(worker: PodWorker) -> Object:
    """A pod as the runtime knows it."""
    metadata = worker.base["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace", "uid")}
    return {"metadata": kept, "spec": {"containers": _running(worker)}, "status": {}}
