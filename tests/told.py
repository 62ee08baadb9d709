"""What the specimens have to show for every rule, and in detail for the one that they are of.

Run `python -m tests.told` with Python 3.11 after a rule or a specimen was added or changed, and
read what changed in the files that it writes: in the one as a user would, in the other for rules
that no longer judge what they judged before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_asyncprotocol import Report, Status, Verdict, check
from tests.specimens import Specimen, specimens

FOLDER = Path(__file__).parent / "specimens"
HAVE_THREADS = {"CO011", "CO018"}
"""Rules that use threads themselves."""

LEFT_OUT = "left-out"
"""Stands for what ran, where that is by chance."""

TOLD, RAN = FOLDER / "told.txt", FOLDER / "ran.txt"


def line_of(specimen: Specimen, verdict: Verdict) -> str:
    """One verdict in a line; of one that passed, how far the rule itself went.

    That is left out where threads or sockets had a part, which are ready by chance sooner or later.
    """
    said = verdict.message
    if verdict.status is Status.PASSED and not verdict.coverage.opened:
        said = str(replace(verdict.coverage, sequences=0))
    return f"{specimen.name} {verdict.backend}: {verdict.status.value}: {said}".rstrip(": ")


def told_of(specimen: Specimen, report: Report) -> Iterator[str]:
    """The verdict of the specimen's rule, a line for each backend."""
    return (line_of(specimen, verdict) for verdict in report.of(specimen.rule))


def ran_of(specimen: Specimen, report: Report) -> Iterator[str]:
    """The rules that passed, and in brackets those that found nothing to judge, by backend.

    They are left out for a subject that has to do with threads or sockets.
    """
    form = {Status.PASSED: "{}", Status.VACUOUS: "({})"}
    for backend in specimen.backends:
        ran = [v for v in report if v.backend == backend and v.status in form]
        opened = {v.name.split()[0] for v in report if v.backend == backend and v.coverage.opened}
        rules = [form[v.status].format(v.name.split()[0]) for v in ran]
        if opened - HAVE_THREADS:
            rules = [LEFT_OUT]
        yield " ".join([f"{specimen.name} {backend}:", *sorted(rules)])


def written(path: Path) -> Mapping[str, list[str]]:
    """The lines of a file, by the name of the specimen."""
    lines: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        lines.setdefault(line.split()[0], []).append(line)
    return lines


def unlike(lines: Iterable[str], written: Iterable[str]) -> set[str]:
    """Those of *lines* that are not as they are written, where neither is left out."""
    expected = set(written)
    return {
        line
        for line in set(lines) - expected
        if f"{line.partition(':')[0]}: {LEFT_OUT}" not in {*expected, line}
    }


def main() -> None:
    """Write the files."""
    lines: dict[Path, list[str]] = {TOLD: [], RAN: []}
    for each in specimens():
        report = check(each.protocol, each.factory, backends=each.backends, **each.declared)
        lines[TOLD] += told_of(each, report)
        lines[RAN] += ran_of(each, report)
    for path, all_lines in lines.items():
        path.write_text("".join(f"{line}\n" for line in sorted(all_lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
