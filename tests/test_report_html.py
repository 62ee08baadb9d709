"""Reports as one HTML page: structure, escaping, and what a browser makes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_asyncprotocol.plugin.reports import page
from tests.conftest import RunPytest
from tests.sample_report import CHECKS, NASTY, document, load, nasty, subject, verdict

_VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page: its elements, ids, links and text; refuses what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.opened: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self.opened

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs))
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Expect the innermost element to end."""
        assert tag == self.opened.pop()

    def handle_data(self, data: str) -> None:
        """Note text."""
        if self.opened and self.opened[-1] != "style":
            self.text.append(data)

    def values(self, name: str, tag: str = "") -> list[str]:
        """The values of the attribute *name*."""
        wanted = (each for each in self.attributes if tag in {"", each[0]})
        return [str(attributes[name]) for _, attributes in wanted if name in attributes]


MIXED = document(
    subject(
        "Ticker",
        [
            verdict("AI005", "asyncio", "passed"),
            verdict("AI005", "trio", "violated", message="returned 0", trace=["#1 -> 0"]),
            verdict("AI007", "asyncio", "skipped", message="undeclared"),
            verdict("AI007", "trio", "skipped", message="undeclared"),
        ],
    ),
    subject("Other", [verdict("AI005", "trio", "passed")], protocol="async generator"),
)


@pytest.fixture(scope="module")
def large() -> dict[str, Any]:
    """Two hundred subjects, a hundred rules, two backends."""
    rules = [f"AI{n:03}" for n in range(100)]
    ends = ["passed", "passed", "passed", "skipped", "vacuous"]
    subjects = [
        subject(
            f"Iterator{n}",
            [
                verdict(rule, backend, ends[(n + r) % 5], message="nothing suspended" * (r % 3))
                for r, rule in enumerate(rules)
                for backend in ("asyncio", "trio")
            ],
        )
        for n in range(200)
    ]
    found = document(*subjects)
    found["rules"] = [{**found["rules"][0], "id": rule} for rule in rules]
    return found


def test_a_page_is_complete_in_itself(run_pytest: RunPytest, tmp_path: Path) -> None:
    """It has no script and loads nothing; all links inside of it lead somewhere."""
    path = tmp_path / "report"
    reports = (f"--asyncprotocol-report={path}.{kind}" for kind in ("json", "html"))
    run_pytest(*reports, test_checks=CHECKS)
    text = path.with_suffix(".html").read_text(encoding="utf-8")
    read = Page(text)

    loading = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "svg"}
    assert set() == loading & set(read.elements)
    assert "url(" not in text
    assert "@import" not in text
    assert [] == [name for _, each in read.attributes for name in each if name.startswith("on")]
    assert [] == read.values("style") + read.values("src")
    assert "default-src 'none'; style-src 'unsafe-inline'" in read.values("content")
    ids = read.values("id")
    assert len(ids) == len(set(ids))
    inside = {link[1:] for link in read.values("href") if link.startswith("#")}
    outside = [link for link in read.values("href") if not link.startswith("#")]
    assert inside <= set(ids)
    assert all(link.startswith("https://docs.python.org/") for link in outside)
    assert text == page.written(load(path.with_suffix(".json")))


def test_totals_then_what_failed_then_the_matrix(run_pytest: RunPytest, tmp_path: Path) -> None:
    """And a failure is told in full: trace, why, advice, source, where it is defined."""
    run_pytest(f"--asyncprotocol-report={tmp_path / 'r.html'}", test_checks=CHECKS)
    text = " ".join(" ".join(Page((tmp_path / "r.html").read_text("utf-8")).text).split())

    inner = ["subjects break a rule", "rules ran", "What failed", "Subjects and rules", "Rules"]
    places = [text.rindex(each) for each in inner]
    assert sorted(places) == places
    told = text[text.index("TrioOnly") : text.index("Subjects and rules")]
    for each in (
        "✗ violated AI005 sticky-stop on trio only __anext__ #5, after the end, returned 0",
        "Exhaustion is permanent. must Trace __anext__ #1 -> returned 0",
        "Why Whoever asks once more",
        "Look at Remember that the end was reached",
        "Source Python library reference, iterator.__next__",
        "Defined test_checks.py:8",
    ):
        assert each in told


def test_a_cell_leads_to_what_stands_behind_it() -> None:
    """A sign for each way to end, and one for each backend where they differ."""
    text = page.written(MIXED)
    (row,) = re.findall(r"<tr><th scope=\"row\"><a href=\"#s0\">.*?</tr>", text)

    assert (
        '<td><a href="#f0" aria-label="passed on asyncio, violated on trio" '
        'title="passed on asyncio, violated on trio"><span class="passed">✓</span>'
        '<span class="violated">✗</span></a></td>'
    ) in row
    assert '<td><a class="skipped" href="#s0-k0" aria-label="skipped">-</a></td>' in row
    assert 'id="s0-k0"' in text
    assert '<td><a class="passed" href="#s1-AI005">✓</a></td>' in text
    assert 'id="s1-AI005"' in text
    assert ["async-generator", "async-iterator"] == re.findall(r'<h3 id="([\w-]+)">', text)


def test_nothing_from_outside_is_markup() -> None:
    """Whatever stands in names, messages, traces, reasons and the pages of rules."""
    plain, hostile = Page(page.written(MIXED)), Page(page.written(nasty()))
    text = "\n".join(hostile.text)

    known = {*plain.elements, "pre", "code", "br"}
    assert set() == set(hostile.elements) - known
    assert [] == [link for link in hostile.values("href") if "script" in link]
    assert 10 <= text.count(NASTY.partition("`")[0])


def test_a_reproducer_is_shown() -> None:
    """Where a verdict has one."""
    broken = verdict("AI005", "trio", "violated", message="m", reproducer="import x\nx.run()")

    written = page.written(document(subject("Ticker", [broken])))

    assert (
        "<details><summary>Reproducer on trio</summary>\n"
        '<pre tabindex="0">import x\nx.run()</pre></details>'
    ) in written


def test_nothing_to_tell_is_a_page_as_well() -> None:
    """Of a run without checks, and of one in which all is well."""
    assert "Nothing was checked." in page.written(document())
    fine = page.written(document(subject("Fine", [verdict("AI005", "trio", "passed")])))

    assert "<p>Nothing.</p>" in fine
    assert "Every rule that ran holds" in fine


def test_a_large_page_stays_small(large: dict[str, Any]) -> None:
    """Two hundred subjects by a hundred rules take no more than some megabytes."""
    text = page.written(large)

    assert 200 * 100 == text.count("<td><a ")
    assert len(text.encode()) < 6_000_000


_FACTS = """<script>
const box = document.querySelector(".matrix"), corner = box.querySelector("th");
box.scrollTo(200, 200);
const shown = box.getBoundingClientRect(), cell = corner.getBoundingClientRect();
document.body.textContent = JSON.stringify({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  scrolled: [box.scrollLeft, box.scrollTop],
  corner: [Math.round(cell.left - shown.left), Math.round(cell.top - shown.top)],
  paper: getComputedStyle(document.documentElement).getPropertyValue("--paper").trim(),
});
</script>"""


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if found is None:
        reason = "no chromium: install it to see the page in a browser"
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _shown(chromium: str, address: str, profile: Path, *flags: str) -> str:
    """The page as the browser has it when it is loaded."""
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={profile}", *flags, "--dump-dom", address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.mark.browser
def test_the_page_in_a_browser(large: dict[str, Any], tmp_path: Path) -> None:
    """Links open what they lead to; the head of the matrix stays, on narrow screens too; themes."""
    chromium = _chromium()
    path = tmp_path / "page.html"
    path.write_text(page.written(MIXED), encoding="utf-8")
    shown = _shown(chromium, f"{path.as_uri()}#s1-AI005", tmp_path / "profile")
    assert [False, True] == [
        "open" in each for each in re.findall('<details class="sub.*?>', shown)
    ]

    asking = page.written(large).replace("</body>", f"{_FACTS}</body>")
    path.write_text(asking.replace("default-src 'none'", "default-src 'unsafe-inline'"), "utf-8")
    papers: list[str] = []
    for flags in ((), ("--blink-settings=preferredColorScheme=0",)):
        size = ("--window-size=480,900",)
        shown = _shown(chromium, path.as_uri(), tmp_path / "profile", *size, *flags)
        facts = json.loads(re.findall(r"<body[^>]*>(.*?)</body>", shown, re.DOTALL)[0])
        assert 0 == facts["overflow"]
        assert [200, 200] == facts["scrolled"]
        assert facts["corner"] in ([0, 0], [1, 1])
        papers.append(facts["paper"])
    assert ["#fcfcfa", "#16181b"] == papers
