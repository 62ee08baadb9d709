"""Looks at a call, besides its result."""

from __future__ import annotations

import contextvars
import socket
from collections.abc import Awaitable
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from pytest_asyncprotocol.snippets.anywhere import Steps, shown
from pytest_asyncprotocol.snippets.on_asyncio import CancelScope


async def suspensions(line: str, coroutine: Awaitable[object]) -> None:
    """Await *coroutine*, and print how often it suspended."""
    numbers = [0]
    await Steps(coroutine, numbers.append)
    print(f"{line} suspended {numbers[-1]} times")


def growth(line: str, result: Any) -> None:
    """Print how long the traceback and the chain of an error are."""
    frames, trace, contexts, error = 0, result.__traceback__, 0, result
    while trace is not None:
        frames, trace = frames + 1, trace.tb_next
    while error.__context__ is not None:
        contexts, error = contexts + 1, error.__context__
    print(f"{line}: a traceback of {frames} frames, a chain of {contexts} contexts")


def variable_seen(line: str, result: object, variable: ContextVar[Any]) -> None:
    """Print what the caller sees in *variable*."""
    print(f"after {line} its caller sees {shown(variable.get('unset'))}")


def context_seen(line: str, result: object) -> None:
    """Print all that the consumer sees in its context."""
    seen = {v.name: shown(value) for v, value in contextvars.copy_context().items()}
    print(f"after {line} its consumer sees {seen}")


async def in_a_scope(coroutine: Awaitable[object]) -> None:
    """Await *coroutine* in a cancel scope, which says if others were left open in it."""
    try:
        with CancelScope():
            await coroutine
    except BaseException as error:
        print(f"a cancel scope around the call -> raised {shown(error)}")


BLOCKING_CALLS = ("time.sleep", "posix.system", "nt.system", "builtins.input")


def blocking(frame: FrameType, event: str, function: Any) -> None:
    """A profiler's hook: names what blocks the thread of the event loop."""
    if event != "c_call" or {"asyncio", "trio"} & {*Path(frame.f_code.co_filename).parts}:
        return
    sock, name = getattr(function, "__self__", None), function.__name__
    waits = isinstance(sock, socket.socket) and sock.gettimeout() != 0
    blocks = f"{function.__module__}.{name}" in BLOCKING_CALLS
    if blocks or (waits and name in ("accept", "connect", "recv", "recvfrom", "sendall")):
        print(f"it blocks the event loop by {name}() in {frame.f_code.co_qualname}")
