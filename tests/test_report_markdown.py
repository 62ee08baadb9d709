"""Reports as Markdown, for the summary of a CI job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pytest_asyncprotocol.plugin.reports import markdown
from tests.conftest import RunPytest
from tests.sample_report import CHECKS, document, nasty, subject, verdict


def _violated(name: str, **other: Any) -> dict[str, Any]:
    return verdict("AI005", name, "violated", message="returned 0", trace=["#1 -> 0"], **other)


ALONE = document(
    subject(
        "Ticker",
        [_violated("trio", reproducer="import x\nx.run()"), verdict("AI005", "asyncio", "passed")],
    ),
    subject("Other", [_violated("asyncio"), _violated("trio")], source=None),
    subject("Blank", [verdict("AI005", "trio", "vacuous")], unconfirmed=["CO007 (a | b)"]),
)

EXPECTED = """\
## Async protocol conformance

**2 of 3 subjects break a rule or gave no verdict.**

3 subjects, 3 violated, 1 passed, 1 vacuous; 1 of the 44 rules in the catalogue ran. \
Backends: asyncio, trio; level: should; Python 3.11.7.

| | Subject | Protocol | Backends | violated | error | expected | passed | vacuous | skipped |
|---|---|---|---|---:|---:|---:|---:|---:|---:|
| ✗ | `Ticker`<br>`test_x.py::test_Ticker` | async iterator | asyncio, trio | 1 |  |  | 1 |  |  |
| ✗ | `Other`<br>`test_x.py::test_Other` | async iterator | asyncio, trio | 2 |  |  |  |  |  |
| ○ | `Blank`<br>`test_x.py::test_Blank` | async iterator | trio |  |  |  |  | 1 |  |

### What failed

#### AI005 sticky-stop (MUST): Exhaustion is permanent

<details><summary><code>Ticker</code> on trio only: <code>returned 0</code></summary>

```text
Trace:
  #1 -> 0
Defined: x.py:1
Test: test_x.py::test_Ticker
Reproducer: a script in the JSON and the HTML report
```

</details>

<details><summary><code>Other</code> on asyncio, trio: <code>returned 0</code></summary>

```text
Trace:
  #1 -> 0
Test: test_x.py::test_Other
```

</details>

**Why:** Because of `this`.

**Look at:** Look.

**Source:** [PEP 525](https://peps.python.org/pep-0525/)

<details><summary>Expected failures not confirmed: 1</summary>

- `test_x.py::test_Blank`: CO007 (a \\| b)

</details>
"""


def test_the_whole_text() -> None:
    """Totals, a row for each subject, and each rule that is violated, explained once."""
    assert EXPECTED == markdown.written(ALONE)


def test_nothing_that_failed_is_a_short_text() -> None:
    """Totals and table alone."""
    text = markdown.written(document(subject("Fine", [verdict("AI005", "trio", "passed")])))

    assert "**Every rule that ran holds, or fails as expected.**" in text
    assert "| ✓ | `Fine`<br>" in text
    assert "What failed" not in text
    assert "**Nothing was checked.**" in markdown.written(document())


def _outside_of_code(text: str) -> str:
    """*text* without fenced code, code spans and characters behind a backslash."""
    text = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\\[^\w\s]", "", text)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def test_nothing_from_outside_is_markup() -> None:
    """Tags, pipes, fences and links in names and messages stay text."""
    text = markdown.written(nasty())
    outside = _outside_of_code(text)

    assert {"details", "summary", "code", "br"} == set(re.findall(r"<(\w+)", outside))
    assert "](" not in re.sub(r"^<details>.*", "", outside, flags=re.MULTILINE)
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {rows[0].count("|")} == {row.count("|") for row in rows}
    assert text.count("<details>") == text.count("</details>")
    for line in text.splitlines():
        if "<summary>" in line:
            assert line.endswith("</summary>")


def test_a_summary_has_room_for_it() -> None:
    """Behind the first findings the rest are told in a line each: GitHub takes 1 MiB."""
    long = "x" * 500
    broken = [
        subject(f"S{n}", [verdict("AI005", "trio", "violated", message=long, trace=[long] * 20)])
        for n in range(500)
    ]
    text = markdown.written(document(*broken))

    assert len(text.encode()) < 2**20
    assert 50 == text.count("<details>")
    assert all(f"`S{n}`" in text for n in range(500))


def test_a_run_writes_it(run_pytest: RunPytest, tmp_path: Path) -> None:
    """With what a CI job shows above the fold."""
    path = tmp_path / "report.md"
    run_pytest(f"--asyncprotocol-report={path}", test_checks=CHECKS)
    text = path.read_text(encoding="utf-8")

    assert "**2 of 11 subjects break a rule or gave no verdict.**" in text
    assert "#### AI005 sticky-stop (MUST): Exhaustion is permanent" in text
    assert "<summary><code>TrioOnly</code> on trio only: <code>__anext__ #5, after the end" in text
    assert "  __anext__ #4 -> raised StopAsyncIteration" in text
    assert "#### No rule could be judged" in text
    assert "- `test_checks.py::test_known`: CO007 (tasks \\| are left)" in text
