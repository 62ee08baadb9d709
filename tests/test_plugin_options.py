"""Flags and their ini twins."""

from __future__ import annotations

import textwrap

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
        print("examples", found.examples)

    def test_used():
        report = check("async_iterator", Ticker, items=[0, 1, 2])
        print("used", ",".join(dict.fromkeys(verdict.backend for verdict in report)))
"""

GENERATED = """
    from pytest_asyncprotocol import conformance

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
    def test_generated():
        return Ticker(3)
"""

INI = {
    "pytest.ini": """
        [pytest]
        asyncprotocol_backends = trio
        asyncprotocol_level = must
        asyncprotocol_select = AI, cancellation-passes
        asyncprotocol_ignore = AI001
        asyncprotocol_timeout = 2.5
        asyncprotocol_examples = 4
        asyncprotocol_report = out/a.json
        asyncprotocol_baseline = earlier.json
        asyncprotocol_junit = true
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
        asyncprotocol_examples = 4
        asyncprotocol_report = out/a.json
        asyncprotocol_baseline = earlier.json
        asyncprotocol_junit = true
    """,
    "pyproject.toml": """
        [tool.pytest.ini_options]
        asyncprotocol_backends = ["trio"]
        asyncprotocol_level = "must"
        asyncprotocol_select = "AI,cancellation-passes"
        asyncprotocol_ignore = ["AI001"]
        asyncprotocol_timeout = 2.5
        asyncprotocol_examples = 4
        asyncprotocol_report = ["out/a.json"]
        asyncprotocol_baseline = "earlier.json"
        asyncprotocol_junit = true
    """,
    "native pyproject.toml": """
        [tool.pytest]
        asyncprotocol_backends = ["trio"]
        asyncprotocol_level = "must"
        asyncprotocol_select = ["AI", "cancellation-passes"]
        asyncprotocol_ignore = ["AI001"]
        asyncprotocol_timeout = 2.5
        asyncprotocol_examples = 4
        asyncprotocol_report = ["out/a.json"]
        asyncprotocol_baseline = "earlier.json"
        asyncprotocol_junit = true
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
    earlier = "--asyncprotocol-report=earlier.json"
    run_pytest(earlier, plugins=("ours",), sequences=True, test_show=SHOW)
    pytester.path.joinpath(name).write_text(textwrap.dedent(INI[kind]))

    strict = ("--strict-markers", "--strict-config", "-W", "error")
    run = run_pytest(
        "-s", "-v", *strict, "--junitxml=junit.xml",
        plugins=("ours",), sequences=True, test_show=SHOW + GENERATED,
    )  # fmt: skip

    assert {
        "test_show": "passed",
        "test_used": "passed",
        "test_generated[AI005-trio]": "passed",
    } == run.outcomes(), run.out
    assert pytester.path.joinpath("out/a.json").exists()
    assert "async protocol baseline" in run.out
    assert "asyncprotocol_rule" in pytester.path.joinpath("junit.xml").read_text()
    for line in (
        "backends trio",
        "level must",
        "select AI,cancellation-passes",
        "ignore AI001",
        "timeout 2.5",
        "examples 4",
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
    run = run_pytest("-s", "-q", "-W", "error", plugins=("ours",), sequences=True, test_show=SHOW)

    for line in (
        "backends asyncio,trio",
        "level should",
        "select \n",
        "ignore \n",
        "timeout 10.0",
        "examples 100",
    ):
        assert line in run.out, run.out


WRONG = [
    ("--asyncprotocol-backends=trioo", "--asyncprotocol-backends: there is no backend 'trioo'"),
    ("--asyncprotocol-backends=trioo", "did you mean 'trio'"),
    ("--asyncprotocol-backends=", "--asyncprotocol-backends names no backend"),
    ("--asyncprotocol-level=hard", "--asyncprotocol-level takes 'must', 'should' or 'may'"),
    ("--asyncprotocol-select=sticky-stopp", "did you mean AI005 sticky-stop"),
    ("--asyncprotocol-select=AI,ZZ", "--asyncprotocol-select: there is no rule 'ZZ'"),
    ("--asyncprotocol-ignore=ZZ999", "--asyncprotocol-ignore: there is no rule 'ZZ999'"),
    ("--asyncprotocol-timeout=-1", "--asyncprotocol-timeout takes a positive number"),
    ("--asyncprotocol-timeout=soon", "invalid float value"),
    ("--asyncprotocol-examples=-1", "--asyncprotocol-examples takes a number of sequences"),
    ("--asyncprotocol-examples=few", "invalid int value"),
    ("--asyncprotocol-levle=may", "unrecognized arguments"),
    ("asyncprotocol_timeout=soon", "could not convert string to float: 'soon'"),
    ("asyncprotocol_timeout=0", "asyncprotocol_timeout takes a positive number"),
    ("asyncprotocol_examples=few", "few"),
    (
        "asyncprotocol_backends=asyncio, curio",
        "asyncprotocol_backends: there is no backend 'curio'",
    ),
    ("asyncprotocol_level=hard", "asyncprotocol_level takes 'must', 'should' or 'may'"),
    ("asyncprotocol_ignore=AI05", "asyncprotocol_ignore: there is no rule 'AI05'"),
    (
        "asyncprotocol_levle=may",
        "no setting asyncprotocol_levle: did you mean asyncprotocol_level?",
    ),
    ("asyncprotocoltimeout=3", "did you mean asyncprotocol_timeout?"),
    ("--asyncprotocol-explain=AI055", "AI005 sticky-stop"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_a_wrong_value_ends_the_run_before_it_begins(
    run_pytest: RunPytest, given: str, said: str
) -> None:
    """With what would be right, or the nearest to it, and pytest's exit code for wrong usage."""
    arguments = (given,) if given.startswith("--") else ("-o", given)

    run = run_pytest("-q", *arguments, plugins=("ours",), sequences=True, test_show=SHOW)

    assert 4 == run.exit_code, run.out
    assert said in run.err
    assert "Traceback" not in run.err
    assert {} == run.tests


@pytest.mark.parametrize("strict", [(), ("--strict-config",)], ids=["lax", "strict"])
def test_a_misspelt_setting_in_a_file_ends_the_run(
    run_pytest: RunPytest, pytester: pytest.Pytester, strict: tuple[str, ...]
) -> None:
    """What would be a warning of pytest's is an error, since nothing would be as it was meant."""
    pytester.makeini("[pytest]\nasyncprotocol_backend = trio\n")

    run = run_pytest(*strict, plugins=("ours",), sequences=True, test_show=SHOW)

    assert 4 == run.exit_code
    assert "asyncprotocol_backend" in run.err
    assert strict or "did you mean asyncprotocol_backends?" in run.err


def test_the_catalogue_and_a_rule_are_printed(run_pytest: RunPytest) -> None:
    """`--asyncprotocol-rules` and `-explain`, by id or slug, end well and run nothing."""
    rules = run_pytest("--asyncprotocol-rules", plugins=("ours",), sequences=True, test_show=SHOW)

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
    assert "is the plugin asyncprotocol switched off" in off.test("test_ticker").reason
