"""Iterators written by hand, which stand between the event loop and what really waits."""

from __future__ import annotations

import asyncio
import gc
import inspect
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from pytest_asyncprotocol.engine.backends import checkpoint
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.protocols import has_attribute, special_method
from pytest_asyncprotocol.model.subject import Subject

_NATIVE = (CoroutineType, GeneratorType, AsyncGeneratorType)
_AROUND_NATIVE = {
    type(each)
    for each in (
        CoroutineType.__await__(coroutine := checkpoint()),
        (generator := (_ async for _ in ())).__aiter__(),  # type: ignore[attr-defined]
    )
}
