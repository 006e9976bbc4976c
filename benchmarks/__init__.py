"""The benchmark suite: every figure against a floor that is measured in the same run.

`python -m benchmarks [NAME…] [--json FILE] [--plot DIR] [--compare OLD.json] [--quick] [--list]`

A benchmark is an `async def` that is given a `Bench` and answers with rows (`row.Row`);
see `micro/` and `macro/`. To add one: write it into a module there, then name it in `suite.SUITE`.
A cluster benchmark looks like this:

    async def my_figure(bench: Bench) -> list[Row]:
        async with kubelite.Cluster(nodes=3) as cluster:
            with Stopwatch() as watch:
                ...                                       # what is measured; its CPU time is what counts
        return [bench.scaled("my-figure", [watch.cpu_s], target_ms=25)]

`bench.compare` is for ratios to a floor (both run in turns), `bench.scaled` for milliseconds against a
target, which are scaled by a calibration loop of the same run. Each benchmark runs in a process of its own.
"""
