"""The catalogue: numbered rules, each with its level, its source and its checking function."""

from __future__ import annotations

import enum
import inspect
import re
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.showing import AS_RECORDED, Shown

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.case import Case

_SECTION = re.compile(r"^(Why|In practice|Advice|Source):\s*$", re.MULTILINE)
OWN: Final = "pytest_asyncprotocol.rules"
"""The package whose modules hold the rules of the families below, and nobody else's."""

FAMILIES: Final[Mapping[str, tuple[Protocol, ...]]] = {
    "AW": (Protocol.AWAITABLE,),
    "AB": (Protocol.ASYNC_ITERABLE,),
    "AI": (Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR),
    "AG": (Protocol.ASYNC_GENERATOR,),
    "CM": (Protocol.ASYNC_CONTEXT_MANAGER,),
    "CO": tuple(Protocol),
}


class Level(enum.Enum):
    """How binding a rule is."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"

    def included_by(self, line: str) -> bool:
        """Whether a rule of this level fails a subject when the line is drawn at *line*."""
        order = list(Level)
        return order.index(self) <= order.index(Level(line))


class Feeds(enum.Enum):
    """What a rule asks of its subject, and so whether an instance can feed it."""

    METHODS = "a look at the methods of its protocol"
    LOOK = "a look at the object"
    SCENARIO = "one use of the object"
    FRESH = "a fresh object"

    @property
    def only_looks(self) -> bool:
        """Whether the rule looks at its subject, and does not use it."""
        return self in (Feeds.METHODS, Feeds.LOOK)


class Fault(enum.Enum):
    """What keeps other rules from a verdict, and is reported by the one rule that judges it."""

    NO_END = "no end of plain use"
    OPEN_SCOPE = "an open scope"
    NO_END_OF_CLOSING = "no end of closing between two runs"


@dataclass(frozen=True, slots=True)
class MethodCheck:
    """What the definition of a method can show to be wrong, without an object of its class.

    It is a decorator above `rule`.
    """

    method: str
    is_wrong: Callable[[FunctionType], bool]
    message: str

    def __call__(self, rule: Rule) -> Rule:
        """Have *rule* say so of such a class."""
        return rule.but(method_checks=(*rule.method_checks, self))


@dataclass(frozen=True)
class Rule:
    """One obligation, and the function that checks it.

    ``stated`` names the rules that must hold before this one can be judged; None stands for those
    that are ``required_by_default``. ``enabled_by`` names declarations, one of which has to be
    made; ``libraries`` limits the rule to those named. ``judges`` names the fault that other rules
    leave to this one. What can be said of a class without an object is said by its
    ``method_checks``, and by a rule that is fed by methods alone. ``shown_by`` says how a script
    shows a violation.
    """

    id: str
    slug: str
    level: Level
    check: Callable[[Case], Awaitable[None]]
    protocols: tuple[Protocol, ...]
    stated: tuple[str, ...] | None = ()
    enabled_by: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("asyncio", "trio")
    feeds: Feeds = Feeds.FRESH
    needs_own_loop: bool = False
    required_by_default: bool = False
    judges: Fault | None = None
    method_checks: tuple[MethodCheck, ...] = ()
    shown_by: Shown = AS_RECORDED

    @property
    def name(self) -> str:
        """Id and slug, as in ``AI005 sticky-stop``."""
        return f"{self.id} {self.slug}"

    @property
    def requires(self) -> tuple[str, ...]:
        """The ids of the rules that must hold before this one can be judged."""
        if self.stated is not None:
            return self.stated
        return tuple(each.id for each in registered.values() if each.required_by_default)

    def but(self, **facts: Any) -> Rule:
        """Enter the rule again, with other *facts*."""
        registered[self.id] = replace(self, **facts)
        return registered[self.id]

    @property
    def family(self) -> str:
        """The letters of the id, as in ``AI``."""
        return self.id[:-3]

    @property
    def distribution(self) -> str | None:
        """What the rule came with, as in ``acme-rules 1.2``; None for those of this package."""
        parts = self.check.__module__.split(".")
        holders = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((distributions[each] for each in holders if each in distributions), None)

    def is_enabled(self, declared: Declarations) -> bool:
        """Whether the rule needs no declaration, or one of those that enable it is made."""
        return not self.enabled_by or any(map(declared.declares, self.enabled_by))

    @cached_property
    def _page(self) -> dict[str, str]:
        text = inspect.getdoc(self.check) or ""
        parts = _SECTION.split(text)
        title, _, what = parts[0].strip().partition("\n")
        sections = {"Title": title.rstrip("."), "What": what.strip()}
        for heading, body in zip(parts[1::2], parts[2::2], strict=True):
            sections[heading] = textwrap.dedent(body.strip("\n")).strip()
        return sections

    @property
    def title(self) -> str:
        """The obligation in one line."""
        return self._page["Title"]

    @property
    def what(self) -> str:
        """The obligation in full, and what it leaves alone."""
        return self._page["What"]

    @property
    def why(self) -> str:
        """What goes wrong for users when the rule is broken."""
        return self._page.get("Why", "")

    @property
    def practice(self) -> str:
        """How real code breaks the rule."""
        return self._page.get("In practice", "")

    @property
    def advice(self) -> str:
        """Where to look, and what to write instead."""
        return self._page.get("Advice", "")

    @property
    def source(self) -> str:
        """Where the obligation is written down, with its address."""
        return self._page.get("Source", "")

    @property
    def source_address(self) -> str:
        """The address alone."""
        return next((word for word in self.source.split() if "://" in word), "")


registered: dict[str, Rule] = {}
"""All rules that were entered so far, by id."""

retired: dict[str, str] = {}
"""Ids that were given up, and why: they are not given again."""

distributions: dict[str, str] = {}
"""The distributions whose entry points named modules of rules, by module."""


def rule(
    id: str,  # noqa: A002
    slug: str,
    level: Level,
    *,
    protocols: tuple[Protocol, ...] | None = None,
    requires: tuple[str, ...] | None = None,
    enabled_by: tuple[str, ...] = (),
    libraries: tuple[str, ...] = ("asyncio", "trio"),
    feeds: Feeds = Feeds.FRESH,
    needs_own_loop: bool = False,
    required_by_default: bool = False,
    judges: Fault | None = None,
) -> Callable[[Callable[[Case], Awaitable[None]]], Rule]:
    """Enter an async function into the catalogue as a rule; its docstring is the rule's page.

    The docstring has a title line, what the rule says, and the sections ``Why``,
    ``In practice``, ``Advice`` and ``Source``. The function gets a `Case`; it returns when the
    subject conforms, and raises `Violation`, `Vacuous`, `NotApplicable` or `NoVerdict` when not.

    A rule that uses its subject requires the rules that are ``required_by_default``, unless it
    names others.
    A rule of others belongs to a family of their own, and names its ``protocols``.

    Raises:
        ValueError: the id or slug is taken or ill-formed, or a declaration or library unknown.
        TypeError: the function is not async.

    Example::

        @rule("ACME001", "says-its-name", Level.SHOULD, protocols=(Protocol.ASYNC_ITERATOR,))
        async def says_its_name(case: Case) -> None:
            '''It has a ``name``. ...'''
    """
    _expect_free(id, slug)
    if requires is None and feeds.only_looks:
        requires = ()
    family = FAMILIES.get(id[:-3])
    if protocols is None and family is None:
        raise ValueError(f"{id} belongs to no known family: name its protocols=")
    for name in enabled_by:
        if name not in Declarations.__annotations__:
            raise ValueError(f"{id} is enabled by {name}=, which no subject can declare")
    if not libraries or set(libraries) - {"asyncio", "trio"}:
        raise ValueError(f"{id}: libraries= takes 'asyncio', 'trio' or both, not {libraries!r}")

    def enter(check: Callable[[Case], Awaitable[None]]) -> Rule:
        if not inspect.iscoroutinefunction(check):
            raise TypeError(f"{id} is no async function: write `async def` below its decorator")
        if family is not None and not check.__module__.startswith(OWN):
            raise ValueError(
                f"{id}: the family {id[:-3]} is that of pytest-asyncprotocol itself: take other "
                "letters, and name protocols="
            )
        entered = Rule(
            id, slug, level, check, protocols or family or (), requires, enabled_by, libraries,
            feeds, needs_own_loop, required_by_default, judges,
        )  # fmt: skip
        registered[id] = entered
        return entered

    return enter


def _expect_free(rule_id: str, slug: str) -> None:
    """Expect an id and a slug that are well-formed, and that no other rule has or had."""
    if not re.fullmatch(r"[A-Z]{2,}\d{3}", rule_id):
        raise ValueError(
            f"{rule_id!r} is no rule id: take two or more capital letters and three digits"
        )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise ValueError(f"{slug!r} is no slug: take lower case words with hyphens between them")
    if rule_id in retired:
        raise ValueError(f"{rule_id} was retired: {retired[rule_id]}; take another id")
    for each in registered.values():
        if rule_id == each.id or slug == each.slug:
            raise ValueError(f"{rule_id} {slug} is taken by {each.name}: ids and slugs are unique")
