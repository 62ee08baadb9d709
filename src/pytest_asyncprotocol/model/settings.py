"""The defaults of a process: what flags and ini files say, and who listens to its checks.

Imported at start-up by the plugin: it must stay free of imports that cost.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a subject is checked: the defaults of this process, or what one check makes of them.

    ``timeout`` is in real seconds and judges only what the virtual clock cannot; ``examples`` is
    how many sequences of operations are tried on each backend. ``notes_makers`` has each report
    say which functions gave the subject, which costs a little.
    """

    backends: tuple[str, ...] = ("asyncio", "trio")
    level: str = "should"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    timeout: float = 10.0
    examples: int = 100
    clock: str = "virtual"
    expected_failures: Mapping[str, str] = field(default_factory=dict[str, str])
    notes_makers: bool = False


LEVELS = ("must", "should", "may")

_stack: list[Settings] = [Settings()]
_listeners: list[Callable[[Report], None]] = []
_watchers: list[Callable[[str], None]] = []


def current() -> Settings:
    """The settings in force."""
    return _stack[-1]


@contextmanager
def using(settings: Settings) -> Generator[None]:
    """Make *settings* the ones in force."""
    depth = len(_stack)
    _stack.append(settings)
    try:
        yield
    finally:
        del _stack[depth:]


@contextmanager
def listening(listener: Callable[[Report], None]) -> Generator[None]:
    """Call *listener* with each `Report`, at its making and when it is finished."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def unheard() -> Generator[None]:
    """Call no listener meanwhile."""
    silenced, _listeners[:] = _listeners[:], []
    try:
        yield
    finally:
        _listeners[:] = silenced


@contextmanager
def watching(watcher: Callable[[str], None]) -> Generator[None]:
    """Call *watcher* with what is being done, before each rule and each sequence."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def tell(doing: str) -> None:
    """Tell all watchers what is being done."""
    for watcher in _watchers:
        watcher(doing)


def announce(report: Report) -> None:
    """Tell all listeners about *report*."""
    for listener in _listeners:
        listener(report)
