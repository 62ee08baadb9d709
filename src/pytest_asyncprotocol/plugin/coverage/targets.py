"""What of a package implements an async protocol, or returns what does."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import contextlib
import dis
import inspect
import typing
from abc import ABC
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType, UnionType
from typing import Any, Union, cast, get_args, get_origin

from pytest_asyncprotocol.model.identity import identity_of_class, identity_of_function
from pytest_asyncprotocol.model.protocols import Protocol, on_class
from pytest_asyncprotocol.plugin.coverage.packages import Export, is_of

ITERATION = (Protocol.ASYNC_ITERABLE, Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR)
"""Each of them asks for all that those before it ask for."""

_ABSTRACT_HOMES = ("collections.abc", "contextlib", "typing")
_MADE_BY_CONTEXTLIB = inspect.unwrap(contextlib.asynccontextmanager).__code__


@dataclass(frozen=True, slots=True)
class Target:
    """A class or function of a package with the protocols that it implements or returns.

    ``identity`` is what a report says of a subject that came from it; ``cls`` is the class itself,
    if it is one that can be looked at.
    """

    module: str
    name: str
    protocols: tuple[Protocol, ...]
    identity: str
    kind: str
    abstract: bool = False
    cls: type | None = None


def targets_of(package: str, exported: Iterable[Export]) -> list[Target]:
    """The targets among what *package* exports, by module and name."""
    exported = list(exported)
    classes = {each.value for each in exported if isinstance(each.value, type)}
    concrete = {cls for cls in classes if protocols_of(cls) and not is_abstract(cls)}
    found: list[Target] = []
    for each in exported:
        module, name, value = each.module, each.name, each.value
        functions, kind = [(name, value)], "function"
        if isinstance(value, type):
            protocols, identity = protocols_of(value), identity_of_class(value)
            abstract = is_abstract(value)
            found.append(Target(module, name, protocols, identity, "class", abstract, cls=value))
            methods = _methods_of(value, classes, package)
            functions, kind = [(f"{name}.{own}", method) for own, method in methods], "method"
        for full, function in functions:
            protocols = _returned_by(function, package, concrete)
            found.append(Target(module, full, protocols, identity_of_function(function), kind))
    return sorted((each for each in found if each.protocols), key=lambda t: (t.module, t.name))


def protocols_of(cls: type) -> tuple[Protocol, ...]:
    """The protocols that the objects of *cls* are to implement, however incompletely.

    Of iterable, iterator and generator only the most that there is. A method that is None says
    that the protocol is not for these objects.
    """
    has = {n for p in Protocol for n in p.methods if on_class(cls, n) is not None}
    refused = {name for each in cls.__mro__ for name in vars(each)} - has
    found: list[Protocol] = []
    if "__await__" in has:
        found.append(Protocol.AWAITABLE)
    if {"asend", "athrow"} <= has and {"__anext__", "__aiter__"} & has:
        found.append(Protocol.ASYNC_GENERATOR)
    elif "__anext__" in has:
        found.append(Protocol.ASYNC_ITERATOR)
    elif "__aiter__" in has:
        found.append(Protocol.ASYNC_ITERABLE)
    if {"__aenter__", "__aexit__"} & has:
        found.append(Protocol.ASYNC_CONTEXT_MANAGER)
    return tuple(protocol for protocol in found if not refused & set(protocol.methods))


def is_abstract(cls: type) -> bool:
    """Whether *cls* is to be derived from: by its kind, its name, or methods that only refuse."""
    if inspect.isabstract(cls) or ABC in cls.__bases__ or _is_typing_protocol(cls):
        return True
    if cls.__name__.startswith("Abstract") or cls.__name__.endswith("Mixin"):
        return True
    if on_class(cls, "__new__") is not object.__new__:
        return False
    methods = (on_class(cls, name) for p in Protocol for name in p.methods)
    return any(isinstance(each, FunctionType) and _only_refuses(each) for each in methods)


def _methods_of(cls: type, public: set[type], package: str) -> Iterator[tuple[str, FunctionType]]:
    """The public methods of *cls*, less those that another public class or package gave it."""
    seen = set[str]()
    for home in cls.__mro__:
        for name, value in vars(home).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            if home is not cls and (home in public or not is_of(home, package)):
                continue
            if isinstance(value, staticmethod | classmethod):
                value = cast("Any", value).__func__  # noqa: PLW2901
            if not isinstance(value, FunctionType) or getattr(value, "__isabstractmethod__", False):
                continue
            if not _is_typing_protocol(home) and not _only_refuses(value):
                yield name, value


def _returned_by(function: FunctionType, package: str, concrete: set[type]) -> tuple[Protocol, ...]:
    """The protocols of what *function* returns, unless that is a class that counts by itself."""
    chain = [function]
    while isinstance(inner := getattr(chain[-1], "__wrapped__", None), FunctionType):
        chain.append(inner)
    if any(_is_made_by_contextlib(each) for each in chain):
        return (Protocol.ASYNC_CONTEXT_MANAGER,)
    annotated = _annotated_classes(function)
    each = [protocols_of(cls) for cls in annotated]
    promised = tuple(p for p in Protocol if each and all(p in protocols for protocols in each))
    if inspect.isasyncgenfunction(function):
        return promised if set(promised) & set(ITERATION) else (Protocol.ASYNC_GENERATOR,)
    if len(chain) > 1 or annotated <= concrete:
        return ()
    if all(each.__module__ in _ABSTRACT_HOMES or is_of(each, package) for each in annotated):
        return promised
    return ()


def _annotated_classes(function: FunctionType) -> set[type]:
    """The classes that *function* is annotated to return; none if one of them cannot be told."""
    try:
        annotation: object = function.__annotations__.get("return")
    except Exception:  # evaluated on demand since Python 3.14
        return set()
    if isinstance(annotation, str):
        try:
            node = ast.parse(annotation.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return set()
        members = [_looked_up(each, function) for each in _alternatives(node)]
    else:
        union = get_origin(annotation) in (UnionType, Union)
        members = list(get_args(annotation)) if union else [annotation]
    classes = [get_origin(each) or each for each in members]
    known = {each for each in classes if isinstance(each, type)}
    return known if len(known) == len(classes) else set()


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    else:
        yield node.value if isinstance(node, ast.Subscript) else node


def _looked_up(node: ast.expr, function: FunctionType) -> object:
    """What an annotation in quotes names, as far as that can be told without evaluating it."""
    names = ast.unparse(node).split(".")
    found: Any = function.__globals__.get(names[0], getattr(builtins, names[0], None))
    for name in names[1:]:
        found = getattr(found, name, None)
    return _abstract_class(names[-1]) if found is None else found


def _abstract_class(name: str) -> object:
    """What is imported for type checkers only is known by its name, if it is one of Python's."""
    homes = (collections.abc, contextlib, typing)
    found = next((getattr(home, name) for home in homes if hasattr(home, name)), None)
    return get_origin(found) or found


def _is_made_by_contextlib(function: FunctionType) -> bool:
    code = function.__code__
    name = "asynccontextmanager.<locals>.helper"
    return code.co_qualname == name and code.co_filename == _MADE_BY_CONTEXTLIB.co_filename


def _is_typing_protocol(cls: type) -> bool:
    return bool(vars(cls).get("_is_protocol", False))


def _only_refuses(function: FunctionType) -> bool:
    """Whether all that *function* does is to raise NotImplementedError."""
    loaded: list[object] = []
    for each in dis.get_instructions(function.__code__):
        if "JUMP" in each.opname or each.opname.startswith(("LOAD_FAST", "STORE", "YIELD")):
            return False
        if each.opname.startswith("LOAD_GLOBAL"):
            loaded.append(each.argval)
        if each.opname == "RAISE_VARARGS":
            return loaded == ["NotImplementedError"]
    return False
