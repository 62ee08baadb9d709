"""The fixture ``virtual_clock``: a loop of anyio's or pytest-asyncio's gets a clock that jumps.

It is set up before any other fixture of the test's own, so that they all share that loop.
"""

from __future__ import annotations

import functools
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_asyncprotocol.plugin import interop
from pytest_asyncprotocol.plugin.generation import is_async_test
from pytest_asyncprotocol.plugin.interop import library_of

if TYPE_CHECKING:
    from pytest_asyncprotocol.engine.fixture_clock import VirtualClock

FIXTURE = "virtual_clock"


def come_first(metafunc: pytest.Metafunc) -> None:
    """Have the fixture set up before those that would open the loop."""
    names = metafunc.fixturenames
    if FIXTURE not in names or not interop.uses_fixture_of(metafunc, FIXTURE, str(__spec__.parent)):
        return
    fixtures = interop.fixtures_of(metafunc)
    first = next(n for n in names if n not in fixtures or fixtures[n].scope == "function")
    if first != FIXTURE:
        names.remove(FIXTURE)
        names.insert(names.index(first), FIXTURE)


def provide(request: pytest.FixtureRequest) -> Generator[VirtualClock]:
    """Run the test that asks for it on virtual time."""
    __tracebackhide__ = True
    item = request.node
    if not isinstance(item, pytest.Function) or not is_async_test(item.obj):
        _fail("is for async tests: a sync test has no event loop whose clock could jump")
    of_asyncio, of_anyio = interop.is_of_pytest_asyncio(item), interop.is_of_anyio(item)
    if item.get_closest_marker("trio") is not None and not of_asyncio:
        _fail(
            "works with anyio and pytest-asyncio, and pytest-trio runs this test: use its "
            "fixture autojump_clock, or mark the test with @pytest.mark.anyio"
        )
    if of_asyncio and of_anyio:
        _fail(
            "can't tell whether anyio or pytest-asyncio runs this test, for both want to: set "
            "asyncio_mode = strict and anyio_mode = strict, and mark it for one of them"
        )
    if not of_asyncio and not of_anyio:
        _fail(
            "works with anyio and pytest-asyncio, and neither runs this test: mark it with "
            "@pytest.mark.anyio or @pytest.mark.asyncio"
        )
    lent = _on_anyio(request, item) if of_anyio else _on_pytest_asyncio(item)
    with lent as clock, clock.running(), _watched(item, clock):
        yield clock


@contextmanager
def _on_anyio(request: pytest.FixtureRequest, item: pytest.Function) -> Generator[VirtualClock]:
    """Open anyio's runner, which serves all of a test, with a clock that jumps."""
    __tracebackhide__ = True
    for name, fixture in interop.fixtures_of(item).items():
        if interop.is_async(fixture) and fixture.scope != "function":
            _fail(
                f"needs an event loop of the test's own, and the {fixture.scope}-scoped async "
                f"fixture {name!r} shares one with other tests: make it function-scoped"
            )
    backend = request.getfixturevalue(interop.ANYIO_BACKEND)
    options: dict[str, Any] = {} if isinstance(backend, str) else backend[1]
    taken = {"use_uvloop", "loop_factory", "clock"} & {n for n, value in options.items() if value}
    if taken:
        _fail(
            f"brings an event loop or a clock of its own, and anyio_backend gives {min(taken)!r}: "
            "leave that out for this test"
        )
    clock = _clock(library_of(backend))

    async def is_in_force() -> bool:
        return clock.in_force

    with interop.anyio_runner(backend, clock.options) as runner:
        if not runner.run_fixture(is_in_force, {}):
            _fail(
                "needs an event loop of the test's own, and one is open already: an async "
                "fixture of a wider scope, which another test uses, keeps it; make that fixture "
                "function-scoped, or move this test to another module"
            )
        yield clock


@contextmanager
def _on_pytest_asyncio(item: pytest.Function) -> Generator[VirtualClock]:
    """Have pytest-asyncio's runner of this test make a loop whose clock jumps."""
    __tracebackhide__ = True
    scope = interop.loop_scope_of_test(item)
    if scope != "function":
        _fail(
            "needs an event loop of the test's own, and this test shares one with others: its "
            f"loop_scope is {scope!r}, let it be 'function'"
        )
    clock = _clock("asyncio")
    runners = interop.PytestAsyncioRunners(clock.options["loop_factory"], _fail)
    manager = item.config.pluginmanager
    manager.register(runners)
    try:
        yield clock
    finally:
        manager.unregister(runners)


@contextmanager
def _watched(item: pytest.Function, clock: VirtualClock) -> Generator[None]:
    """Have the test function fail where it hangs."""
    holder, name = interop.place_of_test(item)
    function = getattr(holder, name)

    @functools.wraps(function)
    async def run(*arguments: Any, **fixtures: Any) -> None:
        __tracebackhide__ = True
        if not clock.in_force:
            _fail("was set up, but the test runs on another event loop than that with its clock")
        hang = await clock.watch(lambda: function(*arguments, **fixtures))
        if hang:
            raise _failure(hang)

    setattr(holder, name, run)
    try:
        yield
    finally:
        setattr(holder, name, function)


def _clock(library: str) -> VirtualClock:
    from pytest_asyncprotocol.engine.fixture_clock import VirtualClock

    return VirtualClock(library, _failure)


def _failure(text: str) -> BaseException:
    return pytest.fail.Exception(text, pytrace=False)


def _fail(reason: str) -> NoReturn:
    __tracebackhide__ = True
    pytest.fail(f"{FIXTURE} {reason}", pytrace=False)
