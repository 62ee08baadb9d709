"""What a package makes public: its modules, and the names that they export."""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import FunctionType, ModuleType
from typing import Any

from pytest_asyncprotocol.model.protocols import isinstance_of
from pytest_asyncprotocol.model.text import describe_exception

_TESTS = ("test", "tests", "conftest")


@dataclass(frozen=True, slots=True)
class Unimportable:
    """A module that failed to be imported, and why."""

    module: str
    error: str


@dataclass(frozen=True, slots=True)
class Export:
    """A class or function under its public name."""

    module: str
    name: str
    value: Any


def missing_package(package: str, folders: Sequence[str]) -> str | None:
    """Why *package* is to be found neither by Python nor in *folders*, or None; imports nothing."""
    places: list[str] | None = None
    parts = package.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        try:
            spec = _found(name, places)
            if spec is None and depth == 1:
                spec = PathFinder.find_spec(name, folders)
            if spec is None:
                return _not_found(package, ".".join(parts[: depth - 1]), places, folders)
            places = list(spec.submodule_search_locations or ())
        except KeyError:  # a namespace in a namespace, which can't be told without an import
            return None
    return None


def _found(name: str, places: list[str] | None) -> ModuleSpec | None:
    """What the finders know of a module, whose parent need not have been imported."""
    finders: list[Any] = [each for each in sys.meta_path if hasattr(each, "find_spec")]
    specs = (finder.find_spec(name, places) for finder in finders)
    return next((spec for spec in specs if spec is not None), None)


def walk(package: str) -> Iterator[ModuleType | Unimportable]:
    """The public modules of *package*, itself first; private ones and tests are left out."""
    module = _imported(package)
    yield module
    if isinstance(module, Unimportable):
        return
    names = sorted(found.name for found in pkgutil.iter_modules(getattr(module, "__path__", ())))
    for name in names:
        is_test = name in _TESTS or name.startswith("test_") or name.endswith(("_test", "_tests"))
        if not name.startswith("_") and not is_test:
            yield from walk(f"{package}.{name}")


def exports(modules: Iterable[ModuleType]) -> list[Export]:
    """What *modules* export, each class and function once: under its shortest public name."""
    known = {module.__name__: module for module in modules}
    found: dict[int, Export] = {}
    for module in known.values():
        for name, value in _exported_by(module):
            home = _highest(module.__name__, name, value, known)
            before = found.get(id(value))
            if before is None or home.count(".") < before.module.count("."):
                found[id(value)] = Export(home, name, value)
    return list(found.values())


def _highest(home: str, name: str, value: Any, known: Mapping[str, ModuleType]) -> str:
    """The highest package above the module *home* that has *value* under the same *name*."""
    parts = home.split(".")
    above = (".".join(parts[:depth]) for depth in range(1, len(parts)))
    return next((n for n in above if n in known and vars(known[n]).get(name) is value), home)


def is_of(value: Any, package: str) -> bool:
    """Whether a class or function was written in the distribution that *package* belongs to.

    What is written in C for the package ``name`` says that it is of ``_name``.
    """
    root = package.partition(".")[0]
    home = str(getattr(value, "__module__", None)).partition(".")[0]
    return home in (root, f"_{root}")


def _imported(name: str) -> ModuleType | Unimportable:
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123  # it is no path
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            return import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Unimportable(name, describe_exception(error))


def _exported_by(module: ModuleType) -> Iterator[tuple[str, Any]]:
    listed: list[Any] | None = getattr(module, "__all__", None)
    takes_all = listed is not None or hasattr(module, "__path__")
    explicit = set[str]() if takes_all else _renamed_to_themselves(module)
    if listed is None:
        listed = [name for name in dir(module) if not name.startswith("_")]
    for name in listed:
        try:
            value = getattr(module, name)
            known = isinstance_of(value, type) or isinstance_of(value, FunctionType)
            if not known or not is_of(value, module.__name__):
                continue
        except Exception:  # noqa: S112  # a name that only __all__ knows, or a hostile object
            continue
        if takes_all or value.__module__ == module.__name__ or name in explicit:
            yield name, value


def _renamed_to_themselves(module: ModuleType) -> set[str]:
    """The names in ``from ... import name as name``, which says that they are exported.

    Source: typing documentation, "Import conventions",
    https://typing.python.org/en/latest/spec/distributing.html#import-conventions
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return set()
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in imports for alias in node.names if alias.asname == alias.name}


def _not_found(package: str, found: str, places: list[str] | None, folders: Sequence[str]) -> str:
    if "/" in package or "\\" in package or package.endswith(".py"):
        return f"{package!r} is a path: name the package as it is imported, as in `my.package`"
    searched = [*(places or ())] if found else None
    names = {each.name for each in pkgutil.iter_modules(searched)}
    if not found:
        names |= {each.name for each in pkgutil.iter_modules(folders)}
    wanted = package.removeprefix(f"{found}.").partition(".")[0] if found else package
    near = difflib.get_close_matches(wanted.replace("-", "_"), sorted(names), n=3, cutoff=0.6)
    prefix = f"{found}." if found else ""
    hint = f": did you mean {' or '.join(prefix + name for name in near)}?" if near else ""
    return f"there is no package {package!r}{hint}"
