"""The section of the terminal that shows what of a package was checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import groupby
from typing import Any

import pytest

from pytest_asyncprotocol.plugin.terminal import Out

_GAP = "  "


def write(reporter: pytest.TerminalReporter, covered: list[dict[str, Any]], shortfall: str) -> None:
    """Write a section for each package, and what was checked of it; with -q that alone."""
    quiet = reporter.config.get_verbosity() < 0
    for coverage in covered:
        if not quiet:
            _section(reporter, coverage)
        reporter.write_line(f"asyncprotocol-cov: {total(coverage)}")
    if shortfall:
        reporter.write_line(f"asyncprotocol-cov: failed, since {shortfall}", red=True, bold=True)


def percent(part: int, whole: int) -> str:
    """A share that is never rounded up, so that nothing seems to be reached that is not."""
    tenths = 1000 * part // whole if whole else 1000
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


def total(coverage: Mapping[str, Any]) -> str:
    """What was checked of a package, in a line."""
    package, pairs, checked = (coverage[key] for key in ("package", "pairs", "checked"))
    if coverage["error"]:
        return f"{package} could not be imported: {coverage['error']}"
    if not pairs:
        return f"{package} offers no async protocol"
    broken = len(coverage["violations"])
    return (
        f"{package}: {checked} of {pairs} checked, {percent(checked, pairs)}"
        + f"; {broken} broken" * bool(broken)
    )


def _section(reporter: pytest.TerminalReporter, coverage: dict[str, Any]) -> None:
    reporter.write_sep("=", f"async protocol coverage of {coverage['package']}")
    rows = [row for row in coverage["targets"] if not row["abstract"]]
    names = max((len(row["name"]) for row in rows), default=0)
    protocols = max((len(row["protocol"]) for row in rows), default=0)
    states = max((len(state(row)) for row in rows), default=0)
    room = reporter.config.get_terminal_writer().fullwidth - protocols - states - 3 * len(_GAP)
    names = min(names, max(room, 0))
    for module, group in groupby(rows, key=lambda row: row["module"]):
        of_module = list(group)
        done = sum(bool(row["checked_on"]) for row in of_module)
        reporter.write(str(module), bold=True)
        reporter.write_line(f"  {done} of {len(of_module)} checked")
        alone = ""
        for row in of_module:
            shown = row["name"] if len(row["name"]) <= names else ""
            if not shown and row["name"] != alone:
                alone = row["name"]
                reporter.write_line(f"{_GAP}{alone}")
            reporter.write(f"{_GAP}{shown:{names}}{_GAP}{row['protocol']:{protocols}}{_GAP}")
            reporter.write_line(state(row), **{"green" if row["checked_on"] else "yellow": True})
    _apart(reporter, coverage)


def state(row: Mapping[str, Any]) -> str:
    """On which backends a target was checked, if it was."""
    if row["checked_on"]:
        return f"checked on {', '.join(row['checked_on'])}"
    if row["checked_only_as"]:
        return f"only as {row['checked_only_as'][-1].removeprefix('async ')}"
    return "not checked"


def _apart(reporter: pytest.TerminalReporter, coverage: dict[str, Any]) -> None:
    """What does not count, and what is wrong."""
    line = partial(Out(reporter).line, indent=len(_GAP))
    abstract = [row for row in coverage["targets"] if row["abstract"]]
    if abstract:
        reporter.write_line("to be derived from, so not counted", bold=True)
    for module, group in groupby(abstract, key=lambda row: row["module"]):
        line(f"{module}: {', '.join(dict.fromkeys(row['name'] for row in group))}")
    if coverage["unimportable"] and not coverage["error"]:
        reporter.write_line("could not be imported, so not looked into", bold=True)
        for each in coverage["unimportable"]:
            line(f"{each['module']}: {each['error']}", yellow=True)
    if coverage["violations"]:
        reporter.write_line("broken, as a look at the class shows", bold=True)
    for each in coverage["violations"]:
        line(f"{each['module']}.{each['name']}: {each['rule']}: {each['message']}", red=True)
