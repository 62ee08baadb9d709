"""Each finding about a real library shows without this project, as the page of findings says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import real_objects

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((Path(__file__).parent / "reproductions").glob("*.py"))
PAGE = ROOT / "docs" / "findings.md"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_prints_what_the_page_shows(script: Path) -> None:
    """It imports nothing of this project."""
    source = script.read_text(encoding="utf-8")
    shown = re.search(
        rf"reproductions/{script.name}\).*?```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", script],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert "pytest_asyncprotocol" not in source
    assert shown is not None
    assert shown[1] == run.stdout


def test_each_finding_is_on_the_page() -> None:
    """With the library's name and release."""
    page = PAGE.read_text("utf-8")

    for each in real_objects():
        for rule, finding in each.findings.items():
            release = finding.partition(":")[0]
            assert re.search(rf"(?ms)^## {re.escape(release)}.*?\b{rule}\b", page)
