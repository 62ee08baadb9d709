"""`check`: subject × rules × backends -> report. The one way into the engine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from pytest_asyncprotocol.battery import Battery
from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.library import library_in_force
from pytest_asyncprotocol.engine.loops import CallersLoop, EngineLoop
from pytest_asyncprotocol.engine.recorder import recording
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.backends import find_backend, find_known_backend
from pytest_asyncprotocol.model.exceptions import BackendUnavailable
from pytest_asyncprotocol.model.protocols import Protocol, protocol_named
from pytest_asyncprotocol.model.text import short_path
from pytest_asyncprotocol.model.verdicts import Findings, Report, Status, Verdict
from pytest_asyncprotocol.plan import Plan, plan_for

_one_at_a_time = threading.Lock()
_examining = ContextVar("_examining", default=False)


async def examine(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the engine's own loops, backend after backend."""
    found, order, wanted = Findings(), _in_order(plan), plan.settings
    with recording() as recorder, private_api.deterministic_trio():
        for name in order:
            try:
                backend = find_backend(name)
            except BackendUnavailable as error:
                found += failed(name, str(error))
                continue
            with EngineLoop(backend, clock=wanted.clock, timeout=wanted.timeout) as loop:
                found += await Battery(plan, loop, recorder, first=name == order[0]).findings()
    conclude(plan, report, found, visited=order)


def examine_now(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the engine's own loops, at once.

    One thread at a time, since hooks of the whole process are set meanwhile; but what a subject
    checks in a thread of its own belongs to the check that it is in.
    """
    with nullcontext() if _examining.get() else _one_at_a_time:
        token = _examining.set(True)
        try:
            _drive(examine(plan, report))
        finally:
            _examining.reset(token)


async def examine_here(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the loop that is running."""
    library = library_in_force()
    if library is None:
        raise RuntimeError("await the report inside a running asyncio or trio event loop")
    loop = CallersLoop(find_backend(library), timeout=plan.settings.timeout)
    conclude(plan, report, await Battery(plan, loop).findings(), visited=(library,))


def failed(backend: str, message: str) -> Findings:
    """The error that kept every rule from running on *backend*."""
    error = Verdict(rule=None, backend=backend, status=Status.ERROR, message=message)
    return Findings(verdicts=(error,))


def _in_order(plan: Plan) -> tuple[str, ...]:
    """The backends to visit; a single rule visits others only to judge an expected failure."""
    if plan.on is not None:
        return (plan.on,)
    if plan.only is None:
        return plan.settings.backends
    rule, backend = plan.only
    others = plan.settings.backends if rule in plan.settings.expected_failures else ()
    return (backend, *(other for other in others if other != backend))


def conclude(plan: Plan, report: Report, found: Findings, *, visited: tuple[str, ...]) -> None:
    """Finish *report* with what was found on the backends *visited*, and tell who listens."""
    verdicts, unconfirmed = list(found.verdicts), list[str]()
    everywhere = set(plan.settings.backends) <= set(visited)
    for key, reason in plan.settings.expected_failures.items():
        verdicts, confirmed = _expect(key, reason, verdicts, final=everywhere or "@" in key)
        if not confirmed:
            unconfirmed.append(f"{key} ({reason})")
    if plan.only is not None:
        verdicts = [v for v in verdicts if v.backend == plan.only[1]]
        unconfirmed = _unconfirmed_by(verdicts[0], plan)
    found, complete = replace(found, verdicts=tuple(verdicts)), not plan.factory.is_instance
    report.conclude(found, complete=complete, unconfirmed=unconfirmed)
    settings.announce(report)


def _unconfirmed_by(verdict: Verdict, plan: Plan) -> list[str]:
    """The expected failures that the only verdict of *plan*, or no verdict, can confirm."""
    undecided = verdict.status in (Status.VACUOUS, Status.SKIPPED)
    found: list[str] = []
    for key, reason in plan.settings.expected_failures.items():
        rule, _, backend = key.partition("@")
        concerned = plan.only == (rule, backend or verdict.backend)
        if rule not in plan.enabled or (concerned and undecided):
            found.append(f"{key} ({reason})")
    return found


def _expect(
    key: str, reason: str, verdicts: list[Verdict], *, final: bool
) -> tuple[list[Verdict], bool]:
    """Mark the violations that *key* foretells; a promise of failure that is stale is an error.

    Not *final* means that backends are left on which it might still fail.
    """
    rule_id, _, backend = key.partition("@")
    of_rule = [v for v in verdicts if v.rule is not None and v.rule.id == rule_id]
    concerned = [v for v in of_rule if backend in ("", v.backend)]
    marked = [v for v in concerned if v.status is Status.VIOLATED]
    changes: dict[str, Any] = {"expected": reason}
    if not marked:
        if not final or not concerned or any(v.status is not Status.PASSED for v in concerned):
            return verdicts, False
        stale = f"expected to fail ({reason}), but it passes: take {key!r} out of expected_failures"
        marked, changes = concerned, {"status": Status.ERROR, "message": stale}
    return [replace(v, **changes) if v in marked else v for v in verdicts], True


def check(protocol: Protocol | str, subject: Any, /, **keywords: Any) -> Report:
    """Check *subject* against *protocol*, and give the report without raising for a violation.

    ``protocol`` is a `Protocol` or its name, such as ``"async_iterator"``; the keywords are those
    of the assertion of that name. Inside a running event loop the report has to be awaited.

    Raises:
        TypeError, ValueError: the call is wrong; the message says what to write instead.

    Example::

        report = check("async_iterator", lambda: Ticker(3), items=[0, 1, 2])
        print(report.violations)
    """
    return begin(plan_for(protocol_named(protocol), subject, keywords))


def begin(plan: Plan, judge: Callable[[Report], None] = lambda _: None) -> Report:
    """Carry out *plan*, at once or when the report is awaited, and let *judge* see the result."""
    __tracebackhide__ = True
    name, source = plan.factory.name, plan.factory.source
    if library_in_force() is None:
        report = Report(name, plan.protocol, source=source)
        examine_now(plan, report)
        judge(report)
        return report

    _expect_backend(plan)

    async def work(unfinished: Report) -> None:
        __tracebackhide__ = True
        await examine_here(plan, unfinished)
        judge(unfinished)

    report = Report(name, plan.protocol, source=source, work=work, made_at=_caller())
    settings.announce(report)
    return report


def _expect_backend(plan: Plan) -> None:
    if plan.on is None and not plan.names_backends:
        return
    library = library_in_force()
    named = plan.settings.backends if plan.on is None else (plan.on,)
    if not any(find_known_backend(n).library == library for n in named):
        raise ValueError(
            f"this test runs on {library}, which backends={named!r} leaves out: an "
            "awaited assertion runs on the test's own loop, so leave backends= out, or call the "
            "assertion from a test that is not async"
        )


def _drive(coroutine: Any) -> None:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the engine suspended in the calling thread")


def _caller() -> str:
    frame = sys._getframe(1)  # noqa: SLF001
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "pytest_asyncprotocol"
    ):
        frame = frame.f_back
    return f"{short_path(frame.f_code.co_filename)}:{frame.f_lineno}"
