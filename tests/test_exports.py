"""The public names: one list, documented, and free of charge until they are used."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pytest_asyncprotocol
from pytest_asyncprotocol import conformance, testing

COSTLY = ("anyio", "asyncio", "hypothesis", "pytest", "trio")

TREE = ast.parse(Path(pytest_asyncprotocol.__file__).read_text(encoding="utf-8"))


def for_type_checkers() -> dict[str, str]:
    """The names in the TYPE_CHECKING block, each with the module that it comes from."""
    return {
        alias.asname or alias.name: str(node.module)
        for block in TREE.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_names_what_type_checkers_see() -> None:
    """The names at run time are those that type checkers know."""
    assert sorted(pytest_asyncprotocol.__all__) == sorted(for_type_checkers())


@pytest.mark.parametrize("module", [pytest_asyncprotocol, testing], ids=lambda m: m.__name__)
def test_all_is_sorted(module: ModuleType) -> None:
    """The list is a sorted tuple, and names nothing twice."""
    names = module.__all__

    assert isinstance(names, tuple)
    assert tuple(sorted(set(names))) == names


@pytest.mark.parametrize("name", sorted(for_type_checkers()))
def test_a_name_is_what_type_checkers_take_it_for(name: str) -> None:
    """A public name gives the object of the module that type checkers look into."""
    home = for_type_checkers()[name]
    __import__(home)

    assert getattr(sys.modules[home], name) is getattr(pytest_asyncprotocol, name)
    assert name in dir(pytest_asyncprotocol)


def test_nothing_else_is_public() -> None:
    """Once all names were used, the package holds no other name without an underscore."""
    for name in pytest_asyncprotocol.__all__:
        getattr(pytest_asyncprotocol, name)
    public = {
        name
        for name, value in vars(pytest_asyncprotocol).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }

    assert public - {"TYPE_CHECKING", "Any", "annotations"} == set(pytest_asyncprotocol.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module, and naming what was asked for."""
    with pytest.raises(AttributeError, match="has no attribute 'assert_async_itertor'"):
        getattr(pytest_asyncprotocol, "assert_async_itertor")  # noqa: B009


@pytest.mark.parametrize("name", pytest_asyncprotocol.__all__)
def test_each_name_is_documented(name: str) -> None:
    """Each public object has a docstring, and each function an example in it."""
    found = getattr(pytest_asyncprotocol, name)
    text = inspect.getdoc(found)

    assert text
    if inspect.isfunction(found):
        assert "Example::" in text
        assert name in text.partition("Example::")[2]


@pytest.mark.parametrize("name", testing.__all__)
def test_each_name_for_rule_authors_is_documented(name: str) -> None:
    """Each has a docstring, and each function that proves a rule an example in it."""
    found = getattr(testing, name)
    text = inspect.getdoc(found)

    assert text
    if inspect.isfunction(found) and found.__module__ == testing.__name__:
        assert "Example::" in text
        assert name in text.partition("Example::")[2]


def test_each_decorator_is_documented() -> None:
    """Each decorator has a docstring, and all of them an example in their class."""
    assert "Example::" in (inspect.getdoc(conformance) or "")
    for name, method in inspect.getmembers(conformance, inspect.ismethod):
        if not name.startswith("_"):
            assert method.__doc__, name


def test_rules_are_proved_without_pytest() -> None:
    """Whatever runs the tests of a rule's author."""
    program = "import pytest_asyncprotocol.testing, sys; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert "False" == done.stdout.strip()


@pytest.mark.parametrize("module", ["pytest_asyncprotocol", "pytest_asyncprotocol.model.settings"])
def test_importing_costs_nothing(module: str) -> None:
    """What is imported at start-up brings no event loop, no Hypothesis and no pytest with it."""
    program = f"import {module}, sys; print([m for m in {COSTLY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert "[]" == done.stdout.strip()
