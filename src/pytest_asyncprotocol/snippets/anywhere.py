"""Making a subject, calling its methods, and printing what came of it."""

from __future__ import annotations

import inspect
import os
import re
import sys
import threading
import warnings
from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Mapping
from typing import Any

Act = Callable[[], object]
Begin = Callable[[], Awaitable[object]]


class BodyError(Exception):
    """What the body of a manager raises."""


class Thrown(Exception):
    """What is thrown into a generator."""


def shown(value: Any) -> str:
    if issubclass(type(value), BaseExceptionGroup):
        return f"{type(value).__name__}[{', '.join(map(shown, value.exceptions))}]"
    try:
        text = repr(value)
        if isinstance(value, BaseException):
            text = f"{type(value).__name__}: {value}"
    except Exception as error:
        return f"<{type(value).__name__} whose __repr__ raised {type(error).__name__}>"
    return " ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", text).split()).removesuffix(":")


def warned(message: object, category: type[Warning], *rest: Any, **named: Any) -> None:
    print(f"{category.__name__}:", re.sub(r" at 0x\w+", "", str(message)))


doing: list[str] = []


def give_up() -> None:
    """Say what hangs, and exit."""
    for line in doing or ["it"]:
        print(f"{line} hangs")
    sys.stdout.flush()
    os._exit(1)


def watch(seconds: float) -> threading.Timer:
    """Print each warning and each error that nobody can catch; give up after *seconds*."""
    warnings.simplefilter("always")
    warnings.showwarning = warned
    threading.excepthook = lambda args: print("nobody could catch", shown(args.exc_value))
    sys.unraisablehook = lambda args: print("nobody could catch", shown(args.exc_value))
    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    return timer


async def made(subject: Any) -> Any:
    """The subject that a factory returned; an async factory is awaited."""
    return await subject if inspect.iscoroutine(subject) else subject


set_ups: list[object] = []


async def set_up(generator: Any) -> Any:
    """The subject that a factory yields; what follows its `yield` is left out."""
    set_ups.append(generator)
    return await anext(generator) if hasattr(generator, "__anext__") else next(generator)


def opened(subject: AsyncIterable[object]) -> Any:
    """Call aiter(), and print what it returned."""
    try:
        iterator = type(subject).__aiter__(subject)
    except BaseException as error:
        print(f"__aiter__ -> raised {shown(error)}")
        return None
    print(f"__aiter__ -> {'itself' if iterator is subject else shown(iterator)}")
    return iterator


def leave(manager: Any, error: BaseException) -> Any:
    """Call __aexit__ as `async with` does when its body raises *error*."""
    try:
        raise error
    except BaseException:
        return manager.__aexit__(type(error), error, error.__traceback__)


async def call(line: str, begin: Begin, *, passes_on: bool = False) -> object:
    """Await what *begin* returns, and print what came of it."""
    doing.append(line)
    at_the_call = " at the call, before there was anything to await"
    try:
        awaitable = begin()
        at_the_call = ""
        value = await awaitable
    except BaseException as error:
        if passes_on and type(error).__name__ in ("CancelledError", "Cancelled"):
            print(f"{line} -> let the cancellation through")
            raise
        print(f"{line} -> raised {shown(error)}{at_the_call}")
        return error
    finally:
        doing.remove(line)
    print(f"{line} -> returned {shown(value)}")
    return value


class Steps:
    """Awaits *awaitable*, and calls *suspended* with the number of each suspension.

    Stays in those of *pauses* for longer; closes the awaitable in suspension *close_at*.
    """

    trap: Any = None

    def __init__(
        self,
        awaitable: Awaitable[Any],
        suspended: Callable[[int], object],
        close_at: int = 0,
        pauses: Mapping[int, Begin] = {},
    ) -> None:
        self.awaitable, self.suspended = awaitable, suspended
        self.close_at, self.pauses = close_at, pauses

    def __await__(self) -> Generator[Any, Any, Any]:
        async def awaiting() -> Any:
            return await self.awaitable

        running = awaiting()
        step: Callable[[Any], Any] = running.send
        value: Any = None
        number = 0
        while True:
            try:
                trap = step(value)
            except StopIteration as end:
                return end.value
            finally:
                value = None
            number += 1
            Steps.trap = trap
            self.suspended(number)
            try:
                step, value = running.send, (yield trap)
                if number in self.pauses:
                    yield from self.pauses[number]().__await__()
            except BaseException as error:
                step, value = running.throw, error
            if number == self.close_at:
                running.close()
                return "what close() let it: nothing"


async def call_in_steps(
    line: str, begin: Begin, at: int, cancel: Act, *, closes: bool = False, passes_on: bool = False
) -> object:
    """Call, and *cancel* in suspension *at*."""

    def suspended(number: int) -> None:
        if number == at:
            cancel()

    close_at = at if closes else 0
    return await call(line, lambda: Steps(begin(), suspended, close_at), passes_on=passes_on)


async def print_released(name: str, answer: object) -> None:
    """Print what `released=` says of the subject *name*."""
    print(f"released, {name}:", bool(await answer if inspect.isawaitable(answer) else answer))
