"""Which cancel scopes, time-outs and task groups are open in the running task.

The libraries have no public way to tell. What is read here is private, and each part of it is
optional: where it is missing, nothing counts as open. Tests hold it against the installed
releases.
"""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class OpenScopes:
    """What was open at one moment: equal to what was open at another if nothing has changed.

    ``cancelling`` is asyncio's count of requests to cancel the task; 0 on trio.
    """

    names: tuple[str, ...]
    cancelling: int
    identities: tuple[int, ...]
    _kept: tuple[object, ...] = field(compare=False, repr=False)

    def opened_since(self, before: OpenScopes) -> tuple[str, ...]:
        """The names of what is open now and was not open *before*, from the outside inward."""
        known = set(before.identities)
        return tuple(
            name
            for name, identity in zip(self.names, self.identities, strict=True)
            if identity not in known
        )


def open_scopes(library: str) -> OpenScopes:
    """What is open in the running task: compare it with what is open at another moment."""
    if library == "trio":
        found, cancelling = _of_trio(), 0
    else:
        import asyncio

        task = asyncio.current_task()
        found = [*_of_anyio(task), *_of_asyncio(task)]
        cancelling = 0 if task is None else task.cancelling()
    return OpenScopes(
        names=tuple(name for name, _ in found),
        cancelling=cancelling,
        identities=tuple(id(scope) for _, scope in found),
        _kept=tuple(scope for _, scope in found),
    )


_Found = list[tuple[str, object]]


def _of_trio() -> _Found:
    import trio

    task = trio.lowlevel.current_task()
    nurseries = [nursery.cancel_scope for nursery in task.child_nurseries]
    found: _Found = []
    status = _private(task, "_cancel_status")
    while status is not None:
        scope = _private(status, "_scope")
        is_nursery = any(scope is each for each in nurseries)
        found.insert(0, ("a nursery" if is_nursery else "a cancel scope", status))
        status = _private(status, "_parent")
    return found


def _of_anyio(task: Any) -> _Found:
    """The cancel scopes of anyio on asyncio; those of its task groups too."""
    states = _private(sys.modules.get("anyio._backends._asyncio"), "_task_states")
    state = None if states is None or task is None else states.get(task)
    scope = _private(state, "cancel_scope")
    found: _Found = []
    while scope is not None:
        found.insert(0, ("a cancel scope", scope))
        scope = _private(scope, "_parent_scope")
    return found


def _of_asyncio(task: Any) -> _Found:
    """Time-outs and task groups of asyncio: no register has them, but the garbage collector."""
    import asyncio

    groups = [each for each in _objects_of(asyncio.TaskGroup) if _is_in_group(task, each)]
    timeouts = [each for each in _objects_of(asyncio.Timeout) if _is_in_timeout(task, each)]
    named = [("asyncio.TaskGroup", each) for each in groups]
    return named + [("asyncio.timeout()", each) for each in timeouts]


def _objects_of(cls: type) -> list[Any]:
    return [each for each in gc.get_objects() if issubclass(type(each), cls)]


def _is_in_group(task: Any, group: Any) -> bool:
    """Whether *task* has entered *group*, and not begun to leave it."""
    return task is not None and (
        _private(group, "_parent_task") is task and _private(group, "_exiting") is False
    )


def _is_in_timeout(task: Any, timeout: Any) -> bool:
    """Whether *task* has entered *timeout*, and not left it."""
    state = _private(_private(timeout, "_state"), "name")
    return task is not None and (
        _private(timeout, "_task") is task and state in ("ENTERED", "EXPIRING")
    )


def _private(holder: object, name: str) -> Any:
    """What *holder* has under a private *name*; None where this release has no such thing."""
    return getattr(holder, name, None)
