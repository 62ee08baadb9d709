"""What is raised: to users, and by rules to say how a check ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report


class ConformanceError(AssertionError):
    """A subject does not conform, or could not be judged.

    Raised by every ``assert_*``; ``report`` holds all verdicts.
    """

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


ConformanceError.__module__ = "pytest_asyncprotocol"


def members(error: BaseException) -> tuple[BaseException, ...]:
    """The exceptions in a group; none where *error* is no group."""
    if not isinstance(error, BaseExceptionGroup):
        return ()
    return cast("BaseExceptionGroup[BaseException]", error).exceptions


class BackendUnavailable(ValueError):
    """A backend was asked for that is unknown, not installed or too new for this Python."""


class BrokenRules(RuntimeError):
    """An installed distribution names rules that can't be entered; the message names it."""


class RuleOutcome(Exception):
    """How a rule says that its check did not simply pass; the message is for the user."""


class Violation(RuleOutcome):
    """The subject breaks the rule: the message says what it did, and what was expected."""


class Forbidden(Violation):
    """Something happened in a sequence of operations that *rule* forbids.

    What is *lenient* is allowed on asyncio where it does not happen under the other way to cancel.
    """

    def __init__(self, rule: str, message: str, *, lenient: bool = False) -> None:
        super().__init__(message)
        self.rule = rule
        self.lenient = lenient


class Vacuous(RuleOutcome):
    """The situation that the rule judges never arose; the message names it."""


class NotApplicable(RuleOutcome):
    """The rule says nothing about this subject; the message says why."""


class NoVerdict(RuleOutcome):
    """The check could not be carried out; the message says why, and what to do."""
