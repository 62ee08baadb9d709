"""The folders are the architecture: imports point downward, and modules stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest_asyncprotocol

PACKAGE = "pytest_asyncprotocol"
SOURCE = Path(pytest_asyncprotocol.__file__).parent
TESTS = Path(__file__).parent

LAYERS = (
    "plugin",
    "testing",
    "assertions",
    "decorators",
    "checking",
    "battery",
    "explaining",
    "reproduction",
    "plan",
    "catalogue",
    "third_party",
    "rules",
    "authoring",
    "exploration",
    "engine",
    "model",
    "snippets",
)
"""From top to bottom. The package itself stands above them all."""

LIBRARIES = {
    "pytest": {"plugin"},
    "_pytest": {"plugin"},
    "asyncio": {"engine", "exploration", "snippets"},
    "trio": {"engine", "exploration", "snippets"},
    "anyio": {"engine", "exploration", "snippets"},
    "uvloop": {"engine", "exploration"},
    "hypothesis": {"engine", "exploration"},
}
"""Who may import what; so may what stands beside rules, in modules named `_name.py`."""

DOORS = {("plugin.interop", "anyio.pytest_plugin")}
"""Where the plugin meets other plugins: they are pytest's matter, whatever library they serve."""

MOST_LINES = 350
BANNED_NAMES = {"utils", "util", "helpers", "helper", "misc"}

MODULES = sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The module's dotted name below the package; empty for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    """The module's place in the order, counted from the top; the package itself is -1."""
    return LAYERS.index(module.partition(".")[0]) if module else -1


def imported(path: Path) -> Iterator[str]:
    """The full name of every module that is imported in *path*, wherever that stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write out the module's full name"
            assert node.module is not None
            if node.module == PACKAGE:
                yield from (_home_of(alias.name) for alias in node.names)
            else:
                yield node.module
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] == "import_module"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _home_of(name: str) -> str:
    """The module behind ``from package import name``: a layer, or the package for its names."""
    return f"{PACKAGE}.{name}" if name in LAYERS else PACKAGE


def imported_of_ours(path: Path) -> Iterator[str]:
    """The modules of the package that *path* imports, by their names below it."""
    for name in imported(path):
        if name.split(".")[0] == PACKAGE:
            yield name.removeprefix(PACKAGE).removeprefix(".")


def test_every_place_has_a_layer() -> None:
    """A new folder or module at the top has to say where it stands."""
    places = {name_of(path).split(".")[0] for path in MODULES} - {""}

    assert places <= set(LAYERS)


def test_imports_point_downward() -> None:
    """A module imports from its own layer and from those below it, never from above."""
    upward = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported_of_ours(path)
        if layer_of(name) < layer_of(name_of(path))
    ]

    assert [] == upward


def test_libraries_are_imported_where_they_belong() -> None:
    """Only the plugin knows pytest; only what runs loops knows the libraries of loops."""
    out_of_place = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if not _may_import(name_of(path), name)
    ]

    assert [] == out_of_place


def _may_import(module: str, name: str) -> bool:
    place, _, below = module.partition(".")
    if place == "rules" and below.rpartition(".")[2].startswith("_"):
        place = "exploration"
    return place in LIBRARIES.get(name.partition(".")[0], {place}) or (module, name) in DOORS


def test_a_module_fits_in_a_head() -> None:
    """A module that grows past the limit is split by responsibility."""
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert {} == {module: count for module, count in lines.items() if count > MOST_LINES}


def test_modules_are_named_by_what_they_hold() -> None:
    """No module is named for being useful."""
    everything = [*SOURCE.rglob("*.py"), *TESTS.rglob("*.py")]
    banned = [path for path in everything if path.stem.strip("_") in BANNED_NAMES]

    assert [] == banned
