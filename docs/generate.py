"""Write the pages of the rules, from the docstrings of the rules.

Run `python docs/generate.py` after a rule was added or changed; `--check` only compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model.rule import Rule

RULES = Path(__file__).parent / "reference" / "rules"

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
_OWN = "pytest_asyncprotocol.rules"
_IDS = re.compile(r"\b([A-Z]{2})(\d{3})(?:-(?:\1)?(\d{3}))?\b")


@dataclass(frozen=True)
class Page:
    """One page: the rules whose ids begin with ``family``."""

    family: str
    name: str
    title: str
    about: str


PAGES = (
    Page(
        "AW",
        "awaitable",
        "Awaitables",
        "What `await x` asks of `x`. Checked by `assert_awaitable` and `@conformance.awaitable`.",
    ),
    Page(
        "AB",
        "async_iterable",
        "Async iterables",
        "What `aiter(x)` asks of `x`. Checked by `assert_async_iterable` and "
        "`@conformance.async_iterable`.",
    ),
    Page(
        "AI",
        "async_iterator",
        "Async iterators",
        "What `async for` asks of the object that gives the items. Checked by "
        "`assert_async_iterator`, and by `assert_async_generator` too, since an async generator "
        "is an async iterator.",
    ),
    Page(
        "AG",
        "async_generator",
        "Async generators",
        "What `asend`, `athrow` and `aclose` promise, beyond the rules for "
        "[async iterators](async_iterator.md). Checked by `assert_async_generator` and "
        "`@conformance.async_generator`.",
    ),
    Page(
        "CM",
        "async_context_manager",
        "Async context managers",
        "What `async with` asks of its object. Checked by `assert_async_context_manager` and "
        "`@conformance.async_context_manager`.",
    ),
    Page(
        "CO",
        "common",
        "Rules for all five protocols",
        "Cancellation, leaks and event loops. Checked by every assertion.",
    ),
)

_GENERATED = "<!-- Written by docs/generate.py from the docstrings of the rules: edit those. -->"


def own_rules() -> list[Rule]:
    """The rules of this package, without those that other packages have entered."""
    return [r for r in catalogue().values() if r.check.__module__.startswith(_OWN)]


def pages() -> dict[str, str]:
    """The text of every page, by its file name."""
    written = {f"{page.name}.md": _render(page) for page in PAGES}
    return {**written, "index.md": _index()}


def _of(page: Page) -> list[Rule]:
    return [rule for rule in own_rules() if rule.id.startswith(page.family)]


def _index() -> str:
    blocks = [
        _GENERATED,
        "# The catalogue of rules",
        f"{len(own_rules())} rules, by protocol. Ids and slugs stay with their rule for ever.",
    ]
    for page in PAGES:
        blocks.append(f"## [{page.title}]({page.name}.md)")
        rows = [
            f"| [{rule.id}]({page.name}.md#{rule.id}) | {rule.slug} | {rule.level.value} "
            f"| {_cell(rule.title)} |"
            for rule in _of(page)
        ]
        blocks.append("\n".join(["| id | slug | level | obligation |", "|---|---|---|---|", *rows]))
    return "\n\n".join(blocks) + "\n"


def _render(page: Page) -> str:
    blocks = [_GENERATED, f"# {page.title}", page.about]
    for rule in _of(page):
        blocks += [f'<a id="{rule.id}"></a>', f"## {rule.name}", *_body(rule)]
    return "\n\n".join(blocks) + "\n"


def _body(rule: Rule) -> Iterator[str]:
    yield f"**{_prose(rule.title)}.**"
    if rule.what:
        yield _prose(rule.what)
    sections = {
        "Why": rule.why,
        "In practice": rule.practice,
        "Advice": rule.advice,
        "Source": rule.source,
    }
    for heading, text in sections.items():
        if text:
            yield f"### {heading}"
            yield _prose(text)
    yield "\n".join(f"- {fact}" for fact in _facts(rule))


def _facts(rule: Rule) -> Iterator[str]:
    yield f"[Level](../../glossary.md#level): {rule.level.value}"
    yield f"Protocols: {', '.join(protocol.words for protocol in rule.protocols)}"
    if rule.requires:
        yield f"Judged only where these hold: {', '.join(map(_link, rule.requires))}"
    if rule.enabled_by:
        yield f"Enabled by: {' or '.join(f'`{name}=`' for name in rule.enabled_by)}"
    if len(rule.libraries) == 1:
        yield f"Only on {rule.libraries[0]}"
    if not rule.feeds.only_looks:
        yield f"Needs {rule.feeds.value}"
    if rule.needs_own_loop:
        yield "Needs an event loop of its own: left out where an assertion is awaited"


def _link(rule_id: str) -> str:
    for page in PAGES:
        if rule_id.startswith(page.family):
            return f"[{rule_id}]({page.name}.md#{rule_id})"
    return rule_id


def _prose(text: str) -> str:
    """Markdown for the text of a docstring: addresses become links, `::` opens a code block."""
    text = re.sub(r"(?<![<(])https?://\S+", lambda match: f"<{match[0]}>", text)
    return re.sub(r"::$", ":", text, flags=re.MULTILINE)


def _cell(text: str) -> str:
    return _prose(text).replace("|", r"\|").replace("\n", " ")


def ids_in(text: str) -> Iterator[str]:
    """The rule ids in *text*, with ranges such as ``AI001-AI005`` written out."""
    for family, first, last in _IDS.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{family}{number:03}"


def ranges(ids: Iterable[str]) -> str:
    """The shortest list of ids and ranges that names *ids*."""
    numbered = enumerate(sorted(ids))
    runs = groupby(numbered, key=lambda each: (each[1][:2], int(each[1][2:]) - each[0]))
    listed = [[rule_id for _, rule_id in run] for _, run in runs]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in listed)


def changelog() -> str:
    """The changelog, whose first part lists the rules that the others do not name."""
    head, first, *released = re.split(
        r"^(?=## \[)", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    known = set(ids_in("".join(released)))
    lines = ["- Rules:\n"]
    for page in PAGES:
        new = {rule.id for rule in _of(page)} - known
        title = page.title.removeprefix("Rules for ")
        lines += [f"  - {title[0].lower()}{title[1:]}: {ranges(new)}\n"] * bool(new)
    listed = "".join(lines)
    return head + re.sub(r"- Rules:\n(?:  - .*\n)*", lambda _: listed, first) + "".join(released)


def main() -> None:
    """Write the pages, or with ``--check`` name those that are not up to date."""
    RULES.mkdir(parents=True, exist_ok=True)
    written = {CHANGELOG: changelog(), **{RULES / name: text for name, text in pages().items()}}
    stale = [
        path
        for path, text in written.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"not up to date: {', '.join(p.name for p in stale)}; run docs/generate.py")
        return
    for path in stale:
        path.write_text(written[path], encoding="utf-8")
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
