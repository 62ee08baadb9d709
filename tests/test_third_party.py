"""Rules of other distributions: found by their entry points, on first use, or refused by name."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_asyncprotocol import third_party
from pytest_asyncprotocol.catalogue import _load, catalogue
from pytest_asyncprotocol.model.exceptions import BrokenRules
from pytest_asyncprotocol.model.rule import distributions, registered
from tests.conftest import RunPytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "rules_of_a_company"

CHECKED = """
    from pytest_asyncprotocol import assert_async_context_manager, conformance
    from subjects import Room, Ticker

    @conformance.async_iterator(items=[0, 1, 2])
    def test_ticker():
        return Ticker()

    def test_room():
        assert_async_context_manager(Room)
"""

HOLDS = '''
from pytest_asyncprotocol.testing import Case, Level, Protocol, Violation, rule

ITERATOR = (Protocol.ASYNC_ITERATOR,)
{loading}

@rule({given}, Level.MUST, protocols=ITERATOR)
async def holds(case: Case) -> None:
    """It holds."""
'''


def install(folder: Path, name: str, version: str, **entry_points: str) -> None:
    """Put into *folder* what an installer writes about a distribution."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text("\n".join([f"[{third_party.GROUP}]", *lines, ""]))


@pytest.fixture
def acme(pytester: pytest.Pytester) -> Path:
    """The example, installed where the tests of a run of pytest are; the folder."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(EXAMPLE / "acme_rules", pytester.path / "acme_rules")
    named = project["entry-points"][third_party.GROUP]
    install(pytester.path, project["name"], project["version"], **named)
    return pytester.path


@pytest.mark.parametrize("plugins", [("ours",), ("ours", "xdist")], ids=["", "xdist"])
def test_the_example_proves_its_rules(
    run_pytest: RunPytest, acme: Path, plugins: tuple[str, ...]
) -> None:
    """Its own tests pass, and what they prove stays out of the summary."""
    shutil.copytree(EXAMPLE / "tests", acme / "tests")
    run = run_pytest("-W", "error", *(["-n", "1"] * ("xdist" in plugins)), plugins=plugins)

    assert 0 == run.exit_code, run.out
    assert set(run.outcomes().values()) == {"passed", "skipped"}
    for backend in ("asyncio", "trio"):
        assert "passed" == run.test(f"test_feed[ACME001-{backend}]").outcome
    assert (
        "passed"
        == run.test(
            "test_a_specimen_shows_what_it_was_written_for[ACME002-OpenAfterAnError]"
        ).outcome
    )
    assert "asyncprotocol: 1 subject on " in run.out
    assert "violated" not in run.out


def test_the_example_needs_no_plugin(run_pytest: RunPytest, acme: Path) -> None:
    """Specimens are proved by what a rule's author imports."""
    shutil.copytree(EXAMPLE / "tests", acme / "tests")
    run = run_pytest("-k", "specimen or caught", plugins=())

    assert {"passed"} == set(run.outcomes().values()), run.out


def test_rules_of_others_are_listed_and_explained(run_pytest: RunPytest, acme: Path) -> None:
    """In their place among ours, with the distribution that they come with."""
    listed = run_pytest("--asyncprotocol-rules", plugins=("ours",))
    explained = run_pytest("--asyncprotocol-explain=closed-tells-the-truth", plugins=("ours",))

    assert "\nACME002  closed-tells-the-truth  " in listed.out
    assert (
        "\n       from acme-rules 1.2: https://handbook.acme.example/services/sessions\n"
        in listed.out
    )
    assert "\nAI005  sticky-stop  " in listed.out
    assert "ACME002 closed-tells-the-truth · SHOULD · async context manager\n" in explained.out
    assert "\nfrom acme-rules 1.2\n" in explained.out


@pytest.mark.parametrize("plugins", [("ours",), ("ours", "xdist")], ids=["", "xdist"])
def test_rules_of_others_judge_and_are_reported(
    run_pytest: RunPytest, acme: Path, plugins: tuple[str, ...]
) -> None:
    """In items, in assertions, in the summary, and in the files."""
    reports = [f"--asyncprotocol-report=found.{suffix}" for suffix in ("json", "md", "html")]
    parallel = ["-n", "1"] * ("xdist" in plugins)
    run = run_pytest(*reports, *parallel, plugins=plugins, columns=200, test_all=CHECKED)

    item, assertion = run.test("test_ticker[ACME001-trio]"), run.test("test_room")
    assert ["failed"] * 2 == [item.outcome, assertion.outcome]
    assert "Ticker: it has no aclose()" in item.reason
    assert "From: acme-rules 1.2" in item.reason
    assert {("ACME002", "asyncio"), ("ACME002", "trio")} == assertion.violations
    assert "ACME001 close-takes-a-timeout  on asyncio, trio: it has no aclose()" in run.out
    found = json.loads((acme / "found.json").read_text(encoding="utf-8"))
    origins = {rule["id"]: rule["distribution"] for rule in found["rules"]}
    assert ("acme-rules 1.2", None) == (origins["ACME001"], origins["AI005"])
    for suffix in ("md", "html"):
        assert "acme-rules 1.2" in (acme / f"found.{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flag", "judged"),
    [
        ("--asyncprotocol-select=ACME", {"ACME001"}),
        ("--asyncprotocol-select=close-takes-a-timeout", {"ACME001"}),
        ("--asyncprotocol-select=ACME001,AI004", {"ACME001", "AI004"}),
    ],
)
def test_rules_of_others_are_selected(
    run_pytest: RunPytest, acme: Path, flag: str, judged: set[str]
) -> None:
    """By prefix, slug and id."""
    run = run_pytest(flag, "-k", "ticker", plugins=("ours",), test_all=CHECKED)

    assert judged == {name.partition("[")[2].partition("-")[0] for name in run.outcomes()}


def test_rules_of_others_are_ignored(run_pytest: RunPytest, acme: Path) -> None:
    """And then ours are left."""
    run = run_pytest("--asyncprotocol-ignore=ACME", plugins=("ours",), test_all=CHECKED)

    assert 0 == run.exit_code, run.out
    assert "ACME" not in run.out


def test_rules_of_others_are_loaded_on_first_use(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """A session that checks nothing does not import them."""
    install(pytester.path, "loud-rules", "1", loud="loud_rules")
    pytester.makepyfile(loud_rules="open('imported', 'a').write('once ')")
    imported = pytester.path / "imported"

    test = "def test_it(): pass"
    assert 0 == run_pytest("-v", plugins=("ours",), fresh=True, test_a=test).exit_code
    assert not imported.exists()
    assert 0 == run_pytest("-k", "room", plugins=("ours",), test_a=CHECKED).exit_code
    assert "once " == imported.read_text()


BROKEN = "the rules of broken-rules 0.1 (entry point broken = broken_rules) can't be used: "
MISSING = "ModuleNotFoundError: No module named 'nothing_like_it'"


@pytest.fixture
def broken(pytester: pytest.Pytester) -> None:
    """An installed distribution whose module of rules can't be imported."""
    install(pytester.path, "broken-rules", "0.1", broken="broken_rules")
    pytester.makepyfile(broken_rules="import nothing_like_it")


@pytest.mark.parametrize(
    "flag", ["--asyncprotocol-rules", "--asyncprotocol-explain=AI005", "--asyncprotocol-select=AI"]
)
def test_broken_rules_are_a_usage_error(run_pytest: RunPytest, broken: None, flag: str) -> None:
    """Where a flag needs the catalogue."""
    run = run_pytest(flag, plugins=("ours",), test_all=CHECKED)

    assert 4 == run.exit_code
    assert f"ERROR: {BROKEN}{MISSING}" in run.err


@pytest.mark.parametrize("plugins", [("ours",), ("ours", "xdist")], ids=["", "xdist"])
@pytest.mark.parametrize("wanted", ["ticker", "room"])
def test_broken_rules_end_the_collection(
    run_pytest: RunPytest, broken: None, plugins: tuple[str, ...], wanted: str
) -> None:
    """Before the first test, in the module that would use them, and without a traceback."""
    parallel = ["-n", "1"] * ("xdist" in plugins)
    run = run_pytest(*parallel, "-k", wanted, plugins=plugins, columns=200, test_all=CHECKED)

    assert 0 != run.exit_code
    assert {} == run.outcomes(), run.out
    assert f"{BROKEN}{MISSING}" in run.out
    assert "Traceback" not in run.out
    assert "third_party.py" not in run.out


def test_broken_rules_disturb_nobody_else(run_pytest: RunPytest, broken: None) -> None:
    """A session that checks nothing never hears of them."""
    run = run_pytest(plugins=("ours",), fresh=True, test_a="def test_it(): pass")

    assert 0 == run.exit_code


def test_broken_rules_without_the_plugin(run_pytest: RunPytest, broken: None) -> None:
    """There each assertion says it."""
    run = run_pytest("-k", "room", plugins=(), columns=200, test_all=CHECKED)

    assert "failed" == run.test("test_room").outcome
    assert f"BrokenRules: {BROKEN}{MISSING}" in run.test("test_room").reason


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A catalogue of our own rules, which has not yet looked for others; a folder for modules."""
    catalogue()
    _load.cache_clear()
    monkeypatch.setattr(third_party, "_begun", False)
    monkeypatch.setattr(third_party, "_broken", {})
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(registered), dict(distributions)
    distributions.clear()
    yield tmp_path
    for book, known in zip((registered, distributions), before, strict=True):
        book.clear()
        book.update(known)


def offer(monkeypatch: pytest.MonkeyPatch, **named: str) -> None:
    """Let entry points of these names be installed, each in a distribution of its own."""

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [
            EntryPoint(name, value, group)._for(  # type: ignore[attr-defined]
                SimpleNamespace(name=f"{name}-rules", version="2")
            )
            for name, value in named.items()
        ]

    monkeypatch.setattr(third_party, "entry_points", entry_points)


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (
            {"given": '"AI950", "holds"'},
            "ValueError: AI950: the family AI is that of pytest-asyncprotocol itself: take other",
        ),
        (
            {"given": '"AI005", "holds"'},
            "ValueError: AI005 holds is taken by AI005 sticky-stop: ids and slugs are unique",
        ),
        (
            {"given": '"XX001", "sticky-stop"'},
            "ValueError: XX001 sticky-stop is taken by AI005 sticky-stop: ids and slugs are unique",
        ),
        (
            {"given": '"XX001", "holds"', "loading": "import nothing_like_it"},
            MISSING,
        ),
        (
            {"given": '"XX001", "holds"', "loading": "raise SystemExit('no')"},
            "SystemExit: no",
        ),
        ({"given": "'X1', 'holds'"}, "ValueError: 'X1' is no rule id: take two or more capital"),
    ],
    ids=["of_our_family", "of_our_id", "of_our_slug", "of_nothing", "of_an_exit", "of_no_id"],
)
def test_a_rule_that_can_not_be_entered(
    unloaded: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    details: dict[str, str],
    message: str,
) -> None:
    """It is refused, with the distribution that brought it, and again each time."""
    name = f"xx_{request.node.callspec.id}"
    (unloaded / f"{name}.py").write_text(HOLDS.format(**{"loading": "", **details}))
    offer(monkeypatch, xx=name)

    for _ in range(2):
        with pytest.raises(BrokenRules) as caught:
            catalogue()
        origin = f"the rules of xx-rules 2 (entry point xx = {name}) can't be used: "
        assert str(caught.value).startswith(origin + message)


@pytest.mark.parametrize("value", ["no module", "nothing_like_it", "json:nothing_like_it"])
def test_an_entry_point_that_leads_nowhere(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """It is refused as well, by its name."""
    try:
        offer(monkeypatch, xx=value)
        with pytest.raises(BrokenRules, match=r"the rules of xx-rules 2 \(entry point xx = "):
            catalogue()
    except ValueError:  # newer Pythons refuse a value that is none
        assert "no module" == value


@pytest.mark.parametrize("required", ["AI999", "XX001", "XX002"])
def test_a_rule_requires_what_was_entered_before(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    """So that nothing is left out unseen, and nothing goes in a circle."""
    text = HOLDS.format(loading="", given='"XX001", "holds"')
    text = text.replace("=ITERATOR)", f"=ITERATOR, requires=('AI001', {required!r}))")
    more = text.replace("XX001", "XX002").replace("holds", "too")
    (unloaded / f"xx_requires_{required.lower()}.py").write_text(text + more)
    offer(monkeypatch, xx=f"xx_requires_{required.lower()}")

    with pytest.raises(BrokenRules, match=f"XX001 requires {required}, and no such rule was"):
        catalogue()


def test_all_broken_distributions_are_named(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and in the same order in each process."""
    offer(monkeypatch, yy="nothing_like_it", xx="nothing_like_it")

    with pytest.raises(BrokenRules) as caught:
        catalogue()

    assert ["xx-rules", "yy-rules"] == [line.split()[3] for line in str(caught.value).splitlines()]


def test_an_entry_point_may_name_a_function(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is called once; the rules can stand in whichever module."""
    indented = HOLDS.format(loading="", given='"COMP001", "holds"').replace("\n", "\n    ")
    (unloaded / "xx_inner.py").write_text(f"def enter():{indented}")
    (unloaded / "xx_outer.py").write_text("from xx_inner import enter")
    offer(monkeypatch, xx="xx_outer:enter")

    assert catalogue() == catalogue()
    assert "xx-rules 2" == catalogue()["COMP001"].distribution
    assert catalogue()["CO001"].distribution is None


def test_a_module_may_have_been_imported_before(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the tests of its rules; then its rules are there already."""
    package = unloaded / "xx_package"
    package.mkdir()
    (package / "__init__.py").write_text("from xx_package import inner")
    (package / "inner.py").write_text(HOLDS.format(loading="", given='"XX001", "holds"'))
    __import__("xx_package")
    offer(monkeypatch, xx="xx_package")

    assert "xx-rules 2" == catalogue()["XX001"].distribution


def test_a_family_of_ours_is_no_prefix_of_others(
    unloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CO selects the rules for all protocols, and not those of a company."""
    from pytest_asyncprotocol.plan import plan_for

    (unloaded / "xx_comp.py").write_text(HOLDS.format(loading="", given='"COMP001", "holds"'))
    offer(monkeypatch, xx="xx_comp")

    def chosen(prefix: str) -> set[Any]:
        plan = plan_for(catalogue()["AI001"].protocols[0], object, {"select": (prefix,)})
        return {rule.id[:-3] for rule in plan.rules}

    assert [{"CO"}, {"COMP"}, {"COMP"}] == [chosen("CO"), chosen("COMP"), chosen("COM")]
