"""What an async iterator does after an error, its own or that of its producer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from pytest_asyncprotocol.authoring import *


# Where the error never comes out, AI016 says so.
@rule(
    "AI006",
    "no-hang-after-error",
    Level.SHOULD,
    requires=("CO010", "AI016"),
    enabled_by=("failing", "raises"),
)
async def no_hang_after_error(case: Case) -> None:
    """After an error it ends, raises again, or goes on; it does not hang.

    Enabled by ``raises=``, and by ``failing=``, a factory of a subject whose source fails. Once
    ``__anext__`` raised, further calls from other tasks come to an end, by StopAsyncIteration, by
    an error or by an item. With ``after_error="stops"`` no item may come any more; with
    ``after_error="continues"`` one has to, so let there be one behind the error.

    Why:
        The consumer logs the error and asks for the next item, and waits for ever.

    In practice:
        ``await self.lock.acquire()``, and an error before ``self.lock.release()``; the task that
        fills the queue has died.

    Advice:
        ``async with self.lock``; remember the error, and raise it again.

    Source:
        Python language reference, 6.2.9.4 (an exception finishes a generator, which then raises
        StopAsyncIteration):
        https://docs.python.org/3/reference/expressions.html#asynchronous-generator-iterator-methods
    """
    for make in _failing_subjects(case):
        subject = await make()
        failed = await _first_error(subject)
        if failed is None:
            raise Vacuous("it raised no error")
        await _expect_an_end(case, subject, failed)
        await case.tear_down()


@rule("AI016", "failure-is-told", Level.SHOULD, enabled_by=("failing",))
async def failure_is_told(case: Case) -> None:
    """A failure of the producer reaches the consumer.

    What ``failing=`` makes, a subject whose source fails, raises an error, after 1,000 items at
    most. It neither ends as if all items had come, nor waits for ever, nor goes on as if nothing
    had happened. Do not declare ``failing=`` for a stream that drops errors on purpose.

    Why:
        A truncated answer is taken for the whole one.

    In practice:
        ``except Exception: log.exception(...)`` in the task that fills the queue, and ``finally``
        a sentinel, or nothing at all.

    Advice:
        Put the exception into the queue, or keep it, and raise it from ``__anext__``.

    Source:
        Trio, "Errors in multiple child tasks", and PEP 20, "Errors should never pass silently":
        https://trio.readthedocs.io/en/stable/reference-core.html#errors-in-multiple-child-tasks
        https://peps.python.org/pep-0020/
    """
    subject = await case.fresh_of("failing")
    taken = await take(subject, LONGEST_PASS)
    if taken.end is None:
        raise Violation(f"its source fails, but it gave {LONGEST_PASS} items and no error")
    if taken.end.stopped:
        raise Violation(
            f"its source fails, but {taken.end.operation} {taken.end}; expected the error"
        )


def _failing_subjects(case: Case) -> Iterator[Callable[[], Awaitable[Subject]]]:
    if case.declared.failing is not None:
        yield lambda: case.fresh_of("failing")
    if case.declared.raises is not None:
        yield case.fresh


async def _first_error(subject: Subject) -> Outcome | None:
    end = (await take(subject, LONGEST_PASS)).end
    return None if end is None or end.stopped else end


async def _expect_an_end(case: Case, subject: Subject, failed: Outcome) -> None:
    promised = case.declared.after_error
    outcome = failed
    for _ in range(FIRST_ITEMS if promised == "continues" else BEYOND):
        (outcome,) = await together(subject.anext)
        if outcome.returned:
            break
    if promised == "stops" and outcome.returned:
        raise Violation(
            f"after_error='stops' was declared, but after {failed.operation} {failed}, "
            f"{outcome.operation} {outcome}"
        )
    if promised == "continues" and not outcome.returned:
        raise Violation(
            f"after_error='continues' was declared, but after {failed.operation} {failed}, "
            f"{outcome.operation} {outcome}; expected an item"
        )
