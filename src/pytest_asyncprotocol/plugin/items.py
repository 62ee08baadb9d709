"""Generated items: one for each rule and backend of a decorated function.

The decorated function is replaced by a synchronous one, so that no async plugin takes the item
for its own and lets it pass without having run it.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncprotocol.plugin import doors

if TYPE_CHECKING:
    from pytest_asyncprotocol.assertions import Declared
    from pytest_asyncprotocol.checking import Plan
    from pytest_asyncprotocol.model.verdicts import Verdict

ATTRIBUTE = "__asyncprotocol__"
PARAMETER = "_asyncprotocol_check"
FIXTURE = "asyncprotocol"


@dataclass(frozen=True, slots=True)
class _Check:
    """What one item does; ``backend`` is None where anyio's fixture says it."""

    rule: str
    backend: str | None
    door: str


def generate(metafunc: pytest.Metafunc) -> None:
    """Parametrize a decorated function, or a sync test that uses the fixture ``asyncprotocol``."""
    declared: Declared | None = getattr(metafunc.function, ATTRIBUTE, None)
    if declared is not None:
        _generate_items(metafunc, declared)
    elif FIXTURE in metafunc.fixturenames and not inspect.iscoroutinefunction(metafunc.function):
        from pytest_asyncprotocol.model import settings

        metafunc.parametrize(FIXTURE, settings.current().backends, indirect=True)


def run(item: pytest.Function) -> bool | None:
    """Run a generated item; None for any other."""
    declared: Declared | None = getattr(item.function, ATTRIBUTE, None)
    if declared is None:
        return None
    check: _Check = item.callspec.params[PARAMETER]  # type: ignore[attr-defined]
    _judge(_verdict(item, declared, check))
    return True


def _generate_items(metafunc: pytest.Metafunc, declared: Declared) -> None:
    from pytest_asyncprotocol.checking import applicable, plan_for, unmet

    plan = plan_for(declared.protocol, object, declared.keywords)
    door, backends = _door(metafunc, declared, plan)
    rules = sorted(
        rule.id for rule in applicable(plan) if unmet(rule, plan.declared) is None
    )
    if not rules:
        raise pytest.Collector.CollectError(
            f"{metafunc.definition.nodeid}: no rule is left to check: look at select=, ignore=, "
            "level= and at the declarations that would enable the selected rules"
        )
    checks = [_Check(rule, backend, door) for rule in rules for backend in backends]
    metafunc.fixturenames.append(PARAMETER)
    metafunc.parametrize(
        PARAMETER,
        [pytest.param(check, marks=pytest.mark.asyncprotocol) for check in checks],
        ids=[f"{c.rule}-{c.backend}" if c.backend else c.rule for c in checks],
    )


def _door(
    metafunc: pytest.Metafunc, declared: Declared, plan: Plan
) -> tuple[str, tuple[str | None, ...]]:
    """Who runs the checks, and on which backends; None where anyio's fixture decides."""
    asynchronous = {
        name: fixture
        for name, fixture in doors.fixtures_of(metafunc).items()
        if doors.is_async(fixture)
    }
    if not asynchronous:
        return "engine", plan.options.backends
    config, node = metafunc.config, metafunc.definition.nodeid
    of_asyncio = [n for n, f in asynchronous.items() if doors.belongs_to_pytest_asyncio(f, config)]
    through_anyio = doors.ANYIO_BACKEND in metafunc.fixturenames
    first = next(iter(asynchronous))
    if through_anyio and of_asyncio:
        raise pytest.Collector.CollectError(
            f"{node}: the async fixture {of_asyncio[0]!r} would be run by pytest-asyncio and by "
            "anyio, which don't share a loop: take anyio_backend out of its fixtures, or set "
            "asyncio_mode = strict and mark it @pytest.fixture"
        )
    if through_anyio:
        _expect_runnable(node, declared, "anyio_backend", ("asyncio", "trio"))
        return "anyio", (None,)
    if of_asyncio:
        _expect_runnable(node, declared, of_asyncio[0], ("asyncio",))
        return of_asyncio[0], ("asyncio",)
    raise pytest.Collector.CollectError(
        f"{node}: no plugin runs the async fixture {first!r}: let it use anyio_backend, or make "
        "it a @pytest_asyncio.fixture"
    )


def _expect_runnable(
    node: str, declared: Declared, fixture: str, runnable: tuple[str, ...]
) -> None:
    asked = declared.keywords.get("backends", ())
    for backend in (asked,) if isinstance(asked, str) else asked:
        if backend not in runnable:
            raise pytest.Collector.CollectError(
                f"{node}: backends= asks for {backend!r}, but the async fixture {fixture!r} runs "
                f"on {' or '.join(runnable)} only: leave backends= out, or make the fixture sync"
            )


def _verdict(item: pytest.Function, declared: Declared, check: _Check) -> tuple[Verdict, Any]:
    from pytest_asyncprotocol.checking import examine_here, examine_now
    from pytest_asyncprotocol.model.verdicts import Report

    plan = _plan(item, declared, check)
    report = Report(declared.function.__name__, declared.protocol)
    if check.door == "engine":
        examine_now(plan, report)
    elif check.door == "anyio":
        backend = item.funcargs[doors.ANYIO_BACKEND]
        doors.run_by_anyio(backend, lambda: examine_here(plan, report))
    else:
        fixture = item._fixtureinfo.name2fixturedefs[check.door][-1]
        doors.run_by_pytest_asyncio(item, fixture, lambda: examine_here(plan, report))
    return report.verdicts[0], report


def _plan(item: pytest.Function, declared: Declared, check: _Check) -> Plan:
    from pytest_asyncprotocol.checking import plan_for
    from pytest_asyncprotocol.model.factory import Factory

    function = declared.function
    if item.instance is not None:
        function = function.__get__(item.instance)
    names = item._fixtureinfo.argnames

    def make() -> Any:
        return function(**{name: item.funcargs[name] for name in names})

    make.__name__ = make.__qualname__ = declared.function.__name__
    plan = plan_for(declared.protocol, object, declared.keywords)
    yields = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    factory = Factory(
        make, declared.protocol, yields=yields, awaits=inspect.iscoroutinefunction(function)
    )
    backend = check.backend or _library_of(item.funcargs[doors.ANYIO_BACKEND])
    return replace(plan, factory=factory, only=(check.rule, backend))


def _library_of(backend: Any) -> str:
    return str(backend[0] if isinstance(backend, tuple) else backend)


def _judge(judged: tuple[Verdict, Any]) -> None:
    from pytest_asyncprotocol.model.explain import explain
    from pytest_asyncprotocol.model.verdicts import Status

    verdict, report = judged
    if verdict.failed:
        pytest.fail(explain(report), pytrace=False)
    if verdict.expected is not None:
        pytest.xfail(verdict.expected)
    if verdict.status in (Status.VACUOUS, Status.SKIPPED):
        pytest.skip(f"{verdict.status.value}: {verdict.message}")
