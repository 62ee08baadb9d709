"""The documents agree with the catalogue, and their links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.plugin import options

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).+?\1", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


def load_generator() -> ModuleType:
    """The script that writes the pages of the rules."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = load_generator()
RULES: list[Rule] = generate.own_rules()


def name_of(path: Path) -> str:
    """The path below the root."""
    return path.relative_to(ROOT).as_posix()


def anchors_of(path: Path) -> set[str]:
    """What a link can point to in the document *path*."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", each) for each in _HEADING.findall(text))
    slugs = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    return slugs | set(_ANCHOR.findall(text))


def links_of(path: Path) -> list[str]:
    """The targets of the links in *path* that stay inside of the repository."""
    text = _CODE.sub("", _FENCE.sub("", path.read_text(encoding="utf-8")))
    targets = [one or other for one, other in _LINK.findall(text)]
    return [each for each in targets if not re.match(r"[a-z]+:", each)]


def test_the_rule_pages_are_those_of_the_catalogue() -> None:
    """There is one page a family, an index, and no page that is left over."""
    written = {path.name for path in generate.RULES.glob("*.md")}

    assert set(generate.pages()) == written


@pytest.mark.parametrize("name", sorted(generate.pages()))
def test_a_rule_page_is_up_to_date(name: str) -> None:
    """A rule that changed has its page written again, by `python docs/generate.py`."""
    assert generate.pages()[name] == (generate.RULES / name).read_text(encoding="utf-8")


def test_every_rule_has_its_place() -> None:
    """Each rule has an anchor of its own, on exactly one page."""
    anchors = [
        anchor
        for path in generate.RULES.glob("*.md")
        for anchor in _ANCHOR.findall(path.read_text(encoding="utf-8"))
    ]

    assert sorted(rule.id for rule in RULES) == sorted(anchors)


def test_a_rule_explains_itself() -> None:
    """A rule says what it asks, why, what to do, and where that is written down."""
    silent = [
        rule.id
        for rule in RULES
        if not (rule.title and rule.why and rule.advice)
        or "\n" in rule.title
        or not re.search(r"https://[\w.-]+/\S*", rule.source)
    ]

    assert [] == silent


def test_a_rule_refers_to_rules_that_exist() -> None:
    """What a rule requires is in the catalogue, and so is every rule that its page speaks of."""
    unknown = [
        (rule.id, each)
        for rule in RULES
        for each in (*rule.requires, *generate.ids_in(_page_of(rule)))
        if each not in catalogue()
    ]

    assert [] == unknown


def _page_of(rule: Rule) -> str:
    return f"{rule.title} {rule.what} {rule.why} {rule.practice} {rule.advice}"


def test_ids_and_slugs_are_unique() -> None:
    """An id or slug names one rule."""
    slugs = [rule.slug for rule in RULES]

    assert len(slugs) == len(set(slugs))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


@pytest.mark.parametrize("family", [page.family for page in generate.PAGES])
def test_the_changelog_names_every_rule(family: str) -> None:
    """No rule appears, and none is retired, without a word to the users."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = {each for each in generate.ids_in(text) if each.startswith(family)}
    existing = {rule.id for rule in RULES if rule.id.startswith(family)}

    assert generate.ranges(existing) == generate.ranges(named)


def test_links_lead_somewhere() -> None:
    """A link inside of the repository leads to a file, and to a place in it."""
    broken = [
        (name_of(path), link)
        for path in DOCUMENTS
        for link in links_of(path)
        if not _leads_somewhere(path, link)
    ]

    assert [] == broken


def _leads_somewhere(path: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    return target.exists() and (not anchor or anchor in anchors_of(target))


def test_every_page_can_be_reached() -> None:
    """From the first page of the documents links lead to all of them."""
    reached = {DOCS / "index.md"}
    waiting = list(reached)
    while waiting:
        path = waiting.pop()
        for link in links_of(path):
            target = (path.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                reached.add(target)
                waiting.append(target)

    assert set(DOCS.rglob("*.md")) <= reached


def test_the_page_of_settings_names_each_of_them() -> None:
    """Every flag with its ini twin and its type stands there, and no other."""
    parser = pytest.Parser(_ispytest=True)
    options.add(parser)
    flags = [
        f"{name}={metavar}" if metavar else name
        for option in parser.getgroup("asyncprotocol").options
        for metavar in [option.attrs().get("metavar")]
        for name in option.names()
    ]
    types = {"args": "list", "paths": "list of paths"}
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(--\S+)` \| (?:`(\w+)`)? *\| ([\w ]*?) *\|", page, re.MULTILINE)

    assert sorted(flags) == sorted(flag for flag, _, _ in rows)
    assert {key: types.get(str(kind), kind) for key, (_, kind, _) in parser._inidict.items()} == {
        key: kind for _, key, kind in rows if key
    }


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("AI001", ["AI001"]),
        ("AI001-AI003, CO010", ["AI001", "AI002", "AI003", "CO010"]),
        ("AI001-003", ["AI001", "AI002", "AI003"]),
        ("see ASYNC101", []),
    ],
)
def test_ids_are_found_in_text(text: str, ids: list[str]) -> None:
    """Single ids and ranges are read, and nothing that only resembles them."""
    assert ids == list(generate.ids_in(text))


def test_ranges_are_the_way_back() -> None:
    """A list of ids is written with ranges, and read again as the same ids."""
    ids = ["AI001", "AI002", "AI003", "AI005", "CO001"]

    assert "AI001-AI003, AI005, CO001" == generate.ranges(ids)
    assert ids == list(generate.ids_in(generate.ranges(ids)))
