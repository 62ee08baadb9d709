"""What is being checked, on a terminal, while one test takes its time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from pytest_asyncprotocol.model import settings

PATIENCE, PAUSE = 1.0, 0.2
"""Seconds after which a test takes its time, and after which what is shown may change."""

_FEWEST_COLUMNS = 20
_GAP = "  "
_SAVE, _RESTORE, _ERASE = "\x1b7", "\x1b8", "\x1b[K"


def register(config: pytest.Config) -> None:
    """Show it where a person looks: on a terminal with colours, and not with -q."""
    if not sys.stdout.isatty() or not config.pluginmanager.has_plugin("terminalreporter"):
        return
    if config.get_terminal_writer().hasmarkup and config.get_verbosity() >= 0:
        config.pluginmanager.register(_Progress(config), "asyncprotocol-progress")


class _Progress:
    """Writes behind what pytest wrote, and erases that before pytest goes on."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._writer = config.get_terminal_writer()
        self._shown = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fixtures can check something too."""
        return (yield from self._during(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Most is checked here."""
        return (yield from self._during(item))

    def _during(self, item: pytest.Item) -> Generator[None, Any, Any]:
        thread, due = threading.get_ident(), time.monotonic() + PATIENCE

        def show(doing: str) -> None:
            nonlocal due
            if time.monotonic() >= due and threading.get_ident() == thread:
                self._write(f"{item.name}: {doing}")
                due = time.monotonic() + PAUSE

        with settings.watching(show):
            try:
                return (yield)
            finally:
                if self._shown:
                    self._write("")

    def _write(self, text: str) -> None:
        room = self._writer.fullwidth - self._writer.width_of_current_line - len(_GAP) - 1
        if room < _FEWEST_COLUMNS:
            return
        self._shown = bool(text)
        with self._uncaptured():
            sys.stdout.write(f"{_SAVE}{_GAP * self._shown}{text[:room]}{_ERASE}{_RESTORE}")
            sys.stdout.flush()

    def _uncaptured(self) -> AbstractContextManager[None]:
        manager: Any = self._config.pluginmanager.getplugin("capturemanager")
        return nullcontext() if manager is None else manager.global_and_fixture_disabled()
