"""The folders are the architecture: imports point downward, and modules stay small."""

from __future__ import annotations

import ast
import re
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

HAVE_RULE_IDS = ("rules.", "exploration.sequences.machines.", "assertions")
"""The rules; what says which rule forbids something; the rules of `explore_cancellation`."""

PROTOCOLS = ("rules.", "exploration.sequences.machines.")
"""Folders of protocols, which have the same themes."""

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


def dependencies(path: Path) -> set[str]:
    """The modules of the package that *path* needs when it runs, its type annotations aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = []
    modules = set(map(name_of, MODULES))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            home = node.module.removeprefix(f"{PACKAGE}.")
            named = {f"{home}.{alias.name}" for alias in node.names}
            found |= named & modules or {home} & modules
    return found


def names_through_the_door() -> dict[str, str]:
    """The module that each name of `authoring` comes from."""
    door = ast.parse((SOURCE / "authoring.py").read_text(encoding="utf-8"))
    return {
        alias.name: (node.module or "").removeprefix(f"{PACKAGE}.")
        for node in ast.walk(door)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


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


def test_no_modules_import_each_other() -> None:
    """What a module needs was imported before it, by whatever way one comes to it."""
    left = {name_of(path): dependencies(path) for path in MODULES}
    while ready := [module for module, needed in left.items() if not needed & set(left)]:
        for module in ready:
            del left[module]

    assert {} == left


def test_no_name_stands_for_two_modules() -> None:
    """But for the themes that protocols have in common."""
    places: dict[str, list[str]] = {}
    for module in map(name_of, MODULES):
        places.setdefault(module.rpartition(".")[2], []).append(module)
    twice = {
        name: modules
        for name, modules in places.items()
        if len(modules) > 1 and not all(f"{each}.".startswith(PROTOCOLS) for each in modules)
    }

    assert {} == twice


def test_exploration_holds_what_several_share() -> None:
    """What one module alone needs stands beside that."""
    door = names_through_the_door()
    users: dict[str, set[str]] = {}
    for path in MODULES:
        module, tree = name_of(path), ast.parse(path.read_text(encoding="utf-8"))
        if module in ("authoring", "testing"):
            continue
        needed = dependencies(path)
        if "authoring" in needed:
            words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            needed |= {home for name, home in door.items() if name in words}
        for each in needed:
            users.setdefault(each, set()).add(module)

    assert [] == [
        module
        for module in map(name_of, MODULES)
        if module.startswith("exploration.")
        and ".sequences" not in module
        and len(users.get(module, ())) < 2
    ]


def test_rules_come_in_by_one_door() -> None:
    """Ours are written with what those of others are written with."""
    below = ("engine", "exploration", "model")
    beside_the_door = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported_of_ours(path)
        if name_of(path).startswith("rules.")
        and not name_of(path).rpartition(".")[2].startswith("_")
        and name.startswith(below)
    ]

    assert [] == beside_the_door


def test_rules_are_named_by_rules_only() -> None:
    """What other modules need to know of a rule stands on the rule."""
    named = re.compile(r'"(AW|AB|AI|AG|CM|CO)[0-9]{3}"')

    assert [] == [
        name_of(path)
        for path in MODULES
        if not name_of(path).startswith(HAVE_RULE_IDS)
        and named.search(path.read_text(encoding="utf-8"))
    ]
