"""What the plugins that come along cost an empty run of pytest, as ratios to pytest without them.

pytest-asyncprotocol itself, and the plugins of what it depends on, loaded one by one, all
together, and all but one. Prints medians of the processor time of interleaved runs, each a
process of its own; wall time says the same on an idle machine, and nothing on a busy one.

Usage: python benchmarks/startup_cost.py [repeats]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

GOAL = 1.05
PLUGINS = {
    "asyncprotocol": "pytest_asyncprotocol.plugin",
    "hypothesispytest": "_hypothesis_pytestplugin",
    "anyio": "anyio.pytest_plugin",
    "asyncio": "pytest_asyncio.plugin",
}
RUNS = {
    "pytest alone": (),
    **{f"{name} alone": (name,) for name in PLUGINS},
    "all of them": tuple(PLUGINS),
    **{f"all, -p no:{name}": tuple(n for n in PLUGINS if n != name) for name in PLUGINS},
}

ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # or each run would compile all plugins anew


def seconds(plugins: tuple[str, ...], folder: str) -> float:
    """The processor time of an empty run with *plugins*."""
    flags = [part for name in plugins for part in ("-p", PLUGINS[name])]
    flags += ["-o", "asyncio_default_fixture_loop_scope=function"] * ("asyncio" in plugins)
    begun = os.times()
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags, folder],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    ended = os.times()
    return sum(ended[2:4]) - sum(begun[2:4])


def main(repeats: int) -> bool:
    """Print a line a set of plugins; whether ours alone keeps the goal."""
    taken: dict[str, list[float]] = {name: [] for name in RUNS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            for name, plugins in RUNS.items():
                taken[name].append(seconds(plugins, folder))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    bare = medians["pytest alone"]
    print(f"medians of {repeats} interleaved runs; pytest alone takes {bare * 1e3:.0f} ms")
    for name, median in medians.items():
        print(f"{name:30} {median / bare:5.2f}")
    return medians["asyncprotocol alone"] / bare <= GOAL


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
