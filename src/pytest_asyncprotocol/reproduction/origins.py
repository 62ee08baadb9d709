"""How a script gets at the objects that it uses: by imports, by copied source, or not at all."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from pytest_asyncprotocol.model.recording import as_source
from pytest_asyncprotocol.model.text import describe, short_path
from pytest_asyncprotocol.reproduction.parts import names_in

OURS = __name__.partition(".")[0]
_RESERVED = object()
_INSTALLED = tuple(sysconfig.get_path(each) for each in ("purelib", "platlib", "stdlib"))


class Origins:
    """Collects what stands at the head of a script, so that its *expressions* can be evaluated.

    It gives none of the *reserved* names to what it imports or copies by itself.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._paths: dict[str, None] = {}
        self._imports: dict[str, None] = {}
        self._copied: dict[str, str] = {}
        self._names: dict[str, Any] = dict.fromkeys(reserved, _RESERVED)
        self._open: dict[str, None] = {}

    def imports(self) -> list[str]:
        """The paths and imports at the head of the script."""
        return [*(f"sys.path.insert(0, {path!r})" for path in self._paths), *sorted(self._imports)]

    def lines(self) -> list[str]:
        """What follows the imports."""
        copied = [line for text in self._copied.values() for line in ("", "", *text.splitlines())]
        return [*(f"# To be filled in: {each}" for each in self._open), *copied]

    @property
    def bound(self) -> set[str]:
        """The names that stand for objects of the test."""
        return {name for name, value in self._names.items() if value is not _RESERVED}

    def expression(self, obj: Any) -> str:
        """Python source whose value is *obj*, or something alike."""
        if isinstance(obj, functools.partial):
            self._imports["import functools"] = None
            given = [self.expression(obj.func), *map(self.expression, obj.args)]
            given += [f"{name}={self.expression(each)}" for name, each in obj.keywords.items()]
            return f"functools.partial({', '.join(given)})"
        if isinstance(obj, ModuleType):
            self._imports[f"import {obj.__name__}"] = None
            return obj.__name__
        if isinstance(obj, MethodType):
            return f"{self.expression(obj.__self__)}.{obj.__func__.__name__}"
        if isinstance(obj, (type, FunctionType)) or inspect.isbuiltin(obj):
            return self._maker(obj)
        literal = as_source(obj)
        if not literal.unknown and not isinstance(obj, BaseException):
            return literal.text
        return self._global(obj) or self._missing(obj)

    def _missing(self, obj: object) -> str:
        self._open[f"{describe(obj)}, which is only known to the test"] = None
        return "..."

    def _maker(self, obj: Any) -> str:
        module, name = getattr(obj, "__module__", None) or "", obj.__qualname__
        if module == "builtins":
            return str(name)
        if _found(module, name) is obj and module.partition(".")[0] != OURS:
            return self._imported(module, name)
        if name.rpartition(".")[2] == "<lambda>":
            return self._lambda(obj)
        return self._copy(obj)

    def _imported(self, module: str, name: str) -> str:
        first, _, rest = name.partition(".")
        holder = getattr(sys.modules[module], first)
        alias = self._free(first, holder)
        file = getattr(sys.modules[module], "__file__", None)
        root = None if file is None else _root(Path(file), module)
        if file is not None and root is None:
            self._imports["import runpy"] = None
            self._copied[alias] = f"{alias} = runpy.run_path({short_path(file)!r})[{first!r}]"
        else:
            as_alias = "" if alias == first else f" as {alias}"
            self._imports[f"from {module} import {first}{as_alias}"] = None
            if root is not None and not str(root).startswith(_INSTALLED):
                self._paths[short_path(str(root))] = None
        return f"{alias}.{rest}" if rest else alias

    def _free(self, name: str, obj: Any) -> str:
        while self._names.setdefault(name, obj) is not obj:
            name += "_"
        return name

    def _global(self, obj: Any) -> str | None:
        modules: list[Any] = list(sys.modules.values())
        for module in modules:
            name = getattr(module, "__name__", "")
            if not isinstance(module, ModuleType) or name.partition(".")[0] == OURS:
                continue
            for key, value in list(vars(module).items()):
                if value is obj and key.isidentifier():
                    return self._imported(name, key)
        return None

    def _lambda(self, function: FunctionType) -> str:
        node = _lambda_node(function.__code__)
        if node is None:
            return self._missing(function)
        self._bind(function)
        return f"({ast.unparse(node)})"

    def _copy(self, obj: Any) -> str:
        name = self._free(obj.__name__, obj)
        if name in self._copied:
            return name
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(obj))).body[0]
        except (OSError, TypeError, SyntaxError, IndexError):
            return self._missing(obj)
        if not isinstance(tree, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._missing(obj)
        tree.decorator_list = [d for d in tree.decorator_list if self._is_plain(d, obj)]
        for function in _functions(obj):
            self._bind(function, tree)
        if isinstance(obj, type) and isinstance(tree, ast.ClassDef):
            for base, node in zip(obj.__bases__, tree.bases, strict=False):
                if isinstance(node, ast.Name):
                    node.id = self.expression(base)
        tree.name = name
        self._copied[name] = ast.unparse(tree)
        return name

    def _is_plain(self, decorator: ast.expr, obj: Any) -> bool:
        """Whether *decorator* may stay: one of the standard library's."""
        name = ast.unparse(decorator).partition("(")[0].partition(".")[0]
        found = obj.__globals__.get(name) if isinstance(obj, FunctionType) else None
        key = "__name__" if isinstance(found, ModuleType) else "__module__"
        module: str = getattr(found, key, "")
        is_plain = module.partition(".")[0] in ("contextlib", "functools", "types", "dataclasses")
        if is_plain:
            self._take(name, found)
        return is_plain

    def _bind(self, function: FunctionType, tree: ast.AST | None = None) -> None:
        """Bring along what *function* uses from outside of itself."""
        closure = function.__closure__ or ()
        for name, cell in zip(function.__code__.co_freevars, closure, strict=True):
            with suppress(ValueError):
                if name != "__class__":
                    self._take(name, cell.cell_contents)
        used = {*_global_names(function.__code__), *(names_in(tree) if tree else ())}
        for name in sorted(used):
            if name in function.__globals__:
                self._take(name, function.__globals__[name])

    def _take(self, name: str, value: Any) -> None:
        """Make *name* stand for *value* in the script."""
        if self._names.get(name, _RESERVED) is value:
            return
        if isinstance(value, ModuleType):
            if value.__name__.partition(".")[0] == OURS:
                self._missing(value)
            else:
                self._names[name] = value
                as_name = "" if value.__name__ == name else f" as {name}"
                self._imports[f"import {value.__name__}{as_name}"] = None
            return
        module = getattr(value, "__module__", "") or ""
        key = getattr(value, "__name__", name)
        importable = module in sys.modules and module.partition(".")[0] != OURS
        if importable and isinstance(key, str) and _found(module, key) is value:
            text = self._imported(module, key)
        else:
            text = self.expression(value)
        if text != name:
            self._names[name] = value
            self._copied[name] = f"{name} = {text}"


def _functions(obj: Any) -> Iterator[FunctionType]:
    found = [inspect.unwrap(obj)]
    if isinstance(obj, type):
        found = [getattr(m, "__func__", getattr(m, "fget", m)) for m in vars(obj).values()]
    return (each for each in found if isinstance(each, FunctionType))


def _global_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _global_names(each)


def _found(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _root(file: Path, module: str) -> Path | None:
    """The folder from which *module* is imported; None if its file is not where its name says."""
    path, parts = file.with_suffix(""), tuple(module.split("."))
    if path.name == "__init__":
        path = path.parent
    return path.parents[len(parts) - 1] if path.parts[-len(parts) :] == parts else None


def _lambda_node(code: CodeType) -> ast.Lambda | None:
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return None
    places = {p for p in code.co_positions() if p[0] is not None and p[3]}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and node.lineno <= code.co_firstlineno:
            body = node.body
            if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in places:
                return node
    return None
