"""Iterators written by hand, which stand between the event loop and what really waits."""

from __future__ import annotations

import asyncio
import functools
import gc
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, cast

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.model.relay import Relay

Operation = Coroutine[Any, Any, Any] | Generator[Any, Any, Any]

Place = tuple[int, ...]

LEADS_ON = (
    types.CoroutineType, types.GeneratorType, types.CellType,
    types.MethodType, types.BuiltinMethodType, functools.partial,
    dict, list, tuple,
)  # fmt: skip
"""What stands between an iterator and the operations that it waits for, besides iterators."""


class Delegation(Relay[Any]):
    """Awaits *iterator* as the language does, and sees who is told when that is interrupted.

    That is to be at suspension ``point``. ``interruption`` is the exception that was thrown in and
    upon which it ended, and ``error`` what came out then. ``untold`` are those of the operations
    that it waited for, coroutines and generators, that were left as they stood.
    """

    def __init__(self, iterator: Any, point: int) -> None:
        super().__init__(_Given(iterator))
        self.point = point
        self.iterator = iterator
        self.interruption: BaseException | None = None
        self.error: BaseException | None = None
        self.untold: list[Operation] = []
        self._waiting: dict[Operation, Place] = {}

    @property
    def protest(self) -> TypeError | None:
        """The TypeError that came out, if it was raised where nobody had the interruption yet."""
        context = self.error
        while context is not None and context is not self.interruption:
            context = context.__context__
        return self.error if context is None and isinstance(self.error, TypeError) else None

    def advance(self, sent: Any, thrown: BaseException | None) -> Any:
        """Note which operations it waits for afterwards, or how it ended."""
        before = suspended_in(self.iterator)
        try:
            trap = super().advance(sent, thrown)
        except BaseException as error:
            if thrown is not None:
                self._ended(thrown, error, self._waiting)
            raise
        self._waiting = {
            operation: place
            for operation, place in suspended_in(self.iterator).items()
            if before.get(operation) != place
        }
        return trap

    def _ended(
        self, thrown: BaseException, error: BaseException, waiting: dict[Operation, Place]
    ) -> None:
        self.interruption, self.error = thrown, error
        self.untold = [each for each, place in waiting.items() if _place(each) == place]
        for each in self.untold:
            discard(each)


async def cancelled_by_hand(case: Case, point: int) -> Delegation | None:
    """Cancel the await of a fresh subject at suspension *point*; None if it has none.

    Raises:
        NotApplicable: it is awaited by an iterator that is not written by hand.
    """
    return await _interrupted(point, lambda use: cancelled_at(case, use, Style.LEVEL, point))


async def closed_by_hand(case: Case, point: int) -> Delegation | None:
    """Close the await of a fresh subject at suspension *point*; None if it has none.

    Raises:
        NotApplicable: it is awaited by an iterator that is not written by hand.
    """
    return await _interrupted(point, lambda use: closed_from_outside(case, use, point))


def suspended_in(iterator: object) -> dict[Operation, Place]:
    """The suspended operations that *iterator* is, or holds, and where each of them stands."""
    found: dict[Operation, Place] = {}
    seen: set[int] = set()
    pending: list[Any] = [iterator]
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance_of(each, types.CoroutineType) or isinstance_of(each, types.GeneratorType):
            place = _place(each)
            if place:
                found[each] = place
            continue
        pending += [one for one in gc.get_referents(each) if _leads_on(one)]
    return found


def _leads_on(obj: object) -> bool:
    """Whether an operation that an iterator waits for can stand behind *obj*.

    A future or a task runs by itself, and is not told by who waits for it.
    """
    if isinstance_of(obj, asyncio.Future):
        return False
    return type(obj) in LEADS_ON or special_method(obj, "__next__") is not None


def _place(operation: object) -> Place:
    """Where *operation* is suspended, and what it waits for; nothing if it waits for nobody."""
    place: list[int] = []
    while isinstance(operation, (types.CoroutineType, types.GeneratorType)):
        suspended = cast("Any", operation)
        if isinstance(operation, types.CoroutineType):
            frame, waits_for = suspended.cr_frame, suspended.cr_await
        else:
            frame, waits_for = suspended.gi_frame, suspended.gi_yieldfrom
        if frame is None or waits_for is None:
            break
        place.append(frame.f_lasti)
        operation = waits_for
    return tuple(place)


async def _interrupted(
    point: int,
    interrupt: Callable[[Scenario], Awaitable[object | None]],
) -> Delegation | None:
    delegation: Delegation | None = None

    async def awaited(case: Case, subject: Subject) -> None:
        nonlocal delegation
        del case
        method = subject.special("__await__")
        iterator: Any = subject.object if method is None else method()
        if isinstance(
            getattr(type(cast("object", iterator)), "__next__", None), types.FunctionType
        ):
            delegation = Delegation(iterator, point)
            await delegation
        else:
            await _Given(iterator)

    run = await interrupt(awaited)
    if delegation is None:
        raise NotApplicable("its iterator is not written by hand, but one that Python provides")
    return None if run is None else delegation


class _Given:
    """Is awaited by an iterator that was made before."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def __await__(self) -> Any:
        return self._iterator
