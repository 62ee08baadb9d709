"""Values and places as text that is the same in every run: no address, no length to speak of."""

from __future__ import annotations

import inspect
import os
import re
from types import CodeType, FrameType

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LONGEST = 120


def describe(value: object) -> str:
    """A short `repr` without addresses, even of an object whose ``__repr__`` raises."""
    try:
        text = repr(value)
    except BaseException as error:
        return f"<{type(value).__name__} whose __repr__ raised {type(error).__name__}>"
    text = " ".join(_ADDRESS.sub("", text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe_exception(error: BaseException) -> str:
    """An exception as its last traceback line shows it, without addresses."""
    name = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        return f"{name}[{', '.join(map(describe_exception, error.exceptions))}]"
    try:
        message = str(error)
    except BaseException:
        return f"{name} (whose __str__ raised)"
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
    code = getattr(obj, "cr_code", None) or getattr(obj, "ag_code", None)
    if code is not None:
        return f"{short_path(code.co_filename)}:{code.co_firstlineno}"
    target = obj if isinstance(obj, type) or inspect.isroutine(obj) else type(obj)
    target = inspect.unwrap(target) if callable(target) else target
    try:
        file = inspect.getsourcefile(target)
        line = inspect.getsourcelines(target)[1]
    except (TypeError, OSError):
        return None
    return None if file is None else f"{short_path(file)}:{line}"


def name_of(obj: object) -> str:
    """What to call *obj*: the name of its class, or of the coroutine or generator function."""
    code = getattr(obj, "cr_code", None) or getattr(obj, "ag_code", None)
    if isinstance(code, CodeType):
        return code.co_qualname.replace("<locals>.", "").rpartition(".")[2]
    if isinstance(obj, type) or inspect.isroutine(obj):
        return obj.__qualname__.rpartition(".")[2]
    return type(obj).__qualname__.rpartition(".")[2]
