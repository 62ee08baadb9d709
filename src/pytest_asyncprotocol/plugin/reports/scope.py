"""What a session was asked to run: what it left out by request has not stopped running."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_asyncprotocol.plugin.tracker import COMPLETE

_NARROWING = ("select", "ignore", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The bounds of a session, and why something lies outside of them.

    ``arguments`` are the paths that were named, each with the names behind ``::``; None where
    everything was asked for. ``ignored`` holds paths and patterns of paths.
    """

    root: Path
    arguments: tuple[tuple[Path, str], ...] | None
    ignored: tuple[str, ...]
    deselected: frozenset[str]
    stopped: bool
    last_failed: bool
    narrowed: bool
    backends: tuple[str, ...] | None

    @classmethod
    def of(cls, session: pytest.Session, deselected: frozenset[str]) -> Scope:
        """The scope of *session*, at its end."""
        config = session.config
        backends: str | None = config.getoption("asyncprotocol_backends")
        return cls(
            root=config.rootpath.resolve(),
            arguments=_arguments(config),
            ignored=_ignored(config),
            deselected=deselected,
            stopped=bool(
                session.shouldfail or session.shouldstop or session.exitstatus not in COMPLETE
            ),
            last_failed=bool(config.getoption("lf", default=False)),
            narrowed=any(config.getoption(f"asyncprotocol_{n}") is not None for n in _NARROWING),
            backends=None if backends is None else tuple(b.strip() for b in backends.split(",")),
        )

    def reason_for_absence(self, test: str, backend: str, *, ran: bool) -> str | None:
        """Why a verdict on *backend* is absent by request, or None; *ran*: others of it are not."""
        if self.stopped:
            return "the run was stopped before its end"
        if test in self.deselected:
            return "its tests were deselected"
        if self.last_failed and not ran:
            return "--lf leaves out files in which nothing failed"
        if not self._names(test):
            return "its tests are outside of the paths that were given"
        if self.narrowed:
            return "--asyncprotocol-select, -ignore or -level was given"
        if self.backends is not None and backend not in self.backends:
            return "--asyncprotocol-backends was given"
        return None

    def _names(self, test: str) -> bool:
        file, _, name = test.partition("::")
        path = self.root / file
        above = (path, *path.parents)
        if any(fnmatch(str(each), pattern) for pattern in self.ignored for each in above):
            return False
        return self.arguments is None or any(
            path.is_relative_to(folder) and _is_part(name, of=wanted)
            for folder, wanted in self.arguments
        )


def _is_part(name: str, *, of: str) -> bool:
    """Whether all of the test *name* was asked for by what stood behind ``::``."""
    return not of or name == of or name.startswith((f"{of}::", f"{of}["))


def _arguments(config: pytest.Config) -> tuple[tuple[Path, str], ...] | None:
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        return None
    split = (argument.partition("::") for argument in config.args)
    return tuple((_absolute(config, path), name) for path, _, name in split)


def _ignored(config: pytest.Config) -> tuple[str, ...]:
    options = (config.getoption(name, default=None) for name in ("ignore", "ignore_glob"))
    return tuple(str(_absolute(config, path)) for given in options for path in given or ())


def _absolute(config: pytest.Config, path: str) -> Path:
    return (config.invocation_params.dir / path).resolve()
