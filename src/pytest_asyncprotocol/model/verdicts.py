"""Verdicts, and the report that collects those of one subject."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_asyncprotocol.model.protocols import Protocol

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.rule import Rule


class Status(enum.Enum):
    """How a check ended."""

    PASSED = "passed"
    VIOLATED = "violated"
    VACUOUS = "vacuous"
    SKIPPED = "skipped"
    ERROR = "error"


class Skip(enum.Enum):
    """Why a rule was skipped."""

    NOT_APPLICABLE = "not applicable"
    UNDECLARED = "undeclared"
    BLOCKED = "blocked"
    NEEDS_FRESH = "needs a fresh object"
    NEEDS_OWN_LOOP = "needs its own loop"
    USED_UP = "used up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a check really did.

    ``runs`` counts fresh subjects, ``points`` the suspension points at which a cancellation was
    delivered, ``sequences`` those of operations that were run; ``opened`` names what kept the
    clock real, empty when the world stayed closed; ``scheduled`` says whether the
    order in which tasks run was controlled.
    """

    runs: int = 0
    points: int = 0
    sequences: int = 0
    opened: tuple[str, ...] = ()
    scheduled: bool = True

    def __str__(self) -> str:
        counts = {"run": self.runs, "cancellation point": self.points, "sequence": self.sequences}
        parts = [f"{n} {noun}{'s' * (n != 1)}" for noun, n in counts.items() if n or noun == "run"]
        if self.opened:
            parts.append(f"real clock, because of {', '.join(self.opened)}")
        if not self.scheduled:
            parts.append("scheduling not controlled")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one rule ended on one backend.

    ``rule`` is None where the factory or the backend failed before any rule could run.
    ``message`` says what happened; ``trace`` holds the protocol calls that led there.
    ``skip`` is the kind of reason why the rule was skipped. ``expected`` is the reason of an
    expected failure, ``script`` writes the reproducer.
    """

    rule: Rule | None
    backend: str
    status: Status
    message: str = ""
    trace: tuple[str, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    skip: Skip | None = None
    expected: str | None = None
    script: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    @property
    def reproducer(self) -> str:
        """A stand-alone script that shows the violation without this plugin; empty without one."""
        return "" if self.script is None else self.script()

    @property
    def name(self) -> str:
        """The rule's id and slug, or ``factory``."""
        return "factory" if self.rule is None else self.rule.name

    @property
    def enabled_by(self) -> tuple[str, ...]:
        """The declarations, one of which would enable a rule that was skipped without them."""
        return self.rule.enabled_by if self.rule and self.skip is Skip.UNDECLARED else ()

    @property
    def failed(self) -> bool:
        """Whether this verdict fails the subject."""
        return self.expected is None and self.status in (Status.VIOLATED, Status.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The verdicts on one subject, with its name and source once one was made.

    ``targets`` names what was checked, as ``module:qualname``.
    """

    subject: str | None = None
    source: str | None = None
    targets: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        named = self if other.subject is None else other
        return Findings(
            subject=named.subject,
            source=named.source,
            targets=tuple(dict.fromkeys((*self.targets, *other.targets))),
            verdicts=(*self.verdicts, *other.verdicts),
        )


class Report:
    """All verdicts of one subject, in the order of the rules.

    From inside a running loop an assertion gives an unfinished report, which does its work when
    it is awaited and gives itself; any other use of it raises `RuntimeError`.
    """

    def __init__(
        self,
        subject: str,
        protocol: Protocol,
        *,
        source: str | None = None,
        work: Callable[[Report], Awaitable[None]] | None = None,
        made_at: str = "",
    ) -> None:
        self._found = Findings(subject=subject, source=source)
        self._protocol = protocol
        self._work = work
        self._begun = False
        self._made_at = made_at
        self._unconfirmed: tuple[str, ...] = ()
        self._complete = True

    @property
    def subject(self) -> str:
        """The subject's name."""
        return str(self._finished().subject)

    @property
    def protocol(self) -> Protocol:
        """The protocol that was checked."""
        self._finished()
        return self._protocol

    @property
    def source(self) -> str | None:
        """``file:line`` where the subject is defined, if Python knows it."""
        return self._finished().source

    @property
    def targets(self) -> tuple[str, ...]:
        """What was checked, as ``module:qualname``: the class or function, and what gave it."""
        return self._finished().targets

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts."""
        return self._finished().verdicts

    @property
    def complete(self) -> bool:
        """False where rules had to be left out because the subject is a single instance."""
        self._finished()
        return self._complete

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """Expected failures whose rule gave no verdict that could confirm them."""
        self._finished()
        return self._unconfirmed

    @property
    def violations(self) -> tuple[Verdict, ...]:
        """The verdicts *violated* that were not expected."""
        return tuple(v for v in self.failures if v.status is Status.VIOLATED)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The verdicts that fail the subject: *violated* and *error*."""
        return tuple(v for v in self.verdicts if v.failed)

    @property
    def passed(self) -> bool:
        """Whether nothing failed, and something was proved."""
        return not self.failures and self.count(Status.PASSED) > 0

    @property
    def waiting(self) -> bool:
        """Whether this report still has to be awaited; may be asked of an unfinished one."""
        return self._work is not None and not self._begun

    @property
    def made_at(self) -> str:
        """``file:line`` of the call that made this report, where it has to be awaited."""
        return self._made_at

    def count(self, status: Status) -> int:
        """How many verdicts have *status*."""
        return sum(v.status is status for v in self.verdicts)

    def of(self, rule_id: str) -> tuple[Verdict, ...]:
        """The verdicts of one rule, one a backend."""
        return tuple(v for v in self.verdicts if v.rule is not None and v.rule.id == rule_id)

    def __await__(self) -> Generator[Any, Any, Report]:
        __tracebackhide__ = True
        if self._begun:
            self._finished()
        if self._work is not None:
            self._begun = True
            yield from self._work(self).__await__()
        return self

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        if self._work is not None:
            return f"<unfinished report on {self._found.subject}: await it>"
        counts = ", ".join(f"{self.count(s)} {s.value}" for s in Status if self.count(s))
        return f"<report on {self._found.subject}: {counts or 'no verdicts'}>"

    def __del__(self) -> None:
        if getattr(self, "_work", None) is not None and not self._begun:
            warnings.warn(self._forgotten(), RuntimeWarning, stacklevel=2, source=self)

    def conclude(
        self, found: Findings, *, complete: bool = True, unconfirmed: Iterable[str] = ()
    ) -> None:
        """Finish the report; for the code that carries out the checks."""
        self._found += found
        self._complete, self._unconfirmed = complete, tuple(unconfirmed)
        self._work = None

    def forget(self) -> str:
        """Give up waiting to be awaited, and say what was forgotten."""
        self._work = None
        return self._forgotten()

    def _forgotten(self) -> str:
        where = f" at {self._made_at}" if self._made_at else ""
        return (
            f"the check of {self._found.subject}{where} was never awaited, so it never ran: "
            "inside a running event loop write `await assert_...(...)`"
        )

    def _finished(self) -> Findings:
        if self._work is None:
            return self._found
        state = "has not run: inside a running event loop write `await assert_...(...)`"
        if self._begun:
            state = "has not come to its end: it was cancelled, or another task still awaits it"
        raise RuntimeError(f"the check of {self._found.subject} {state}")
