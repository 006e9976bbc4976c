"""What the demo shows: facts as lines, and on a terminal a picture of nodes and pods, kept up to date."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

import attrs

from kubelite.api import conditions, podutil

_RESET, _DIM, _GREEN, _RED, _YELLOW, _BOLD = (
    "\x1b[0m",
    "\x1b[2m",
    "\x1b[32m",
    "\x1b[31m",
    "\x1b[33m",
    "\x1b[1m",
)
_BOX_WIDTH = 30


@attrs.frozen
class PodView:
    """A pod as the picture shows it: its name, and one of `ready`, `starting`, `stopping`, `lost`."""

    name: str
    state: str


@attrs.frozen
class NodeView:
    """A node as the picture shows it."""

    name: str
    ready: bool
    pods: tuple[PodView, ...]


def view_cluster(nodes: Sequence[dict[str, Any]], pods: Sequence[dict[str, Any]]) -> list[NodeView]:
    """What there is to see of Nodes and Pods, by node name."""
    views = []
    for node in sorted(nodes, key=lambda each: each["metadata"]["name"]):
        name, ready = node["metadata"]["name"], conditions.is_condition_true(node, "Ready")
        here = [pod for pod in pods if pod["spec"].get("nodeName") == name]
        shown = [PodView(pod["metadata"]["name"], _state(pod, node_ready=ready)) for pod in here]
        views.append(NodeView(name, ready, tuple(sorted(shown, key=lambda each: each.name))))
    return views


def _state(pod: dict[str, Any], *, node_ready: bool) -> str:
    if not node_ready:
        return "lost"
    if "deletionTimestamp" in pod["metadata"]:
        return "stopping"
    return "ready" if podutil.is_ready(pod) else "starting"


def draw(views: Sequence[NodeView], *, width: int, colours: bool) -> list[str]:
    """The picture: a box for each node, side by side as far as they fit."""
    marks = {"ready": ("●", _GREEN), "starting": ("○", _YELLOW), "stopping": ("◌", _DIM), "lost": ("✗", _RED)}
    height = max((len(view.pods) for view in views), default=0)
    boxes = []
    for view in views:
        title = f" {view.name}{'' if view.ready else ' (not ready)'} "
        box = ["┌" + title.ljust(_BOX_WIDTH - 2, "─") + "┐"]
        for pod in view.pods:
            mark, colour = marks[pod.state]
            text = f" {mark} {pod.name[: _BOX_WIDTH - 17]:{_BOX_WIDTH - 17}} {pod.state:9}".ljust(
                _BOX_WIDTH - 2
            )
            box.append("│" + (f"{colour}{text}{_RESET}" if colours else text) + "│")
        box += ["│" + " " * (_BOX_WIDTH - 2) + "│"] * (height - len(view.pods))
        boxes.append([*box, "└" + "─" * (_BOX_WIDTH - 2) + "┘"])
    across = max(1, width // (_BOX_WIDTH + 1))
    lines = []
    for at in range(0, len(boxes), across):
        lines += [" ".join(parts) for parts in zip(*boxes[at : at + across], strict=True)]
    return lines


class Screen:
    """Writes facts as lines; on a terminal keeps the picture below them."""

    def __init__(self, *, live: bool) -> None:
        self._live = live and sys.stdout.isatty()
        self._drawn = 0

    @property
    def live(self) -> bool:
        """Whether there is a picture."""
        return self._live

    def _erase(self) -> None:
        if self._drawn:
            sys.stdout.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0

    def say(self, text: str) -> None:
        """One line of progress."""
        self._erase()
        print(text, flush=True)

    def fact(self, text: str, *, held: bool) -> None:
        """One line for one fact, with the figure seen, and whether it held."""
        mark = "✓" if held else "✗"
        if self._live:
            mark = f"{_GREEN if held else _RED}{mark}{_RESET}"
        self.say(f"  {mark} {text}")

    def heading(self, text: str) -> None:
        """The next part of the story."""
        self.say(f"\n{_BOLD}{text}{_RESET}" if self._live else f"\n{text}")

    def show(self, views: Sequence[NodeView], note: str = "") -> None:
        """Draws the picture anew."""
        if not self._live:
            return
        self._erase()
        lines = [
            *draw(views, width=shutil.get_terminal_size().columns, colours=True),
            f"{_DIM}{note}{_RESET}",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        self._drawn = len(lines)

    def close(self) -> None:
        """Takes the picture away."""
        self._erase()
