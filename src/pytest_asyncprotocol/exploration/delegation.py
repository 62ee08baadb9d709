"""Iterators written by hand, which stand between the event loop and what really waits."""

from __future__ import annotations

from types import AsyncGeneratorType, CoroutineType, GeneratorType

from pytest_asyncprotocol.engine.backends import checkpoint

_NATIVE = (CoroutineType, GeneratorType, AsyncGeneratorType)
_AROUND_NATIVE = {
    type(each)
    for each in (
        CoroutineType.__await__(coroutine := checkpoint()),
        (generator := (_ async for _ in ())).__aiter__(),  # type: ignore[attr-defined]
    )
}
