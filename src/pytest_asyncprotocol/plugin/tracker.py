"""What was checked, and what was begun and never awaited, in one pytest session."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncprotocol.model import settings

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report

COMPLETE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""How a session exits that was not stopped before its end."""

_TAKERS = {
    "asyncio": "pytest-asyncio does in its auto mode; set asyncio_mode = strict",
    "trio": "pytest-trio does with its mark, and in trio_mode; leave both out",
}


class Tracker:
    """Listens to the reports that are made while the session runs."""

    def __init__(self, wanted: settings.Settings) -> None:
        self.settings = wanted
        self._begun: list[Report] = []
        self._finished: list[Report] = []

    def install(self) -> ExitStack:
        """Put the session's settings in force, and listen, until what is given is closed."""
        installed = ExitStack()
        installed.enter_context(settings.using(self.settings))
        installed.enter_context(settings.listening(self._hear))
        return installed

    def take_finished(self) -> list[Report]:
        """The reports finished since this was last asked for."""
        taken, self._finished = self._finished, []
        return taken

    def guard(self) -> Generator[None, Any, Any]:
        """Around a phase of a test: fail it for each check that it did not await to its end."""
        __tracebackhide__ = True
        try:
            result = yield
        except pytest.skip.Exception:
            self._fail_for_forgotten()
            raise
        except BaseException as error:
            self._add_notes(error)
            raise
        self._fail_for_forgotten()
        return result

    def expect_awaited_on(self, library: str | None) -> None:
        """Fail a test whose awaited checks ran on another library than its label says."""
        if library is None:
            return
        from pytest_asyncprotocol.model.backends import find_known_backend

        for report in self._finished:
            other = {find_known_backend(v.backend).library for v in report} - {library}
            if report.made_at and other:
                pytest.fail(
                    f"this test is labelled {library}, but its check at {report.made_at} ran on "
                    f"{min(other)}: another plugin runs the test, as {_TAKERS[min(other)]}",
                    pytrace=False,
                )

    def guard_set_up(self) -> Generator[None, Any, Any]:
        """Around a set-up, whose checks the test may still await: speak up only if it failed."""
        __tracebackhide__ = True
        try:
            return (yield)
        except BaseException as error:
            self._add_notes(error)
            raise

    def _hear(self, report: Report) -> None:
        if report.waiting:
            self._begun.append(report)
            return
        self._begun = [each for each in self._begun if each is not report]
        self._finished.append(report)

    def _fail_for_forgotten(self) -> None:
        forgotten = self._forgotten()
        if forgotten:
            raise pytest.fail.Exception("\n".join(forgotten), pytrace=False) from None

    def _add_notes(self, error: BaseException) -> None:
        for text in self._forgotten():
            error.add_note(text)

    def _forgotten(self) -> list[str]:
        begun, self._begun = self._begun, []
        return [_given_up(report) for report in begun]


def _given_up(report: Report) -> str:
    if report.waiting:
        return report.forget()
    report.forget()
    return (
        f"the check of {report.subject} at {report.made_at} was begun, but did not come to its "
        "end: await it in the test, outside of what is cancelled"
    )


TRACKER = pytest.StashKey[Tracker]()
"""Where a session keeps its tracker."""


@dataclass(eq=False)
class Collection:
    """What was checked in each test, here or in workers, by node id."""

    checked: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, Any], init=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect from one test's report; a test that is run again starts anew."""
        if report.when == "setup":
            self.checked.pop(report.nodeid, None)
        checked = getattr(report, "asyncprotocol", ())
        if checked:
            self.checked.setdefault(report.nodeid, []).extend(checked)


@dataclass(eq=False)
class Running:
    """Whether tests are run, which `--collect-only` and `--fixtures` do not."""

    running: bool = field(default=False, init=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note it."""
        options = session.config.option
        self.running = not (options.collectonly or options.setuponly or options.setupplan)
