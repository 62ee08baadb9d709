"""Seeing calls that block the thread of the loop, without measuring time."""

from __future__ import annotations

import builtins
import os
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.engine.stacks import authors_own, is_of_a_loop
from pytest_asyncprotocol.model.text import place

BLOCKING: dict[Any, str] = {
    time.sleep: "time.sleep()",
    getattr(os, "system"): "os.system()",  # noqa: B009 - typeshed advises against it
    builtins.input: "input()",
}
BLOCKING_OF_SOCKETS = ("accept", "connect", "recv", "recv_into", "recvfrom", "sendall")
"""Methods of a socket that wait, unless it is one that never does."""


@contextmanager
def blocking_calls() -> Generator[list[str]]:
    """Give the calls of this thread that block it, each with its place, as they come.

    Raises:
        NotApplicable: a profiler is at work, and there can be but one.
    """
    if sys.getprofile() is not None:
        raise NotApplicable("a profiler is at work")
    found: list[str] = []

    def look(frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        name = _name_of_blocking(function)
        if name is not None and not is_of_a_loop(frame.f_code):
            found.append(f"{name} at {place(authors_own(frame))}")

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


def _name_of_blocking(function: Any) -> str | None:
    if isinstance(getattr(function, "__self__", None), socket.socket):
        name = function.__name__.lstrip("_")
        waits = name in BLOCKING_OF_SOCKETS
        return f"socket.{name}()" if waits and function.__self__.gettimeout() != 0 else None
    return next((name for each, name in BLOCKING.items() if each is function), None)
