"""Where something stands that does not go on: a suspended coroutine, or a running thread."""

from __future__ import annotations

import asyncio
import gc
import selectors
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, cast

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.model.relay import Relay
from pytest_asyncprotocol.model.text import place

_STDLIB = sysconfig.get_path("stdlib")
_INSTALLED = Path(sysconfig.get_path("purelib"))
_OURS = str(Path(__file__).parent.parent)
_LIBRARIES = (
    str(Path(asyncio.__file__).parent),
    threading.__file__,
    selectors.__file__,
    *(str(_INSTALLED / name) for name in ("anyio", "trio", "outcome", "sniffio", "uvloop")),
)

_RELAY = cast("Any", Relay).__await__.__code__
_HELD = ("coroutine", "generator", "async_generator", "coroutine_wrapper", "async_generator_asend")
_CLOSABLE = ("coroutine", "generator", "async_generator_asend", "async_generator_athrow")

LOOKS = 5
"""Times that a running thread is looked at again, to tell where it stays."""

BETWEEN_LOOKS = 0.002
"""Real seconds between two of these looks."""


@dataclass(frozen=True, order=True, slots=True)
class Wait:
    """What a coroutine waits for, in words, and whether that is a place in the author's code."""

    words: str
    is_place: bool

    def __str__(self) -> str:
        return self.words


def what_is_awaited(coroutine: Any) -> Wait:
    """The last frame of the author's own, and the library call that it waits for."""
    frames = [f for f in _suspended_frames(coroutine) if not is_ours(f.f_code)]
    if not frames:
        return Wait("it never went on", is_place=False)
    own = list(filter(_is_own, frames))
    if not own:
        return Wait(f"it waits for {frames[-1].f_code.co_qualname}", is_place=False)
    last = own[-1]
    below = frames[frames.index(last) + 1 :]
    awaited = f" for {below[0].f_code.co_qualname}" if below else ""
    return Wait(f"it waits at {place(last)}{awaited}", is_place=True)


def listed(waits: list[Wait]) -> str:
    """What several tasks wait for, in one sentence."""
    others = (each.words.replace("it waits", "another task waits", 1) for each in waits[1:])
    return "; ".join([*map(str, waits[:1]), *others])


def what_waits_below(awaiting: Any) -> list[Any]:
    """What *awaiting* waits for and can be closed: coroutines and generators, outermost first."""
    return [each for each in _chain(awaiting) if type(each).__name__ in _CLOSABLE]


def is_overtaken(awaiting: Any) -> bool:
    """Whether a cancellation that arrives now comes too late for `asyncio.wait_for`.

    Before Python 3.12 that gives its result where the awaited operation is done already, and
    forgets the cancellation, https://github.com/python/cpython/issues/81839.
    """
    if sys.version_info >= (3, 12):
        return False
    frames = list(_suspended_frames(awaiting))
    return bool(frames) and private_api.asyncio_wait_for_is_done(frames[-1])


def is_out_of_reach(awaiting: Any) -> bool:
    """Whether it stands where ``coroutine.close()`` does not get by itself.

    That is behind an iterator written by hand, which has to pass it on; and inside an async
    generator before Python 3.13, https://github.com/python/cpython/issues/117714.
    """
    kinds = [type(cast("object", each)) for each in _chain(awaiting)]
    if any(isinstance(getattr(kind, "__next__", None), FunctionType) for kind in kinds):
        return True
    if sys.version_info >= (3, 13):
        return False
    return any(frame.f_code.co_flags & CO_ASYNC_GENERATOR for frame in _suspended_frames(awaiting))


def where_it_runs(thread: threading.Thread) -> str:
    """In words: the innermost frame that *thread* stays in, the author's own if there is one.

    Looks several times, for a thread that runs in circles is now here, now there.
    """
    stack = _stack(thread)
    for _ in range(LOOKS):
        time.sleep(BETWEEN_LOOKS)
        stack = [
            (code, line if line == later_line else None)
            for (code, line), (later, later_line) in zip(stack, _stack(thread), strict=False)
            if code is later
        ]
    own = [each for each in stack if not is_library(each[0]) and not is_ours(each[0])]
    if not stack:
        return "at an unknown place"
    return f"at {place(*(own or stack)[-1])}"


def _stack(thread: threading.Thread) -> list[tuple[CodeType, int | None]]:
    return [(each.f_code, each.f_lineno) for each in private_api.frames_of(thread)][::-1]


def is_library(code: CodeType) -> bool:
    """Whether *code* is part of an event loop library or of the standard library."""
    file = code.co_filename
    if file.startswith(_LIBRARIES) or file.startswith("<frozen"):
        return True
    return file.startswith(_STDLIB) and "site-packages" not in file


def is_of_a_loop(code: CodeType) -> bool:
    """Whether *code* is part of an event loop library, or of the checker."""
    return code.co_filename.startswith(_LIBRARIES) or is_ours(code)


def authors_own(frame: FrameType) -> FrameType:
    """The innermost frame of the author's own that called *frame*; that itself if there is none."""
    return next(filter(_is_own, private_api.outward(frame)), frame)


def is_ours(code: CodeType) -> bool:
    """Whether *code* is part of the checker."""
    return code.co_filename.startswith(_OURS)


def _is_own(frame: FrameType) -> bool:
    return not is_library(frame.f_code) and not is_ours(frame.f_code)


def _suspended_frames(awaiting: Any) -> Iterator[FrameType]:
    return filter(None, map(_frame, _chain(awaiting)))


def _chain(awaiting: Any) -> Iterator[Any]:
    """*awaiting*, what it waits for, what that waits for, and so on."""
    seen: set[int] = set()
    while awaiting is not None and id(awaiting) not in seen:
        seen.add(id(awaiting))
        yield awaiting
        awaiting = _awaited_by(awaiting)


def _frame(awaiting: Any) -> FrameType | None:
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        frame = _attribute(awaiting, name)
        if isinstance(frame, FrameType):
            return frame
    return None


def _awaited_by(awaiting: Any) -> Any:
    frame = _frame(awaiting)
    if frame is not None and frame.f_code is _RELAY:
        return frame.f_locals["self"].steps
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(cast("object", type(awaiting)), name):
            return _attribute(awaiting, name)
    held = (each for each in gc.get_referents(awaiting) if type(each).__name__ in _HELD)
    return next(held, None)


def _attribute(awaiting: object, name: str) -> Any:
    """As `getattr`, of what the type defines: an author's ``__getattr__`` is never run."""
    return getattr(awaiting, name, None) if hasattr(type(awaiting), name) else None
