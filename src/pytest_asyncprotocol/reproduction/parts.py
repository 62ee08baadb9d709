"""The definitions of the snippets that a script needs, copied with all that they use."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files

FOLDER = "pytest_asyncprotocol.snippets"

WIDTH = 100
"""Characters of a line of a script."""


@dataclass(frozen=True, slots=True)
class Part:
    """A definition without annotations, and the names that it uses."""

    text: str
    uses: set[str]
    is_constant: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """All definitions for scripts of one library, and the imports by the names that they bind."""

    definitions: dict[str, Part] = field(default_factory=dict[str, Part])
    imports: dict[str, str] = field(default_factory=dict[str, str])

    def used_in(self, code: str, bound: set[str]) -> tuple[list[str], list[str]]:
        """The imports and definitions for *code*, and for one another, without what is *bound*."""
        names, pending = set[str](), names_in(ast.parse(code)) - bound
        while pending:
            names |= pending
            found = (self.definitions[each].uses for each in pending & self.definitions.keys())
            pending = set[str]().union(*found) - names
        imports = sorted({text for name, text in self.imports.items() if name in names})
        parts = [part for name, part in self.definitions.items() if name in names]
        constants = "\n".join(part.text for part in parts if part.is_constant)
        others = [part.text for part in parts if not part.is_constant]
        return imports, [constants, *others] if constants else others


@functools.cache
def parts_for(library: str) -> Parts:
    """The parts for scripts of *library*."""
    parts = Parts()
    for module in ("anywhere", f"on_{library}", "meetings", "looks", "inners", "special_uses"):
        source = files(FOLDER).joinpath(f"{module}.py").read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                parts.imports.update(_imports_of(node))
                continue
            name = _name_of(node)
            if name is not None:
                text = without_annotations(ast.get_source_segment(source, node) or "")
                is_constant = isinstance(node, (ast.Assign, ast.AnnAssign))
                parts.definitions[name] = Part(text, names_in(ast.parse(text)), is_constant)
    return parts


def names_in(tree: ast.AST) -> set[str]:
    """All names that *tree* uses or binds."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def without_annotations(code: str) -> str:
    """*code* without what only type checkers read; all else stays as it is laid out."""
    lines = code.splitlines()
    for node in sorted(ast.walk(ast.parse(code)), key=lambda n: getattr(n, "lineno", 0))[::-1]:
        if isinstance(node, ast.AnnAssign):
            line, target = lines[node.lineno - 1], node.target
            end = node.annotation.end_col_offset
            lines[node.lineno - 1] = line[: target.end_col_offset] + line[end:]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            header = " " * node.col_offset + _header(node)
            lines[node.lineno - 1 : node.returns.end_lineno] = [header]
    return "\n".join(lines)


def _header(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    for each in ast.walk(node.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    arguments = ast.unparse(node.args)
    line = f"{start} {node.name}({arguments}):"
    return line if len(line) <= WIDTH else f"{start} {node.name}(\n    {arguments}\n):"


def _imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom) and str(node.module).startswith((FOLDER, "__future__")):
        return
    for alias in node.names:
        start = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
        yield alias.name, f"{start}import {alias.name}"


def _name_of(node: ast.stmt) -> str | None:
    """The name that *node* defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else None
