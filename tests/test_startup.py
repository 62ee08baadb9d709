"""The plugin costs nothing where it is not used."""

from __future__ import annotations

import json

import pytest

from tests.conftest import RunPytest

_COUNTER = """
    import json, sys
    import pytest

    def pytest_sessionfinish():
        save("finish")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure():
        save("end")

    def save(moment):
        with open(f"{moment}.json", "w") as out:
            json.dump(sorted(sys.modules), out)
"""

ORDINARY = """
    import pytest

    @pytest.fixture
    def size():
        return 3

    @pytest.mark.parametrize("other", [1, 2])
    def test_ordinary(size, other):
        assert size > other

    async def test_async_that_nobody_runs():
        pass

    class TestMethods:
        def test_it(self):
            pass
"""


@pytest.mark.parametrize("files", [{}, {"test_ordinary": ORDINARY}], ids=["empty", "ordinary"])
def test_no_module_but_its_own_is_loaded(
    run_pytest: RunPytest, pytester: pytest.Pytester, files: dict[str, str]
) -> None:
    """From first import to the end of the summary, compared with pytest alone."""
    pytester.makepyfile(counter=_COUNTER)
    loaded: dict[str, dict[str, set[str]]] = {}
    for key, plugins in (("without", ()), ("with", ("ours",))):
        arguments = ("-q", "-p", "counter", "-p", "no:cacheprovider")
        run_pytest(*arguments, plugins=plugins, sequences=True, fresh=True, **files)
        loaded[key] = {
            moment: set(json.loads((pytester.path / f"{moment}.json").read_text()))
            for moment in ("finish", "end")
        }

    for moment in ("finish", "end"):
        extra = loaded["with"][moment] - loaded["without"][moment]
        assert extra, "the plugin was loaded"
        assert {"pytest_asyncprotocol"} == {name.partition(".")[0] for name in extra}
        heavy = {"assertions", "checking", "engine", "exploration", "rules"}
        assert set() == {name.split(".")[1] for name in extra if "." in name} & heavy
        assert "pytest_asyncprotocol.plugin.coverage" not in extra
        assert [] == [name for name in extra if "plugin.reports" in name]
        assert "pytest_asyncprotocol.plugin.running" not in extra
