"""The items of decorated functions: one for each rule and backend, made and run.

The decorated function is replaced by a synchronous one, so that no async plugin takes the item
for its own and lets it pass without having run it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_asyncprotocol.checking import conclude, examine_here, examine_now, failed
from pytest_asyncprotocol.decorators import Declared
from pytest_asyncprotocol.engine.library import library_in_force
from pytest_asyncprotocol.explaining import explain_verdicts
from pytest_asyncprotocol.model.backends import BACKENDS
from pytest_asyncprotocol.model.exceptions import BrokenRules
from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.settings import Settings
from pytest_asyncprotocol.model.verdicts import Report, Status
from pytest_asyncprotocol.plan import Plan, plan_for
from pytest_asyncprotocol.plugin import interop
from pytest_asyncprotocol.plugin.interop import library_of


@dataclass(frozen=True, slots=True)
class _Runner:
    """Who runs the checks of a function: the engine, anyio, or the plugin of ``fixture``.

    ``backends`` names those to make items for; empty where ``anyio_backend`` decides, and then
    ``wanted`` names those that it may decide on.
    """

    backends: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    fixture: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What one item does; ``backend`` is None where anyio's fixture says it."""

    rule: str
    backend: str | None
    runner: _Runner

    @property
    def id(self) -> str:
        """What the item adds to the id of its test."""
        return f"{self.rule}-{self.backend}" if self.backend else self.rule

    def is_wanted_on(self, given: Any) -> bool:
        """Whether the item is to run where ``anyio_backend`` is *given*."""
        return not self.runner.wanted or any(_covers(n, given) for n in self.runner.wanted)


def generate(metafunc: pytest.Metafunc, declared: Declared, parameter: str) -> None:
    """Make the items of a decorated function, which differ in *parameter*."""
    interop.place_as(getattr(metafunc.function, "__func__", metafunc.function), declared.function)
    try:
        plan = plan_for(declared.protocol, object, declared.keywords)
    except BrokenRules as error:
        raise pytest.Collector.CollectError(str(error)) from None
    runner = _runner_of(metafunc, declared, plan)
    metafunc.fixturenames.append(parameter)
    backends = runner.backends or (None,)
    checks = [Check(rule, backend, runner) for rule in plan.enabled for backend in backends]
    mark = pytest.mark.asyncprotocol
    items = [pytest.param(check, marks=mark, id=check.id) for check in checks]
    metafunc.parametrize(parameter, items or [_nothing_left(metafunc, declared)])


def _nothing_left(metafunc: pytest.Metafunc, declared: Declared) -> Any:
    """A skipped parameter, where only the settings of this session leave nothing to check."""
    default = Settings()
    unset = {"select": default.select, "ignore": default.ignore, "level": default.level}
    if plan_for(declared.protocol, object, {**unset, **declared.keywords}).enabled:
        reason = "no rule is left to check: look at --asyncprotocol-select, -ignore and -level"
        marks = [pytest.mark.asyncprotocol, pytest.mark.skip(reason)]
        return pytest.param(None, marks=marks, id="no-rule")
    raise pytest.Collector.CollectError(
        f"{metafunc.definition.nodeid}: no rule is left to check: look at select=, ignore=, "
        "level= and at the declarations that would enable the selected rules"
    )


def _runner_of(metafunc: pytest.Metafunc, declared: Declared, plan: Plan) -> _Runner:
    config, node = metafunc.config, metafunc.definition.nodeid
    asynchronous = {n: f for n, f in interop.fixtures_of(metafunc).items() if interop.is_async(f)}
    if not asynchronous:
        return _Runner(backends=plan.settings.backends)
    of_asyncio = [
        n for n, f in asynchronous.items() if interop.belongs_to_pytest_asyncio(f, config)
    ]
    through_anyio = interop.ANYIO_BACKEND in metafunc.fixturenames
    if through_anyio and of_asyncio:
        raise pytest.Collector.CollectError(
            f"{node}: the async fixture {of_asyncio[0]!r} would be run by pytest-asyncio and by "
            "anyio, which don't share a loop: take anyio_backend out of its fixtures, or set "
            "asyncio_mode = strict and mark it @pytest.fixture"
        )
    foreign = next((n for n in asynchronous if n not in of_asyncio), None)
    if foreign is not None and not through_anyio:
        raise pytest.Collector.CollectError(
            f"{node}: no plugin runs the async fixture {foreign!r}: let it use anyio_backend, or "
            "make it a @pytest_asyncio.fixture"
        )
    wanted = plan.settings.backends
    asked = wanted if "backends" in declared.keywords else ()
    if through_anyio:
        given = interop.anyio_backends(metafunc)
        if given is not None:
            _expect_given(node, interop.ANYIO_BACKEND, given, wanted, asked)
        return _Runner(wanted=wanted, asked=asked)
    loop = _fixture_of_the_loop(metafunc, {n: asynchronous[n] for n in of_asyncio})
    _expect_given(node, loop, ["asyncio"], wanted, asked)
    return _Runner(backends=("asyncio",), fixture=loop)


def _fixture_of_the_loop(metafunc: pytest.Metafunc, fixtures: dict[str, Any]) -> str:
    """The pytest-asyncio fixture whose loop the checks share: one that the function takes."""
    taken = [n for n in interop.arguments_of(metafunc) if n in fixtures] or list(fixtures)[-1:]
    scopes = {n: interop.loop_scope_of(fixtures[n], metafunc.config) for n in taken}
    other = next((n for n in taken if scopes[n] != scopes[taken[0]]), None)
    if other is not None:
        raise pytest.Collector.CollectError(
            f"{metafunc.definition.nodeid}: the async fixtures {taken[0]!r} (loop scope "
            f"{scopes[taken[0]]}) and {other!r} (loop scope {scopes[other]}) live on two loops: "
            "give them the same loop_scope"
        )
    return taken[0]


def _expect_given(
    node: str, fixture: str, given: list[Any], wanted: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    """Expect that *fixture* gives every backend that was asked for, and one that is wanted."""
    names = " or ".join(dict.fromkeys(map(_name_of, given)))
    runs = f"{node}: the async fixture {fixture!r} runs on {names} only"
    missing = next((name for name in asked if not any(_covers(name, g) for g in given)), None)
    if missing is not None:
        raise pytest.Collector.CollectError(
            f"{runs}, but backends= asks for {missing!r}: leave backends= out, or make the "
            "fixtures of the test sync"
        )
    if not any(_covers(name, g) for name in wanted for g in given):
        raise pytest.Collector.CollectError(
            f"{runs}, but the backends to check on are {', '.join(wanted)}: look at "
            "--asyncprotocol-backends, or make the fixtures of the test sync"
        )


def _covers(wanted: str, given: Any) -> bool:
    """Whether a value of ``anyio_backend`` is the *wanted* backend, or one of that library."""
    return wanted in (_name_of(given), library_of(given))


def _name_of(given: Any) -> str:
    """The name of the backend in a value of ``anyio_backend``."""
    library = library_of(given)
    if isinstance(given, str) or not given[1].get("use_uvloop"):
        return library
    wanted = (library, "uvloop")
    return next((b.name for b in BACKENDS.values() if (b.library, b.requires) == wanted), library)


def run(item: pytest.Function, declared: Declared, check: Check) -> None:
    """Run one item, which passes, fails or is skipped as its verdict says."""
    runner = check.runner
    label = check.backend or library_of(item.funcargs[interop.ANYIO_BACKEND])
    plan = _plan(item, declared, (check.rule, label))
    report = Report(declared.function.__name__, declared.protocol)

    async def work() -> None:
        in_force = library_in_force()
        if in_force == label:
            await examine_here(plan, report)
            return
        message = (
            f"this was to run on {label}, but {in_force} is in force: another plugin, or a "
            "fixture of a wider scope, holds the loop"
        )
        conclude(plan, report, failed(label, message), visited=(label,))

    if check.backend is None:
        backend = item.funcargs[interop.ANYIO_BACKEND]
        if not all(_covers(name, backend) for name in runner.asked):
            pytest.fail(
                f"backends={runner.asked!r} was asked for, but anyio_backend gave {backend!r}: "
                "leave backends= out, or let the fixture have them as its params",
                pytrace=False,
            )
        interop.run_by_anyio(backend, work)
    elif runner.fixture:
        interop.run_by_pytest_asyncio(item, interop.fixtures_of(item)[runner.fixture], work)
    else:
        examine_now(plan, report)
    _judge(report)


def _plan(item: pytest.Function, declared: Declared, only: tuple[str, str]) -> Plan:
    function = _bound(item, declared.function)
    names = interop.arguments_of(item)

    def make() -> Any:
        return function(**{name: item.funcargs[name] for name in names})

    make.__name__ = make.__qualname__ = declared.function.__name__
    plan = plan_for(declared.protocol, object, declared.keywords)
    yields = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    awaits = inspect.iscoroutinefunction(function)
    factory = Factory(make, declared.protocol, yields=yields, awaits=awaits)
    return replace(plan, factory=factory, only=only)


def _bound(item: pytest.Function, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as its class gives it: a method, a class method, a static method."""
    if item.cls is None:
        return function
    found = inspect.getattr_static(item.cls, item.originalname, None)
    if isinstance(found, staticmethod):
        return function
    owner = item.cls if isinstance(found, classmethod) else item.instance
    return function.__get__(owner)  # type: ignore[no-any-return]


def _judge(report: Report) -> None:
    (verdict,) = report
    if verdict.failed:
        headline = f"{report.subject}: {verdict.message}"
        pytest.fail(f"{headline}\n\n{explain_verdicts([verdict], report)}", pytrace=False)
    if verdict.expected is not None:
        pytest.xfail(verdict.expected)
    if verdict.status in (Status.VACUOUS, Status.SKIPPED):
        interop.skip_at_item(f"{verdict.status.value}: {verdict.message}")
