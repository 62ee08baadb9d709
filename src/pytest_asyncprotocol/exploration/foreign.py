"""Telling that a subject uses an event loop library that is not the running one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from traceback import walk_tb

from pytest_asyncprotocol.engine import private_api

LIBRARIES = ("asyncio", "trio")


def understands(library: str, trap: object) -> bool:
    """Whether the loop of *library* knows what to do with *trap*, yielded by a coroutine.

    asyncio takes None and a future that is being awaited, trio only objects of its own.
    """
    if library == "asyncio":
        return trap is None or private_api.asyncio_expects(trap)
    kind = trap if isinstance(trap, type) else type(trap)
    return kind.__module__.partition(".")[0] == "trio"


def foreign_to(library: str, error: BaseException) -> str | None:
    """The library whose primitives, used under *library*, led to *error*; None if none did.

    Judged by the innermost frame that belongs to either library, and by what asyncio says where
    it does not run; never by wording of our own.
    """
    other = next(each for each in LIBRARIES if each != library)
    for each in _with_causes(error):
        if next(_libraries_innermost_first(each), None) == other:
            return other
        if other == "asyncio" and _is_refusal_of_asyncio(each):
            return other
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending: BaseException | None = error
    while pending is not None and id(pending) not in seen:
        seen.add(id(pending))
        yield pending
        pending = pending.__cause__ or pending.__context__


def _libraries_innermost_first(error: BaseException) -> Iterator[str]:
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    for file in reversed(files):
        for name in LIBRARIES:
            folders: list[str] = getattr(sys.modules.get(name), "__path__", [])
            if any(file.startswith(folder + os.sep) for folder in folders):
                yield name


def _is_refusal_of_asyncio(error: BaseException) -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError as refusal:
        return type(error) is type(refusal) and error.args == refusal.args
    return False
