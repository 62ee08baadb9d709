"""Backends by name: which event loops checks can run on."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from pytest_asyncprotocol.model.exceptions import BackendUnavailable


@dataclass(frozen=True, slots=True)
class Backend:
    """A named event loop; ``library`` is what runs it.

    ``loop_factory`` and ``task_factory`` are for asyncio: each names a callable, as in
    ``module:callable``. Without a loop factory the loop is the engine's own.
    """

    name: str
    library: str
    requires: str = ""
    installed_by: str = ""
    since: tuple[int, int] = (3, 11)
    loop_factory: str = ""
    task_factory: str = ""

    @property
    def why_real(self) -> str | None:
        """Why its clock is real, in a word; None for the engine's own loops, which are virtual."""
        return (self.requires or self.name) if self.loop_factory else None


BACKENDS = {
    each.name: each
    for each in (
        Backend("asyncio", "asyncio"),
        Backend("trio", "trio", requires="trio", installed_by="anyio[trio]"),
        Backend(
            "asyncio+uvloop",
            "asyncio",
            requires="uvloop",
            loop_factory="uvloop:new_event_loop",
            installed_by="pytest-asyncprotocol[uvloop]",
        ),
        Backend(
            "asyncio+eager", "asyncio", since=(3, 12), task_factory="asyncio:eager_task_factory"
        ),
    )
}


def find_known_backend(name: str) -> Backend:
    """The backend called *name*, whether it can be had here or not.

    Raises:
        BackendUnavailable: there is none of that name.
    """
    backend = BACKENDS.get(name)
    if backend is None:
        near = difflib.get_close_matches(str(name), BACKENDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise BackendUnavailable(
            f"there is no backend {name!r}{hint} Known are: {', '.join(BACKENDS)}"
        )
    return backend


def find_backend(name: str) -> Backend:
    """The backend called *name*, ready to be used.

    Raises:
        BackendUnavailable: unknown, not installed, or this Python is too old for it.
    """
    backend = find_known_backend(name)
    if sys.version_info < backend.since:
        version = ".".join(map(str, backend.since))
        raise BackendUnavailable(
            f"the backend {name} needs Python {version} or newer: leave it out of backends= "
            "and of --asyncprotocol-backends on this Python"
        )
    if backend.requires and find_spec(backend.requires) is None:
        raise BackendUnavailable(
            f"the backend {name} needs {backend.requires}, which is not installed: run "
            f"`pip install '{backend.installed_by}'`, or name the backends to use, as in "
            "backends=('asyncio',) or --asyncprotocol-backends=asyncio"
        )
    return backend
