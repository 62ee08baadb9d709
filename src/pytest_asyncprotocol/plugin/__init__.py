"""The pytest plugin: options, items, terminal. Its hooks are thin, and cost nothing unused.

Loading it adds no module but its own: what needs an event loop library or Hypothesis is imported
by the first test that checks something.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncprotocol.plugin import (
    generation,
    interop,
    options,
    progress,
    serialization,
    terminal,
    virtual_time,
)
from pytest_asyncprotocol.plugin.tracker import TRACKER, Tracker

if TYPE_CHECKING:
    from pytest_asyncprotocol.assertions import Assertions
    from pytest_asyncprotocol.engine.fixture_clock import VirtualClock


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags and their ini twins."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Validate the settings, put them in force, and listen to what is checked."""
    config.addinivalue_line(
        "markers",
        "asyncprotocol: set on every test that @conformance generates, for -m asyncprotocol.",
    )
    covered, fail_under = options.coverage_of(config)
    tracker = Tracker(replace(options.settings_of(config), notes_makers=bool(covered)))
    config.stash[TRACKER] = tracker
    config.add_cleanup(tracker.install().close)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(terminal.Summary(), "asyncprotocol-summary")
    if covered:
        from pytest_asyncprotocol.plugin.coverage import counting

        counting.register(config, covered, fail_under)
    reports, baseline = options.report_paths(config), options.baseline_path(config)
    if reports or baseline:
        from pytest_asyncprotocol.plugin.reports import session

        session.register(config, reports, baseline)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Show what is being checked, where there is a terminal."""
    progress.register(session.config)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the catalogue or one rule, where that was asked for."""
    return options.print_and_exit(config)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the settings under -v."""
    return options.header(config, config.stash[TRACKER].settings)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the collection, once, where rules of others are installed that can't be used."""
    report = yield
    options.expect_usable_rules(collector.config, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item for each rule and backend of a decorated function."""
    virtual_time.come_first(metafunc)
    generation.generate(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run such an item, before any other plugin takes it for its own."""
    __tracebackhide__ = True
    return generation.run(pyfuncitem)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the generated items whose backend is not wanted."""
    generation.narrow(items)
    if options.adds_properties(config):
        serialization.add_properties(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add a note to a failed set-up that forgot to await a check."""
    __tracebackhide__ = True
    return (yield from _tracker(item).guard_set_up())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that forgot to await a check, or awaited it on another loop than its label's."""
    __tracebackhide__ = True
    label = generation.label_of(item)  # before pytest-trio puts a sync function into its place
    result = yield from _tracker(item).guard()
    _tracker(item).expect_awaited_on(label)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a tear-down that forgot to await a check."""
    __tracebackhide__ = True
    return (yield from _tracker(item).guard())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what was checked to the test's report."""
    del call
    report = yield
    serialization.attach(report, item, _tracker(item).take_finished())
    return report


@pytest.fixture
def asyncprotocol(request: pytest.FixtureRequest) -> Assertions:
    """The assertions and `check`, bound to one backend; a sync test runs once for each.

    In an async test they run on that test's own loop, and have to be awaited; where anyio runs
    it, they are bound to the backend that ``anyio_backend`` gives.
    """
    from pytest_asyncprotocol.assertions import Assertions

    backend = getattr(request, "param", None)
    if backend is None and interop.ANYIO_BACKEND in request.fixturenames:
        backend = interop.library_of(request.getfixturevalue(interop.ANYIO_BACKEND))
    return Assertions(backend)


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest) -> Generator[VirtualClock]:
    """Let time jump in a test that anyio or pytest-asyncio runs: an hour's sleep ends at once.

    Time jumps to the next timer whenever nothing can run and nothing outside of the event loop,
    such as a thread or a socket, could wake it. A test that could never go on fails at once, and
    is told where it waits. The test must have an event loop of its own.
    """
    yield from virtual_time.provide(request)


def _tracker(item: pytest.Item) -> Tracker:
    return item.config.stash[TRACKER]
