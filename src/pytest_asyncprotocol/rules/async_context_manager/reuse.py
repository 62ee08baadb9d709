"""Rules about an async context manager that is entered more than once."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_context_manager.generators import is_generator_based


@rule("CM015", "re-entry", Level.SHOULD)
async def re_entry(case: Case) -> None:
    """A second entry works, or is refused by ``__aenter__``.

    After it was left, the manager can be entered and left again; or the second ``__aenter__``
    raises, whatever the exception. Declare ``reuse="reusable"`` where a second use has to work,
    ``"reentrant"`` where a nested one has to work too, ``"single-use"`` where it has to be
    refused.

    Why:
        A manager that lets itself be entered with a state that is used up fails later, somewhere
        in the body or at the exit, where nobody looks for the reason.

    In practice:
        ``__aexit__`` deletes what only ``__init__`` makes.

    Advice:
        Make the state in ``__aenter__``; or remember that it was entered, and raise RuntimeError.

    Source:
        Python library reference, contextlib, "Single use, reusable and reentrant context managers":
        https://docs.python.org/3/library/contextlib.html#single-use-reusable-and-reentrant-context-managers
    """
    reuse = case.declared.reuse
    subject = await entered_fresh(case)
    (await subject.exit()).unwrap()

    second = await subject.enter()
    if second.returned:
        left = await subject.exit()
        if reuse == "single-use":
            raise Violation(f"reuse='single-use' was declared, but {second.operation} {second}")
        _expect_return(left, "after a second entry that was not refused")
    elif reuse is not None and reuse != "single-use":
        raise Violation(f"reuse={reuse!r} was declared, but {second.operation} {second}")

    if reuse == "reentrant":
        await case.tear_down()
        await _nest(await entered_fresh(case))


# It requires CM015, since an exit that can be waited for once has one fault, entered again or not.
@rule("CM026", "second-exit-ends", Level.SHOULD, requires=("CO010", "CM015"))
async def second_exit_ends(case: Case) -> None:
    """An exit that has nothing to leave comes to an end.

    A second ``__aexit__``, and one of a manager that was never entered, return or raise, whatever
    the exception: neither waits for ever. A generator behind a manager would be started by the
    latter, and is spared it.

    Why:
        A shutdown that closes each client in turn, entered or not, never gets past this one.

    In practice:
        ``await self.closed.wait()``, where the task that sets the event was never started, or
        a message to a task that has gone.

    Advice:
        Remember that it was left, and return at once; or raise RuntimeError.

    Source:
        Trio, trio.abc.AsyncResource.aclose, and contextlib, "Single use, reusable and reentrant
        context managers":
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
        https://docs.python.org/3/library/contextlib.html#single-use-reusable-and-reentrant-context-managers
    """
    subject = await entered_fresh(case)
    (await subject.exit()).unwrap()
    await subject.exit()
    await case.tear_down()
    never_entered = await case.fresh()
    if not is_generator_based(never_entered):
        await never_entered.exit()


async def _nest(subject: Subject) -> None:
    """Use *subject*, which was entered, inside of that use."""
    _expect_return(await subject.enter(), "inside the first use, though declared reentrant")
    _expect_return(await subject.exit(), "of the inner use, though declared reentrant")
    _expect_return(await subject.exit(), "of the outer use, though declared reentrant")


def _expect_return(outcome: Outcome, when: str) -> None:
    if not outcome.returned:
        raise Violation(f"{outcome.operation}, {when}, {outcome}")
