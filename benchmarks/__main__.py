"""`python -m benchmarks`: runs benchmarks, each in a process of its own, and shows what they found."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import structlog

from benchmarks import environment, report, suite
from benchmarks.measure import Bench
from benchmarks.row import Row
from benchmarks.suite import Benchmark

USAGE_ERROR = 2


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Runs the benchmarks; figures are ratios to a floor measured in the same run.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a benchmark or a group such as `micro`; default all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write rows and environment there")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw one picture per group (extra `bench`)")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show what changed since then")
    parser.add_argument(
        "--quick", action="store_true", help="only to see that all run: the figures mean little"
    )
    parser.add_argument("--list", action="store_true", help="name the benchmarks and end")
    parser.add_argument("--only", metavar="NAME", help=argparse.SUPPRESS)  # the child process' part
    parser.add_argument("--into", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; answers with the exit status."""
    options = parse(arguments)
    if options.only:
        return run_here(options.only, options.into, quick=options.quick)
    if options.list:
        for each in suite.SUITE:
            print(f"{each.name:16} {each.group}")
        return 0
    try:
        chosen = suite.select(options.names)
        old = report.load(options.compare) if options.compare else None
    except (LookupError, OSError, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return USAGE_ERROR
    rows, failed = run_all(chosen, quick=options.quick)
    if rows:
        print(report.table(rows))
    if options.json:
        report.save(options.json, rows, environment.describe())
    if old is not None:
        print(f"\nsince {options.compare}:\n{report.compare(rows, old)}")
    if options.plot and not _plot(options.plot, rows):
        return USAGE_ERROR
    for name in failed:
        print(f"benchmarks: {name} did not run to its end", file=sys.stderr)
    return 1 if failed else 0


def _plot(directory: Path, rows: list[Row]) -> bool:
    from benchmarks import plot  # noqa: PLC0415 - matplotlib is optional

    try:
        for path in plot.draw(directory, rows):
            print(f"drew {path}")
    except ImportError:
        print("benchmarks: --plot needs matplotlib: pip install 'kubelite[bench]'", file=sys.stderr)
        return False
    return True


def run_all(chosen: list[Benchmark], *, quick: bool) -> tuple[list[Row], list[str]]:
    """Runs each in a process of its own; answers with their rows and the names of those that failed."""
    rows: list[Row] = []
    failed = []
    with tempfile.TemporaryDirectory(prefix="kubelite-bench-") as directory:
        for number, benchmark in enumerate(chosen, 1):
            _clear()
            print(f"[{number}/{len(chosen)}] {benchmark.name}", file=sys.stderr, flush=True)
            into = Path(directory) / f"{benchmark.name}.json"
            command = [sys.executable, "-m", "benchmarks", "--only", benchmark.name, "--into", str(into)]
            done = subprocess.run([*command, *(["--quick"] if quick else [])], check=False)
            if done.returncode == 0:
                rows += [Row.from_json(each) for each in json.loads(into.read_text(encoding="utf-8"))]
            else:
                failed.append(benchmark.name)
    return rows, failed


def _clear() -> None:
    """Takes away the line of progress, see `Bench.progress`."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def run_here(name: str, into: Path, *, quick: bool) -> int:
    """Runs one benchmark in this process."""
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    (benchmark,) = (each for each in suite.SUITE if each.name == name)
    rows = asyncio.run(_run(benchmark, quick=quick))
    into.write_text(json.dumps([row.to_json() for row in rows]), encoding="utf-8")
    _clear()
    return 0


async def _run(benchmark: Benchmark, *, quick: bool) -> list[Row]:
    return await benchmark.load()(Bench(benchmark.group, quick=quick))


if __name__ == "__main__":
    sys.exit(main())
