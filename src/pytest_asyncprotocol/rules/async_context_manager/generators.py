"""Rules about the generator behind an async context manager."""

from __future__ import annotations

from contextlib import _AsyncGeneratorContextManager
from types import AsyncGeneratorType
from typing import Any, cast

from pytest_asyncprotocol.authoring import *

AsyncGenerator = AsyncGeneratorType[Any, Any]


@rule("CM019", "yields-once", Level.MUST, requires=("CM003",))
async def yields_once(case: Case) -> None:
    """The generator behind the manager yields exactly once, on every path.

    The generator that `contextlib.asynccontextmanager` decorates yields before it ends; after
    that it ends, by returning or by raising, whether the body raised or not. The manager that
    ``failing_enter=`` makes raises what failed instead of returning before the ``yield``.
    Other managers are left alone.

    Why:
        contextlib raises RuntimeError in its place: "generator didn't yield", where the connection
        failed, or "generator didn't stop", and the exception of the body is gone.

    In practice:
        A ``yield`` below an ``if``, or after a ``return`` in an error path; a ``yield`` in
        a retry loop, which cannot run the body a second time; a cancel scope around the code
        before the ``yield``, which ends it when time is up.

    Advice:
        Raise where there is nothing to yield, and put no loop and no second ``yield`` on any path.
        Retry around the ``async with``.

    Source:
        Python library reference, contextlib.asynccontextmanager and contextlib.contextmanager:
        https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager
    """
    subject = await case.fresh()
    if _generator_behind(subject) is None:
        raise NotApplicable("no generator that asynccontextmanager decorates is behind it")
    await _expect_one_yield(subject, None)
    await case.tear_down()
    await _expect_one_yield(await case.fresh(), BodyError())
    if case.declared.failing_enter is not None:
        await case.tear_down()
        await _expect_one_yield(await case.fresh_of("failing_enter"), None)


async def _expect_one_yield(subject: Subject, error: BaseException | None) -> None:
    generator = _generator_behind(subject)
    if generator is None:
        return
    entry = await subject.enter()
    if _is_complaint(entry.error, generator):
        raise Violation(f"{entry.operation}: the generator ended before it yielded")
    if not entry.returned:
        return
    outcome = await left_by(subject, error)
    if _is_complaint(outcome.error, generator):
        after = "nothing" if error is None else type_name(error)
        raise Violation(
            f"{outcome.operation}, after a body that raised {after}: the generator yielded again; "
            "expected it to end"
        )


def is_generator_based(subject: Subject) -> bool:
    """Whether contextlib drives a native generator for *subject*."""
    return _generator_behind(subject) is not None


def _generator_behind(subject: Subject) -> AsyncGenerator | None:
    """The native generator that contextlib drives for *subject*."""
    if not isinstance_of(subject.object, _AsyncGeneratorContextManager):
        return None
    generator = cast("dict[str, object]", vars(subject.object)).get("gen")
    if isinstance_of(generator, AsyncGeneratorType):
        return cast("AsyncGenerator", generator)
    return None


def _is_complaint(error: BaseException | None, generator: AsyncGenerator) -> bool:
    """Whether *error* is contextlib's own, about *generator*, and none that came out of that."""
    if not isinstance(error, RuntimeError) or error.__cause__ is not None:
        return False
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code is generator.ag_code:
            return False
        traceback = traceback.tb_next
    return True
