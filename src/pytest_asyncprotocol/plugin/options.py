"""Flags and their ini twins: flag over ini over default, validated before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from pytest_asyncprotocol.model.settings import Settings
from pytest_asyncprotocol.plugin import interop

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.rule import Rule

REPORT_SUFFIXES = (".json", ".md", ".html")

_LOOKED_AT_RULES = pytest.StashKey[bool]()

_IniType = Literal["args", "bool", "float", "int", "paths", "string"]

_LISTS = {
    "backends": "event loops to check on, separated by commas (default: asyncio,trio)",
    "select": "check only rules with these ids, prefixes or slugs, separated by commas",
    "ignore": "leave out rules with these ids, prefixes or slugs, separated by commas",
}


def add(parser: pytest.Parser) -> None:
    """Add all options to *parser*."""
    group = parser.getgroup("asyncprotocol", "conformance to Python's async protocols")

    def both(name: str, kind: _IniType, text: str, *, unset: object = None, **flag: Any) -> None:
        group.addoption(f"--asyncprotocol-{name}", default=None, help=text, **flag)
        parser.addini(f"asyncprotocol_{name.replace('-', '_')}", text, kind, default=unset)

    for name, text in _LISTS.items():
        both(name, "args", text, unset=[], metavar="LIST")
    text = "rules that fail: 'must', 'should' and what is stricter (the default), or 'may'"
    both("level", "string", text, unset="", metavar="LEVEL")
    text = "real seconds for what the virtual clock cannot judge (default: 10)"
    both("timeout", "float", text, metavar="SECONDS", type=float)
    text = "sequences of operations to try on each subject and backend (default: 100)"
    both("examples", "int", text, metavar="N", type=int)
    text = "show what of a package's async protocols the tests checked; may be repeated"
    both("cov", "args", text, unset=[], metavar="PACKAGE", action="append")
    text = "fail if less than this share of them was checked, in percent"
    both("cov-fail-under", "float", text, metavar="N", type=float)
    text = "write all verdicts to a file, by its suffix .json, .md or .html; may be repeated"
    both("report", "paths", text, unset=[], metavar="PATH", action="append")
    text = "compare with an earlier .json report: fail for what is new, and what is not run"
    both("baseline", "string", text, unset="", metavar="FILE")
    text = "write rule, backend and level of generated tests into the JUnit XML, as properties"
    both("junit", "bool", text, unset=False, action="store_true")
    group.addoption(
        "--asyncprotocol-rules", action="store_true", help="list the catalogue of rules and exit"
    )
    group.addoption(
        "--asyncprotocol-explain", metavar="RULE", default=None, help="print one rule and exit"
    )


def settings_of(config: pytest.Config) -> Settings:
    """The settings that flags and ini files ask for.

    Raises:
        pytest.UsageError: one of them is wrong.
    """
    _expect_known_keys(config)
    given: dict[str, Any] = {}
    for name in (*_LISTS, "level", "timeout", "examples"):
        source = f"--asyncprotocol-{name}"
        value = config.getoption(f"asyncprotocol_{name}")
        if value is None:
            source = f"asyncprotocol_{name}"
            value = _from_ini(config, source)
        if value is not None:
            given[name] = _validated(name, _listed(value) if name in _LISTS else value, source)
    return Settings(**given)


def adds_properties(config: pytest.Config) -> bool:
    """Whether generated tests say their rule, backend and level in the JUnit XML."""
    return bool(config.getoption("asyncprotocol_junit") or config.getini("asyncprotocol_junit"))


def coverage_of(config: pytest.Config) -> tuple[list[str], float | None]:
    """The packages whose coverage is wanted, and the share of it that is asked for.

    Raises:
        pytest.UsageError: the share is no percentage, or there is nothing to have a share of.
    """
    wanted = _listed(_given(config, "asyncprotocol_cov") or [])
    share = _given(config, "asyncprotocol_cov_fail_under")
    if share is not None and not 0 <= share <= 100:
        raise pytest.UsageError(
            f"--asyncprotocol-cov-fail-under (or its ini twin) takes percents, not {share:g}"
        )
    if config.getoption("asyncprotocol_cov_fail_under") is not None and not wanted:
        raise pytest.UsageError(
            "--asyncprotocol-cov-fail-under needs a package: add --asyncprotocol-cov=PACKAGE"
        )
    return list(dict.fromkeys(wanted)), share


def report_paths(config: pytest.Config) -> list[Path]:
    """Where reports are to be written.

    Raises:
        pytest.UsageError: a path has another suffix, or is a folder.
    """
    named: list[str] = _given(config, "asyncprotocol_report") or []
    paths = [config.invocation_params.dir / name for name in named]
    option = "--asyncprotocol-report (or its ini twin)"
    for path in paths:
        if path.suffix.lower() not in REPORT_SUFFIXES:
            raise pytest.UsageError(
                f"{option}: {path.name!r} does not say what to write: let it end in .json, .md or "
                ".html"
            )
        if path.is_dir():
            raise pytest.UsageError(f"{option}: {path} is a folder: name a file")
    return list(dict.fromkeys(paths))


def baseline_path(config: pytest.Config) -> Path | None:
    """The earlier report to compare with, if any."""
    flag: str | None = config.getoption("asyncprotocol_baseline")
    if flag:
        return config.invocation_params.dir / flag
    name = _from_ini(config, "asyncprotocol_baseline")
    if name is None:
        return None
    folder = config.invocation_params.dir if config.inipath is None else config.inipath.parent
    return folder / str(name)


def header(config: pytest.Config, wanted: Settings) -> str | None:
    """A line on the settings, under -v."""
    if config.get_verbosity() < 1:
        return None
    return f"asyncprotocol: backends {', '.join(wanted.backends)}; level {wanted.level}"


def print_and_exit(config: pytest.Config) -> int | None:
    """Print the catalogue or one rule, if asked for; then 0, else None."""
    explained = config.getoption("asyncprotocol_explain")
    if not explained and not config.getoption("asyncprotocol_rules"):
        return None
    from pytest_asyncprotocol.catalogue import unknown_rule
    from pytest_asyncprotocol.explaining import explain_rule, plain
    from pytest_asyncprotocol.model.rule import retired

    rules = usable_catalogue()
    if explained:
        wanted = explained.lower()
        for each in rules.values():
            if wanted in (each.id.lower(), each.slug, each.name.lower()):
                sys.stdout.write(f"{explain_rule(each)}\n")
                return 0
        raise pytest.UsageError(f"--asyncprotocol-explain: {unknown_rule(explained)}")
    slug = max(len(each.slug) for each in rules.values())
    for each in rules.values():
        line = f"{each.id}  {each.slug:{slug}}  {each.level.value.upper():6}  {plain(each.title)}"
        origin = f"from {each.distribution}: " if each.distribution else ""
        sys.stdout.write(f"{line}\n       {origin}{each.source_address}\n")
    sys.stdout.write("\nRetired ids, which are not given again:\n")
    for rule_id, reason in retired.items():
        sys.stdout.write(f"{rule_id}  {reason}\n")
    return 0


def usable_catalogue() -> Mapping[str, Rule]:
    """The catalogue.

    Raises:
        pytest.UsageError: an installed distribution names rules that can't be entered.
    """
    from pytest_asyncprotocol.catalogue import catalogue
    from pytest_asyncprotocol.model.exceptions import BrokenRules

    try:
        return catalogue()
    except BrokenRules as error:
        raise pytest.UsageError(str(error)) from None


def expect_usable_rules(config: pytest.Config, report: pytest.CollectReport) -> None:
    """Fail the collection of the first module that can check something, where rules are broken.

    So a session ends before its first test, and not in each of them.
    """
    if "pytest_asyncprotocol.checking" not in sys.modules or _LOOKED_AT_RULES in config.stash:
        return
    config.stash[_LOOKED_AT_RULES] = True
    try:
        usable_catalogue()
    except pytest.UsageError as error:
        report.outcome, report.longrepr, report.result = "failed", str(error), []


def _expect_known_keys(config: pytest.Config) -> None:
    """Expect that every key of the ini file with this plugin's prefix exists.

    pytest only warns of one that does not, or ends the run if it is strict; neither says which
    is meant.
    """
    known = interop.ini_names_of(config)
    for key in sorted(interop.ini_keys_of(config)):
        if key.startswith("asyncprotocol") and key not in known:
            import difflib

            ours = sorted(name for name in known if name.startswith("asyncprotocol"))
            near = difflib.get_close_matches(key, ours, n=1, cutoff=0.0)
            raise pytest.UsageError(f"there is no setting {key}: did you mean {near[0]}?")


def _validated(name: str, value: object, source: str) -> Any:
    """*value* as the option *name* of a check takes it; *source* is where the user wrote it."""
    from pytest_asyncprotocol.model.exceptions import BrokenRules
    from pytest_asyncprotocol.plan import settings_from

    try:
        return getattr(settings_from({name: value}), name)
    except BrokenRules as error:
        raise pytest.UsageError(str(error)) from None
    except (TypeError, ValueError) as error:
        text = str(error)
        said = text.removeprefix(f"{name}=")
        raise pytest.UsageError(f"{source}{': ' * (said == text)}{said}") from None


def _given(config: pytest.Config, name: str) -> Any:
    """The value of a flag, else that of its ini twin; None where both are unset."""
    flag = config.getoption(name)
    return _from_ini(config, name) if flag is None else flag


def _from_ini(config: pytest.Config, name: str) -> Any:
    """The value of an ini option; None where it is unset or empty."""
    try:
        value = config.getini(name)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{name}: {error}") from None
    return None if value in ("", []) else value


def _listed(value: object) -> list[str]:
    words: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
    return [word.strip() for each in words for word in str(each).split(",") if word.strip()]
