"""What users are told: the verdict of each specimen's own rule, word for word.

Run `python -m tests.told` with Python 3.11 after a rule or a specimen was added or changed, and
read what changed in the file that it writes, as a user would.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_asyncprotocol import Verdict, check
from tests.specimens import Specimen, specimens

TOLD = Path(__file__).parent / "specimens" / "told.txt"


def told_of(specimen: Specimen) -> list[str]:
    """The verdict of the specimen's rule, a line for each backend."""
    report = check(
        specimen.protocol, specimen.factory, backends=specimen.backends, **specimen.declared
    )
    return [line_of(specimen, verdict) for verdict in report.of(specimen.rule)]


def line_of(specimen: Specimen, verdict: Verdict) -> str:
    """One verdict in a line."""
    said = f"{specimen.name} {verdict.backend}: {verdict.status.value}: {verdict.message}"
    return said.rstrip(": ")


def written() -> Mapping[str, list[str]]:
    """The lines of the file, by the name of the specimen."""
    lines: dict[str, list[str]] = {}
    for line in TOLD.read_text(encoding="utf-8").splitlines():
        lines.setdefault(line.split()[0], []).append(line)
    return lines


def main() -> None:
    """Write the file."""
    told = sorted(line for each in specimens() for line in told_of(each))
    TOLD.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")


if __name__ == "__main__":
    main()
