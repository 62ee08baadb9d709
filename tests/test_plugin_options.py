"""Flags and their ini twins."""

from __future__ import annotations

import pytest

from tests.conftest import RunPytest

SHOW = """
    from pytest_asyncprotocol import check
    from pytest_asyncprotocol.model import settings
    from subjects import Ticker

    def test_show():
        found = settings.current()
        print("backends", ",".join(found.backends))
        print("level", found.level)
        print("select", ",".join(found.select))
        print("ignore", ",".join(found.ignore))
        print("timeout", found.timeout)

    def test_used():
        report = check("async_iterator", Ticker, items=[0, 1, 2])
        print("used", ",".join(dict.fromkeys(verdict.backend for verdict in report)))
"""

INI = {
    "pytest.ini": """
        [pytest]
        asyncprotocol_backends = trio
        asyncprotocol_level = must
        asyncprotocol_select = AI, cancellation-passes
        asyncprotocol_ignore = AI001
        asyncprotocol_timeout = 2.5
    """,
    "tox.ini": """
        [pytest]
        asyncprotocol_backends = trio
        asyncprotocol_level = must
        asyncprotocol_select =
            AI
            cancellation-passes
        asyncprotocol_ignore = AI001
        asyncprotocol_timeout = 2.5
    """,
    "pyproject.toml": """
        [tool.pytest.ini_options]
        asyncprotocol_backends = ["trio"]
        asyncprotocol_level = "must"
        asyncprotocol_select = "AI,cancellation-passes"
        asyncprotocol_ignore = ["AI001"]
        asyncprotocol_timeout = 2.5
    """,
    "native pyproject.toml": """
        [tool.pytest]
        asyncprotocol_backends = ["trio"]
        asyncprotocol_level = "must"
        asyncprotocol_select = ["AI", "cancellation-passes"]
        asyncprotocol_ignore = ["AI001"]
        asyncprotocol_timeout = 2.5
    """,
}


@pytest.mark.parametrize("kind", INI)
def test_each_setting_has_an_ini_twin(
    run_pytest: RunPytest, pytester: pytest.Pytester, kind: str
) -> None:
    """In every file that pytest reads, with everything strict and every warning an error."""
    if kind.startswith("native") and pytest.version_tuple < (9, 0):
        pytest.skip("pytest 9 reads [tool.pytest]")
    name = kind.rpartition(" ")[2]
    pytester.path.joinpath(name).write_text(INI[kind].replace("\n        ", "\n"))

    strict = ("--strict-markers", "--strict-config", "-W", "error")
    run = run_pytest("-s", "-v", *strict, plugins=("ours",), test_show=SHOW)

    assert {"test_show": "passed", "test_used": "passed"} == run.outcomes(), run.out
    for line in (
        "backends trio",
        "level must",
        "select AI,cancellation-passes",
        "ignore AI001",
        "timeout 2.5",
        "used trio",
        "asyncprotocol: backends trio; level must",
    ):
        assert line in run.out, run.out
    assert "warning" not in run.out


def test_a_flag_is_over_the_ini_file_which_is_over_the_default(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """Setting by setting; an empty ini value counts as unset."""
    pytester.makeini("""
        [pytest]
        asyncprotocol_backends = trio
        asyncprotocol_level = must
        asyncprotocol_select =
        asyncprotocol_timeout = 3
    """)
    run = run_pytest(
        "-s",
        "--asyncprotocol-backends=asyncio,trio",
        "--asyncprotocol-timeout=4",
        "--asyncprotocol-ignore=CO001, AI018",
        plugins=("ours",),
        test_show=SHOW,
    )

    for line in ("backends asyncio,trio", "level must", "select \n", "timeout 4.0", "ignore CO001"):
        assert line in run.out, run.out
    assert "asyncprotocol: backends" not in run.out


def test_the_defaults(run_pytest: RunPytest) -> None:
    """Both backends, SHOULD and what is stricter, everything selected, ten seconds."""
    run = run_pytest("-s", "-q", "-W", "error", plugins=("ours",), test_show=SHOW)

    for line in ("backends asyncio,trio", "level should", "select \n", "ignore \n", "timeout 10.0"):
        assert line in run.out, run.out


WRONG = [
    (("--asyncprotocol-backends=trioo",), "did you mean 'trio'"),
    (("--asyncprotocol-backends=",), "names no backend"),
    (("--asyncprotocol-level=hard",), "takes 'must', 'should' or 'may'"),
    (("--asyncprotocol-select=sticky-stopp",), "did you mean AI005 sticky-stop"),
    (("--asyncprotocol-ignore=ZZ999",), "there is no rule 'ZZ999'"),
    (("--asyncprotocol-timeout=-1",), "positive number"),
    (("--asyncprotocol-timeout=soon",), "invalid float value"),
    (("-o", "asyncprotocol_timeout=soon"), "soon"),
    (("-o", "asyncprotocol_timeout=0"), "positive number"),
    (("-o", "asyncprotocol_backends=asyncio, curio"), "there is no backend 'curio'"),
    (("--asyncprotocol-explain=AI055",), "did you mean AI005 sticky-stop"),
]


def test_wrong_values_end_the_run_before_it_begins(run_pytest: RunPytest) -> None:
    """With what would be right, or the nearest to it, and pytest's exit code for wrong usage."""
    run_pytest(plugins=("ours",), test_show=SHOW)
    for arguments, said in WRONG:
        run = run_pytest("-q", *arguments, plugins=("ours",))

        assert 4 == run.exit_code, (arguments, run.out)
        assert said in run.err, (arguments, run.err)
        assert "Traceback" not in run.err
        assert {} == run.tests


def test_the_catalogue_and_a_rule_are_printed(run_pytest: RunPytest) -> None:
    """`--asyncprotocol-rules` and `-explain`, by id or slug, end well and run nothing."""
    rules = run_pytest("--asyncprotocol-rules", plugins=("ours",), test_show=SHOW)

    assert 0 == rules.exit_code
    assert {} == rules.tests
    (line,) = (line for line in rules.out.splitlines() if line.startswith("AI005 "))
    assert ["AI005", "sticky-stop", "MUST"] == line.split()[:3]
    assert "https://docs.python.org/3/library/stdtypes.html#iterator.__next__" in rules.out

    for wanted in ("sticky-stop", "ai005"):
        page = run_pytest(f"--asyncprotocol-explain={wanted}", plugins=("ours",))
        assert 0 == page.exit_code, page.err
        assert page.out.startswith("AI005 sticky-stop"), page.out
        assert "Why:" in page.out


def test_the_plugin_can_be_named_and_switched_off(
    run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its entry point is called asyncprotocol, and a decorated function then says what is off."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    others = [part for name in ("aio", "asyncio", "trio", "xdist") for part in ("-p", f"no:{name}")]
    test = """
        from pytest_asyncprotocol import conformance
        from subjects import Ticker

        @conformance.async_iterator(select=["AI005"])
        def test_ticker():
            return Ticker()
    """

    on = run_pytest("-q", *others, plugins=(), test_decorated=test)
    assert {
        "test_ticker[AI005-asyncio]": "passed",
        "test_ticker[AI005-trio]": "passed",
    } == on.outcomes(), on.out
    off = run_pytest("-q", *others, "-p", "no:asyncprotocol", plugins=())
    assert {"test_ticker": "failed"} == off.outcomes()
    assert "is the plugin asyncprotocol switched off?" in off.test("test_ticker").reason
