"""The grammar of the command line.

Wrong options and files get one line that says what and how to fix it, and exit status 2.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

EXIT_USAGE = 2
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class UsageError(Exception):
    """What the user asked for cannot be done as written; the text says why and what to do instead."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _CommandParser(_Parser):
    """What a command does not know is its own complaint, with the option that may be meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [name for action in self._actions for name in action.option_strings]
            near = difflib.get_close_matches(unknown[0].partition("=")[0], options, 1, cutoff=0.7)
            hint = f"; is {near[0]} meant?" if near else ""
            self.error(f"there is no {' '.join(unknown)}{hint}")
        return found, unknown


def parse_duration(text: str) -> float:
    """`20s`, `1m30s`, `500ms` or a plain number of seconds, in seconds.

    Raises:
        argparse.ArgumentTypeError: The text is no duration.
    """
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part.group(0) for part in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write it as 20s, 1m30s or 500ms")
    seconds = sum(float(part.group(1)) * _UNITS_S[part.group(2) or "s"] for part in parts)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be longer than 0")
    return seconds


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1")
    return number


def _bound(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 0 for no bound")
    return number


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number") from None


def _port(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} must be a port from 0 (any free one) to 65535")
    return number


def parse_feature_gates(text: str) -> dict[str, bool]:
    """`Name=true,Other=false`, as Kubernetes' own commands take it.

    Raises:
        argparse.ArgumentTypeError: The text is no such list.
    """
    gates: dict[str, bool] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if not name or value.lower() not in {"true", "false"}:
            raise argparse.ArgumentTypeError(f"{part!r} is no feature gate: write it as NAME=true")
        gates[name] = value.lower() == "true"
    return gates


def _cluster_options(parser: argparse.ArgumentParser, nodes: int, *, system_pods: bool = True) -> None:
    group = parser.add_argument_group("the cluster")
    group.add_argument(
        "--nodes", type=_count, default=nodes, metavar="N", help="number of nodes (default: %(default)s)"
    )
    group.add_argument(
        "--host", default="127.0.0.1", metavar="H", help="address of the API server (default: %(default)s)"
    )
    group.add_argument(
        "--port", type=_port, default=0, metavar="P", help="port of the API server (default: a free one)"
    )
    group.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="write the kubeconfig here (default: a temporary file)",
    )
    group.add_argument("--plain-http", action="store_true", help="HTTP without TLS; loopback only")
    group.add_argument(
        "--seed", type=_seed, metavar="S", help="seed of the cluster's random choices (default: a new one)"
    )
    group.add_argument("--node-monitor-grace", type=parse_duration, default=50.0, metavar="TIME",
                       help="silence after which a node is not ready (default: 50s)")  # fmt: skip
    group.add_argument("--compaction-interval", type=parse_duration, default=300.0, metavar="TIME",
                       help="how often old resource versions are compacted (default: 5m)")  # fmt: skip
    group.add_argument("--storage-class", action="store_true",
                       help="with a default StorageClass `standard`")  # fmt: skip
    group.add_argument("--any-image", action="store_true",
                       help="pods whose image is not known run a stand-in")  # fmt: skip
    group.add_argument("--system-pods", action=argparse.BooleanOptionalAction, default=system_pods,
                       help="show the control plane as pods in kube-system")  # fmt: skip
    group.add_argument("--feature-gates", type=parse_feature_gates, default={}, metavar="NAME=BOOL,…",
                       help="features to turn on or off, by Kubernetes' names")  # fmt: skip
    group.add_argument("--scheduler-config", type=Path, metavar="FILE",
                       help="a KubeSchedulerConfiguration: profiles of the scheduler")  # fmt: skip
    group.add_argument("--max-requests-inflight", type=_bound, default=400, metavar="N",
                       help="reads served at once, 0: no bound (default: %(default)s)")  # fmt: skip
    group.add_argument("--max-mutating-requests-inflight", type=_bound, default=200, metavar="N",
                       help="the same for writes (default: %(default)s)")  # fmt: skip
    group.add_argument("--request-timeout", type=parse_duration, default=60.0, metavar="TIME",
                       help="how long a request may take that is no watch (default: 1m)")  # fmt: skip
    group.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="warning",
                       help="what the cluster logs, to standard error (default: %(default)s)")  # fmt: skip


def make_parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    parser = _Parser(prog="kubelite", description="A whole Kubernetes cluster inside one Python process.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser
    )

    demo = commands.add_parser(
        "demo", help="tell the story of a Service and its pods, and check every step of it",
        description="Starts a cluster and shows, live, how pods are kept alive, found by name, balanced, "
        "scaled and healed. Exit status 0 only if every step held.",
    )  # fmt: skip
    demo.add_argument("--plain", action="store_true", help="plain lines, no picture, even on a terminal")
    demo.add_argument("--seed", type=_seed, metavar="S", help="seed of the cluster's random choices")

    up = commands.add_parser(
        "up", help="a cluster in the foreground, until SIGINT or SIGTERM",
        description="Starts a cluster and prints one line that begins with `ready` when it can be used. "
        "SIGINT or SIGTERM stops it cleanly, with exit status 0.",
    )  # fmt: skip
    _cluster_options(up, nodes=3)
    up.add_argument(
        "--manifest",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="apply this file first; repeatable",
    )

    repl = commands.add_parser(
        "repl", help="a prompt with a cluster in scope",
        description="Starts a cluster and reads Python with `await` at the top level, by IPython if it is "
        "installed. The end of the input (Ctrl-D) stops the cluster.",
    )  # fmt: skip
    _cluster_options(repl, nodes=3, system_pods=False)
    repl.add_argument("--plain", action="store_true", help="the plain prompt, even if IPython is installed")
    repl.add_argument(
        "--virtual-time",
        action="store_true",
        help="time that stands still; `await clock.advance(60)` moves it",
    )
    repl.add_argument("--manifest", type=Path, action="append", default=[], metavar="FILE",
                      help="apply this file first; repeatable")  # fmt: skip

    run = commands.add_parser(
        "run", help="an ephemeral cluster around one command",
        description="Starts a cluster, runs CMD with KUBECONFIG set, and exits with CMD's status.",
        usage="kubelite run [options] -- CMD [ARGS ...]",
    )  # fmt: skip
    _cluster_options(run, nodes=1)
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD [ARGS ...]", help="the command to run")
    return parser


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return f"kubelite {version('kubelite')}"
    except PackageNotFoundError:
        return "kubelite (not installed)"


def run(argv: Sequence[str]) -> int:
    """Runs one command line and answers with its exit status."""
    try:
        options = make_parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    import sys  # noqa: PLC0415

    try:
        if options.command == "demo":
            from kubelite.cli.demo import demo  # noqa: PLC0415

            return demo(plain=options.plain, seed=options.seed)
        if options.command == "up":
            from kubelite.cli.up import up  # noqa: PLC0415

            return up(options)
        if options.command == "repl":
            from kubelite.cli.repl import repl  # noqa: PLC0415

            return repl(options)
        from kubelite.cli.run import run_command  # noqa: PLC0415

        return run_command(options)
    except UsageError as error:
        print(f"kubelite {options.command}: {error}", file=sys.stderr)
        return EXIT_USAGE
