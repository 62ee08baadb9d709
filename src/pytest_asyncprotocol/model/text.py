"""Values and places as text that is the same in every run: no address, no length to speak of.

Nothing here raises, whatever the value does when it is looked at.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
from contextlib import _AsyncGeneratorContextManager
from types import CodeType, FrameType
from typing import Any, cast

from pytest_asyncprotocol.model.exceptions import members

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+| id='\d+'| name='Task-\d+'")
_SCOPES_OWN_WORDS = re.compile(r"Cancelled (via|by) cancel scope")
_LONGEST = 120


def describe(value: object) -> str:
    """A short `repr` without addresses, even of an object whose ``__repr__`` raises."""
    try:
        text = repr(value)
    except BaseException as error:
        return f"<{type_name(value)} whose __repr__ raised {type_name(error)}>"
    text = " ".join(_ADDRESS.sub("", text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe_exception(error: BaseException) -> str:
    """An exception as its last traceback line shows it, without addresses."""
    name = type_name(error)
    if members(error):
        return f"{name}[{', '.join(map(describe_exception, members(error)))}]"
    try:
        message = str(error)
    except BaseException:
        return f"{name} (whose __str__ raised)"
    if _SCOPES_OWN_WORDS.match(message):
        return name
    message = " ".join(_ADDRESS.sub("", message).split())
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 1] + "…"
    return f"{name}: {message}" if message else name


def short_path(path: str) -> str:
    """*path* relative to the working directory where it lies below it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):
        return path
    return path if relative.startswith(os.pardir) else relative


def place(code: CodeType | FrameType, line: int | None = None) -> str:
    """Where a piece of code is, as ``file:line in function``."""
    if isinstance(code, FrameType):
        line, code = code.f_lineno, code.f_code
    return f"{short_path(code.co_filename)}:{line or code.co_firstlineno} in {code.co_qualname}"


def source_of(obj: object) -> str | None:
    """``file:line`` of the class or function that made *obj*, where Python knows it."""
    try:
        code = _code_of(obj)
        if code is not None:
            return f"{short_path(code.co_filename)}:{code.co_firstlineno}"
        file, line = _place_of(_maker_of(obj))
    except BaseException:
        return None
    return None if file is None else f"{short_path(file)}:{line}"


def name_of(obj: object) -> str:
    """What to call *obj*: the name of its class, or of the coroutine or generator function."""
    try:
        code = _code_of(obj)
        name = _maker_of(obj).__qualname__ if code is None else code.co_qualname
        return str(name).replace("<locals>.", "").rpartition(".")[2]
    except BaseException:
        return type_name(obj)


def type_name(obj: object) -> str:
    """The name of the type of *obj*; no metaclass is asked."""
    name: str = _NAME_OF_TYPE(type(obj))
    return name


_NAME_OF_TYPE = vars(type)["__name__"].__get__


def _code_of(obj: object) -> CodeType | None:
    """The code of the ``async def`` or generator function that made *obj*."""
    if isinstance(obj, _AsyncGeneratorContextManager):
        obj = cast("Any", obj).gen
    for name in ("cr_code", "ag_code", "gi_code"):
        code = getattr(obj, name, None)
        if isinstance(code, CodeType):
            return code
    return None


@functools.lru_cache(maxsize=64)
def _place_of(maker: Any) -> tuple[str | None, int]:
    """Where a class or function is written; looking for a class parses its whole file."""
    return inspect.getsourcefile(maker), inspect.getsourcelines(maker)[1]


def _maker_of(obj: object) -> Any:
    """The class or function that *obj* is, or is an object of."""
    while isinstance(obj, functools.partial):
        obj = obj.func
    found: object = obj if isinstance(obj, type) or inspect.isroutine(obj) else type(obj)
    return inspect.unwrap(found) if callable(found) else found
