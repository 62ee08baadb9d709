"""Which class or function a subject came from, as ``module:qualname``.

An object counts for its own type, an async generator and what `contextlib.asynccontextmanager`
made for the function that was written; and an object counts for what gave it to the factory,
as ``anyio.Lock()`` gives an object of a class that has no public name.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import _AsyncGeneratorContextManager, contextmanager, suppress
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
)
from typing import Any, cast

from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.protocols import isinstance_of

_PREFIXES: dict[type, str] = {AsyncGeneratorType: "ag", CoroutineType: "cr", GeneratorType: "gi"}


def identity_of_class(cls: type) -> str:
    """The identity of a class, even of one whose metaclass objects."""
    try:
        return f"{cls.__module__}:{cls.__qualname__}"
    except BaseException:
        return f":{type.__repr__(cls)}"


def identity_of_function(function: FunctionType) -> str:
    """The identity of a function, below whatever decorates it and says so."""
    with suppress(ValueError):
        written: object = inspect.unwrap(function)
        if isinstance(written, FunctionType):
            function = written
    return _identity_of_code(function.__code__, function.__globals__)


def identity_of(obj: object) -> str:
    """The identity of what *obj* is an object of."""
    if type(obj) is _AsyncGeneratorContextManager:
        obj = cast("Any", obj).gen
    prefix = _PREFIXES.get(type(obj))
    if prefix is None:
        return identity_of_class(type(obj))
    code: CodeType = getattr(obj, f"{prefix}_code")
    frame: FrameType | None = getattr(obj, f"{prefix}_frame")
    if frame is not None:
        return _identity_of_code(code, frame.f_globals)
    module = inspect.getmodule(code)
    return _identity_of_code(code, {} if module is None else vars(module))


def identities_of_factory(factory: object) -> list[str]:
    """The identity of the class or function that was given to make subjects, where it has one."""
    while isinstance_of(factory, functools.partial) or isinstance_of(factory, MethodType):
        given = cast("Any", factory)
        factory = given.func if isinstance_of(factory, functools.partial) else given.__func__
    if isinstance_of(factory, FunctionType):
        return _importable([identity_of_function(cast("FunctionType", factory))])
    return [identity_of_class(cast("type", factory))] if isinstance_of(factory, type) else []


@contextmanager
def noting_makers() -> Generator[Callable[[object], list[str]]]:
    """Note in this block which functions of Python return what; tell which returned an object.

    ``Class.__new__`` is noted as the class that was called. Nothing is noted where the settings
    do not ask for it.
    """
    if not settings.current().notes_makers:
        yield lambda _: []
        return
    returned: dict[tuple[int, type], dict[str, None]] = {}

    def note(frame: FrameType, event: str, value: object) -> None:
        if event == "return" and value is not None:
            returned.setdefault((id(value), type(value)), {})[_maker(frame)] = None

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield lambda made: _importable(returned.get((id(made), type(made)), ()))
    finally:
        sys.setprofile(before)


def _maker(frame: FrameType) -> str:
    code = frame.f_code
    if code.co_name == "__new__" and code.co_argcount:
        called = frame.f_locals.get(code.co_varnames[0])
        if isinstance_of(called, type):
            return identity_of_class(cast("type", called))
    return _identity_of_code(code, frame.f_globals)


def _importable(identities: Iterable[str]) -> list[str]:
    return [each for each in identities if "<" not in each]


def _identity_of_code(code: CodeType, namespace: dict[str, Any]) -> str:
    return f"{namespace.get('__name__', '')}:{code.co_qualname}"
