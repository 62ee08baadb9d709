"""What was checked, and what was begun and never awaited, in one pytest session."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncprotocol.model import settings

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report


class Record:
    """Listens to the reports that are made while the session runs."""

    def __init__(self, wanted: settings.Settings) -> None:
        self.settings = wanted
        self._waiting: list[Report] = []
        self._finished: list[Report] = []
        self._installed = ExitStack()

    def install(self) -> None:
        """Put the session's settings in force, and listen."""
        self._installed.enter_context(settings.using(self.settings))
        self._installed.enter_context(settings.listening(self._hear))

    def uninstall(self) -> None:
        """Undo `install`."""
        self._installed.close()

    def take_finished(self) -> list[Report]:
        """The reports finished since this was last asked for."""
        taken, self._finished = self._finished, []
        return taken

    def guard(self) -> Generator[None, Any, Any]:
        """Around a phase of a test: fail it for each check that it did not await."""
        try:
            result = yield
        except BaseException as error:
            for text in self._forgotten():
                error.add_note(text)
            raise
        forgotten = self._forgotten()
        if forgotten:
            pytest.fail("\n".join(forgotten), pytrace=False)
        return result

    def _hear(self, report: Report) -> None:
        (self._waiting if report.waiting else self._finished).append(report)

    def _forgotten(self) -> list[str]:
        waiting, self._waiting = self._waiting, []
        return [report.forget() for report in waiting if report.waiting]


RECORD = pytest.StashKey[Record]()
"""Where a session keeps its record."""
