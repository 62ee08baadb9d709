"""asyncstdlib."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncstdlib
from anyio.lowlevel import checkpoint

from tests.real import AWAITABLE, GENERATOR, ITERATOR, MANAGER, real


async def _numbers(count: int = 3) -> AsyncIterator[int]:
    for number in range(count):
        await checkpoint()
        yield number


@real(ITERATOR, items=[1, 2, 3])
def map_() -> Any:
    return asyncstdlib.map(lambda n: n + 1, _numbers())


@real(ITERATOR, items=[0, 1, 2, 0, 1])
def chain() -> Any:
    return asyncstdlib.chain(_numbers(3), _numbers(2))


@real(GENERATOR, items=[(0, 0), (1, 1)])
def zip_() -> Any:
    return asyncstdlib.zip(_numbers(3), _numbers(2))


@real(
    GENERATOR,
    items=[0, 1],
)
def islice() -> Any:
    return asyncstdlib.islice(_numbers(5), 2)


@real(ITERATOR, items=[0, 0, 1], infinite=True)
def cycle() -> Any:
    return asyncstdlib.chain(_numbers(1), asyncstdlib.cycle(_numbers(2)))


@real(ITERATOR, closes=False)
def borrowed() -> Any:
    return asyncstdlib.borrow(_numbers())


@real(MANAGER)
def scoped_iter() -> Any:
    return asyncstdlib.scoped_iter(_numbers())


@real(MANAGER, value_is_self=True)
def exit_stack() -> Any:
    return asyncstdlib.ExitStack()


@real(AWAITABLE, returns=3)
def sum_() -> Any:
    return asyncstdlib.sum(_numbers())


@real(ITERATOR, items=[(0, 1), (1, 2)], closes=True, wraps=asyncstdlib.pairwise)
def pairwise() -> Any:
    return asyncstdlib.pairwise(_numbers())


@real(ITERATOR, items=[(0, 1), (2,)], wraps=lambda source: asyncstdlib.batched(source, 2))
def batched() -> Any:
    return asyncstdlib.batched(_numbers(), 2)


@real(ITERATOR, items=[0, 1, 2])
def tee() -> Any:
    return asyncstdlib.tee(_numbers())[0]


@real(
    ITERATOR,
    findings={"AI017": "asyncstdlib 3.14.0: aclose() before the first item raises AttributeError"},
)
def groupby() -> Any:
    return asyncstdlib.groupby(_numbers(), key=bool)
