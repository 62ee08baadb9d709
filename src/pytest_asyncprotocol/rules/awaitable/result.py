"""Rules about what awaiting gives: the first time, the second time, through a wrapper."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.awaitable.shape import is_generator_based
from pytest_asyncprotocol.snippets.inners import giving


@rule("AW003", "result-comes-out", Level.MUST, enabled_by=("returns",), feeds=Feeds.SCENARIO)
async def result_comes_out(case: Case) -> None:
    """The value of the operation is the value of the await.

    Awaited once, it gives the value declared by ``returns=``: the same one, an equal one, or one
    that the declared callable accepts.

    Why:
        The caller goes on with None, and fails somewhere else.

    In practice:
        ``yield from self._run().__await__()`` without ``return`` in front of it.

    Advice:
        Write ``return (yield from ...)``, or return the inner iterator itself; an iterator written
        by hand ends by ``raise StopIteration(value)``.

    Source:
        PEP 380, "Formal Semantics": https://peps.python.org/pep-0380/#formal-semantics
    """
    declared = case.declared.returns
    outcome: Outcome = await awaited(case, await case.fresh())
    if not outcome.returned:
        raise Vacuous(f"the await {outcome}, so there was no value")
    try:
        accepted = case.declared.as_judge("returns")(outcome.value)
    except RuleOutcome:
        raise
    except Exception as error:
        raise NoVerdict(
            f"the callable declared as returns= raised {describe_exception(error)} when it was "
            f"given {describe(outcome.value)}"
        ) from error
    if not accepted:
        expected = "what returns= accepts" if callable(declared) else describe(declared)
        raise Violation(f"the await {outcome}; expected {expected}")


@rule("AW008", "result-unharmed", Level.MUST, enabled_by=("wraps",))
async def result_unharmed(case: Case) -> None:
    """Results pass through unharmed, whatever they are.

    What ``wraps=`` makes of an awaitable gives that awaitable's result, the very object: also None,
    something empty, a tuple, an exception instance, or a StopIteration.

    Why:
        The one caller whose operation returns a tuple gets its first element.

    In practice:
        ``raise StopIteration(*result)``; ``return result or None``; an ``isinstance`` that takes a
        returned exception for a raised one.

    Advice:
        End by ``return value`` in a generator, which wraps it as needed. By hand, raise
        ``StopIteration(value)`` with exactly one argument.

    Source:
        PEP 380, "Formal Semantics": https://peps.python.org/pep-0380/#formal-semantics
    """
    for value in _delicate_results():
        for suspends in (True, False):
            inner = _giving(value, suspends=suspends)
            outcome = await case.wrapping(
                inner, call_as_source(giving, value, suspends=suspends)
            ).wait()
            discard(inner)
            if not outcome.returned or outcome.value is not value:
                raise Violation(
                    f"around an awaitable whose result is {describe(value)}, it {outcome}; "
                    "expected that very object"
                )
            await case.tear_down()


@rule("AW009", "second-await", Level.SHOULD, feeds=Feeds.SCENARIO)
async def second_await(case: Case) -> None:
    """A second await does not give None in place of a value, nor wait for ever.

    It may give the same value, raise, or carry out the operation again and give another value.
    ``reawait="same"`` and ``reawait="error"`` demand the first or the second. Declare
    ``reawait="again"`` where each await carries out the operation once more and its result may
    be None: then it only has to come to an end.

    Why:
        Whoever awaits twice by mistake works on with None, and nothing says why.

    In practice:
        ``__await__`` returns a generator that was made once: when it is used up, it gives None.

    Advice:
        Keep the result and give it again, or keep the coroutine instead of the generator: that
        raises RuntimeError by itself.

    Source:
        Python language reference, 3.4.2 "Coroutine Objects" (RuntimeError on the second await):
        https://docs.python.org/3/reference/datamodel.html#coroutine-objects
    """
    subject = await case.fresh()
    first: Outcome = await awaited(case, subject)
    second: Outcome = await awaited_again(case, subject)
    promise = case.declared.reawait
    if promise == "again":
        return
    if promise is None and is_generator_based(subject.object):
        raise NotApplicable("by the language's own rule it gives None when it is used up")
    alike = (
        second.returned and same(second.value, first.value)
        if first.returned
        else type(first.error) is type(second.error)
    )
    if promise == "same" and not alike:
        raise Violation(f"the first await {first}, the second {second}; expected the same")
    if promise == "error" and second.returned:
        raise Violation(f"the second await {second}; expected an error")
    if first.returned and second.returned and second.value is None and not alike:
        raise Violation(
            f"the first await {first}, the second {second}; expected the same, an error, or a new "
            'value (if None is a result of the operation, declare reawait="again")'
        )


def _delicate_results() -> tuple[object, ...]:
    return (
        None, False, 0, "", (), (1, 2), (None,), [], {}, object(),
        ValueError("a value"), StopIteration(3), StopAsyncIteration(), ValueError,
    )  # fmt: skip


async def _giving(value: object, *, suspends: bool) -> object:
    if suspends:
        await checkpoint()
    return value
