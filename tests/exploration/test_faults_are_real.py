"""Every fault shows in plain anyio, without the checker, and the good classes don't show it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import anyio
import pytest

from pytest_asyncprotocol import Protocol, check
from tests.exploration import (
    BOTH,
    Fault,
    faults,
    iterator_mutants,
    manager_mutants,
    mended,
    reported,
)
from tests.exploration.acting import CANCELLED, Demonstration, alone, demonstrations, drained
from tests.exploration.acting import interrupted as interrupted_at
from tests.exploration.iterator_mutants import ITEMS, PagedReader
from tests.exploration.manager_mutants import Connection, Lease

for _module in ("iterators_shown", "managers_shown", "reports_shown"):
    import_module(f"tests.exploration.{_module}")

ALL = [(fault, backend) for fault in faults() for backend in fault.backends]
MUTANTS = [(fault, backend) for fault, backend in ALL if fault.good is not None]

each_fault = pytest.mark.parametrize(
    ("fault", "backend"), ALL, ids=[f"{fault.name}-{backend}" for fault, backend in ALL]
)
each_mutant = pytest.mark.parametrize(
    ("mutant", "backend"), MUTANTS, ids=[f"{fault.name}-{backend}" for fault, backend in MUTANTS]
)


def key(fault: Fault) -> str:
    """The name by which a fault's demonstration is found."""
    return f"{fault.factory.__module__}.{fault.name}"


def good(fault: Fault) -> Any:
    """The class without the fault."""
    return fault.good or getattr(mended, fault.name)


def seen(backend: str, use: Any, *arguments: Any) -> Any:
    """What *use* sees on *backend*, where the clock stands still unless it is put forward."""
    options: dict[str, Any] = {}
    if backend == "trio":
        from trio.testing import MockClock

        options["clock"] = MockClock()
    return anyio.run(use, *arguments, backend=backend, backend_options=options)


@each_fault
def test_a_fault_shows(fault: Fault, backend: str) -> None:
    """Its demonstration sees what is wrong."""
    shown: Demonstration = demonstrations[key(fault)]

    assert shown.right != shown.wrong
    assert shown.wrong == seen(backend, shown.use, fault.factory)


@each_fault
def test_the_good_class_does_not_show_it(fault: Fault, backend: str) -> None:
    """The same demonstration sees what is right."""
    shown = demonstrations[key(fault)]

    assert shown.right == seen(backend, shown.use, good(fault))


@each_mutant
def test_a_plain_use_does_not_show_it(mutant: Fault, backend: str) -> None:
    """Nor does one that is cancelled at its first suspension, or closed early."""
    use = _reads_plainly if mutant.protocol is Protocol.ASYNC_ITERATOR else _leases_plainly

    assert seen(backend, use, mutant.factory) == seen(backend, use, mutant.good)


async def _reads_plainly(make: Any) -> object:
    whole, cut, left = make(), make(), make()
    first = await drained(whole)
    await whole.aclose()
    cancelled = await _cut_at_once(anext(cut))
    rest = await drained(cut)
    await cut.aclose()
    item = await anext(left)
    closed = await alone(left.aclose()), await alone(left.aclose()), await alone(anext(left))
    held = [each.server.open for each in (whole, cut, left)]
    assert first == rest == [*ITEMS, StopAsyncIteration]
    return cancelled, item, closed, held


async def _leases_plainly(make: Any) -> object:
    whole, cut = make(), make()
    async with whole as connection:
        assert isinstance(connection, Connection)
    cancelled = await _cut_at_once(cut.__aenter__())
    return cancelled, whole.pool.is_whole(), cut.pool.is_whole()


async def _cut_at_once(operation: Any) -> object:
    with anyio.CancelScope() as scope:
        scope.cancel()
        return await operation
    return CANCELLED


GOOD = [
    (Protocol.ASYNC_ITERATOR, PagedReader, iterator_mutants.promises(PagedReader)),
    (Protocol.ASYNC_CONTEXT_MANAGER, Lease, manager_mutants.promises(Lease)),
    (Protocol.ASYNC_GENERATOR, reported.Echo, {"items": [1, 2, 3]}),
]


@pytest.mark.parametrize(
    ("protocol", "good", "declared"), GOOD, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_good_class_passes(protocol: Protocol, good: Any, declared: dict[str, Any]) -> None:
    """With the declarations of its mutants."""
    report = check(protocol, good, backends=BOTH, **declared)

    assert report.passed, [(v.name, v.backend, v.message) for v in report.failures]


REPORTED = [fault for fault in faults() if fault.good is None]


@pytest.mark.parametrize("fault", REPORTED, ids=lambda fault: fault.name)
def test_a_mended_class_passes(fault: Fault) -> None:
    """With the declarations of the faulty one."""
    report = check(fault.protocol, good(fault), backends=fault.backends, **fault.declared)

    assert report.passed, [(v.name, v.backend, v.message) for v in report.failures]


def test_there_are_twenty_mutants_of_each_good_class() -> None:
    """And a dozen reports or so for each half of the exploration."""
    assert [20, 20] == [sum(f.good is good for f in faults()) for good in (PagedReader, Lease)]
    for half in ("sweep", "sequences"):
        assert sum(f.good is None and f.found_by == half for f in faults()) >= 10
    assert set(demonstrations) == {key(fault) for fault in faults()}


def test_interruption_is_a_cancellation() -> None:
    """The demonstrations would show nothing if it were not."""

    async def use() -> object:
        reader = PagedReader()
        return await interrupted_at(anext(reader), reader.server, "page")

    assert [CANCELLED] * 2 == [seen(backend, use) for backend in BOTH]
