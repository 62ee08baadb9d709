"""The catalogue: what a rule has to be, and the order in which rules are judged."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_asyncprotocol import Protocol
from pytest_asyncprotocol.catalogue import catalogue, rules_for, unknown_rule
from pytest_asyncprotocol.model import rule as rule_module
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.rule import Level, Rule, rule

ITERATOR = (Protocol.ASYNC_ITERATOR,)


@pytest.fixture
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that the test may fill."""
    catalogue()
    monkeypatch.setattr(rule_module, "registered", {})
    monkeypatch.setattr(rule_module, "OWN", __name__)


def enter(rule_id: str, slug: str, **details: Any) -> Rule:
    """Enter a rule that always holds."""

    async def holds(case: Case) -> None:
        """It holds."""

    return rule(rule_id, slug, Level.MUST, **details)(holds)


@pytest.mark.parametrize(
    "rule_id", ["", "AI", "A001", "ai001", "AI01", "AI0001", "AI-001", "AI001 "]
)
def test_an_id_is_made_of_a_family_and_three_digits(own_catalogue: None, rule_id: str) -> None:
    """Nothing else is easy to cite."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        enter(rule_id, "holds")

    expected = f"{rule_id!r} is no rule id: take two or more capital letters and three digits"
    assert expected == str(caught.value)


@pytest.mark.parametrize("slug", ["", "Holds", "it holds", "it_holds", "-holds", "holds-"])
def test_a_slug_is_made_of_words_and_hyphens(own_catalogue: None, slug: str) -> None:
    """It is typed on command lines."""
    with pytest.raises(ValueError, match="is no slug: take lower case words with hyphens"):
        enter("AI001", slug)


@pytest.mark.parametrize(("rule_id", "slug"), [("AI001", "other"), ("AI002", "holds")])
def test_ids_and_slugs_are_taken_once(own_catalogue: None, rule_id: str, slug: str) -> None:
    """They are public, and never reused."""
    enter("AI001", "holds")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        enter(rule_id, slug)

    assert f"{rule_id} {slug} is taken by AI001 holds: ids and slugs are unique" == str(
        caught.value
    )


def test_a_family_of_others_names_its_protocols(own_catalogue: None) -> None:
    """A family whose first letters are known is not that family."""
    with pytest.raises(ValueError, match="AIX001 belongs to no known family: name its protocols="):
        enter("AIX001", "holds")

    assert ITERATOR == enter("AIX001", "holds", protocols=ITERATOR).protocols


def test_a_known_family_has_its_protocols(own_catalogue: None) -> None:
    """Rules about iterators hold for generators, which are iterators."""
    assert (Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR) == enter("AI001", "a").protocols
    assert tuple(Protocol) == enter("CO001", "b").protocols
    assert (Protocol.AWAITABLE,) == enter("AW001", "c").protocols


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (
            {"enabled_by": ("cancel_save",)},
            "AI001 is enabled by cancel_save=, which no subject can declare",
        ),
        (
            {"libraries": ("curio",)},
            "AI001: libraries= takes 'asyncio', 'trio' or both, not ('curio',)",
        ),
        ({"libraries": ()}, "AI001: libraries= takes 'asyncio', 'trio' or both, not ()"),
    ],
)
def test_a_rule_that_could_never_run(
    own_catalogue: None, details: dict[str, Any], message: str
) -> None:
    """It is refused where it is written."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        enter("AI001", "holds", **details)

    assert message == str(caught.value)


def test_a_rule_is_an_async_function(own_catalogue: None) -> None:
    """A plain one would be called, and then awaited in vain."""

    def holds(case: Case) -> None:
        """It holds."""

    with pytest.raises(TypeError, match="AI001 is no async function: write `async def` below"):
        rule("AI001", "holds", Level.MUST)(holds)  # type: ignore[arg-type]


def test_the_catalogue_is_in_the_order_of_its_ids() -> None:
    """However the modules are imported."""
    ids = list(catalogue())

    assert sorted(ids) == ids
    assert all(key == each.id for key, each in catalogue().items())


def test_slugs_are_unique() -> None:
    """`select=` takes them too."""
    slugs = [each.slug for each in catalogue().values()]

    assert sorted(set(slugs)) == sorted(slugs)


def test_what_is_required_exists() -> None:
    """A typing error would require nothing."""
    rules = catalogue()
    missing = {
        (each.id, required)
        for each in rules.values()
        for required in each.requires
        if required not in rules
    }

    assert set() == missing


def test_nothing_requires_itself_by_detours() -> None:
    """Each rule can be placed behind all that it requires."""
    rules = catalogue()

    def required_by(rule_id: str, way: tuple[str, ...]) -> None:
        assert rule_id not in way, " -> ".join((*way, rule_id))
        for required in rules[rule_id].requires:
            if required in rules:
                required_by(required, (*way, rule_id))

    for rule_id in rules:
        required_by(rule_id, ())


@pytest.mark.parametrize("protocol", Protocol)
def test_rules_come_behind_those_that_they_require(protocol: Protocol) -> None:
    """All rules of the protocol, each once."""
    ordered = [each.id for each in rules_for(protocol)]
    place = {each: number for number, each in enumerate(ordered)}

    assert len(set(ordered)) == len(ordered)
    assert {r.id for r in catalogue().values() if protocol in r.protocols} == set(ordered)
    for rule_id in ordered:
        behind = [
            r for r in catalogue()[rule_id].requires if r in place and place[r] > place[rule_id]
        ]
        assert [] == behind, f"{rule_id} comes before {behind}"


def test_the_order_is_that_of_the_ids_where_nothing_is_required(own_catalogue: None) -> None:
    """So that it is the same in every process."""
    enter("AI003", "c")
    enter("AI001", "a", requires=("AI003", "CM001"))
    enter("AI002", "b")

    assert ["AI003", "AI001", "AI002"] == [r.id for r in rules_for(Protocol.ASYNC_ITERATOR)]


def test_each_rule_has_its_page() -> None:
    """A title, a reason, advice, and a source with its address."""
    for each in catalogue().values():
        assert each.title, each.id
        assert not each.title.endswith("."), each.id
        assert each.why, each.id
        assert each.advice, each.id
        assert each.source_address.startswith("https://"), each.id


def test_a_page_is_read_from_the_docstring(own_catalogue: None) -> None:
    """Title, text and sections."""

    @rule("AI001", "holds", Level.MAY)
    async def holds(case: Case) -> None:
        """It holds.

        Always, and
        everywhere.

        Why:
            Because.

        Source:
            The book: https://example.org/book, page 3
        """

    assert "AI001 holds" == holds.name
    assert "It holds" == holds.title
    assert "Always, and\neverywhere." == holds.what
    assert "Because." == holds.why
    assert "" == holds.practice
    assert "" == holds.advice
    assert "https://example.org/book," == holds.source_address


def test_near_matches_are_looked_for_among_ids_and_slugs(own_catalogue: None) -> None:
    """At most three, each once."""
    for number in range(1, 6):
        enter(f"AI00{number}", f"holds-{number}")

    expected = (
        "there is no rule 'AI01': did you mean AI001 holds-1 or AI005 holds-5 or AI004 holds-4?"
    )
    assert expected == unknown_rule("AI01")
    assert "there is no rule 'hold-3': did you mean AI003 holds-3" in unknown_rule("hold-3")
    assert "there is no rule '?': see --asyncprotocol-rules" == unknown_rule("?")


@pytest.mark.parametrize(
    ("level", "line", "included"),
    [
        (Level.MUST, "must", True),
        (Level.SHOULD, "must", False),
        (Level.SHOULD, "should", True),
        (Level.MAY, "should", False),
        (Level.MAY, "may", True),
    ],
)
def test_a_level_is_on_one_side_of_the_line(level: Level, line: str, *, included: bool) -> None:
    """The line includes what it names."""
    assert included == level.included_by(line)
