"""Rules about what ``__await__`` gives, and what it yields to the loop."""

from __future__ import annotations

import inspect
import types
from collections.abc import Generator, Iterator
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules._methods import is_async
from pytest_asyncprotocol.snippets.special_uses import by_await, step_by_hand

MOST_FOREIGN = 100
"""Things that a loop does not take, after which nobody waits for the end any more."""


@Shown(use=by_await)
@rule("AW001", "await-on-type", Level.MUST, feeds=Feeds.METHODS)
async def await_on_type(case: Case) -> None:
    """``__await__`` is found on the type.

    The language looks it up on the type, never on the instance, and does not ask whether the
    class is registered as a `collections.abc.Awaitable`. A generator-based coroutine needs none.

    Why:
        ``await`` raises TypeError, although ``hasattr`` or ``isinstance`` said that it would work.

    In practice:
        A proxy that forwards attributes by ``__getattr__``; ``Awaitable.register(...)`` for a
        class that was to get its ``__await__`` later.

    Advice:
        Define ``def __await__(self)`` in the class; a proxy has to define it too.

    Source:
        Python language reference, "Special method lookup":
        https://docs.python.org/3/reference/datamodel.html#special-lookup
    """
    subject = await case.fresh()
    obj = subject.object
    if subject.special("__await__") is not None or is_generator_based(obj):
        return
    claim = ""
    if subject.has("__await__"):
        claim = "; it has one as an attribute of the object, where the language does not look"
    elif inspect.isawaitable(obj):
        claim = "; it says that it is an Awaitable all the same"
    raise Violation(f"{type(obj).__name__} has no __await__ on its type{claim}")


@Shown(use=by_await)
@MethodCheck("__await__", is_async, "is `async def`; expected plain `def` that returns an iterator")
@rule("AW002", "await-gives-iterator", Level.MUST, requires=("AW001",), feeds=Feeds.LOOK)
async def await_gives_iterator(case: Case) -> None:
    """``__await__`` returns an iterator.

    Its result has ``__next__`` on its type, and is no coroutine: that is refused, although the
    result of the coroutine's own ``__await__()`` is accepted. ``return self`` is fine where the
    class is an iterator too.

    Why:
        ``await`` raises TypeError before anything has run.

    In practice:
        ``async def __await__``, or ``return self._run()`` where ``_run`` is a coroutine function.

    Advice:
        Write ``def __await__(self): return self._run().__await__()``.

    Source:
        Python language reference, 3.4.1 "Awaitable Objects":
        https://docs.python.org/3/reference/datamodel.html#object.__await__
    """
    subject = await case.fresh()
    if inspect.iscoroutine(subject.object) or is_generator_based(subject.object):
        return
    if case.is_instance:
        raise NotApplicable("to call __await__ may use up the only object; pass a factory")
    given = _begin(subject)
    refused = inspect.iscoroutine(given) or is_generator_based(given)
    discard(given)
    if refused or special_method(given, "__next__") is None:
        raise Violation(f"__await__ returned {describe(given)}; expected an iterator")


@Shown(use=step_by_hand)
@rule("AW004", "yields-for-the-loop", Level.MUST, requires=("AW001", "AW002", "AW005"))
async def yields_for_the_loop(case: Case) -> None:
    """It yields only what the running loop understands.

    asyncio takes None and futures that are being awaited, trio only traps of its own. Everything
    that the subject yields to the loop is looked at, so that catching the loop's protest does not
    help. Declare ``backends=`` for a class that is made for one library.

    Why:
        The loop throws RuntimeError or TypeError into the code that waits.

    In practice:
        A bare ``yield`` as a turn for others, which asyncio takes and trio does not; ``yield
        future`` in place of ``yield from future``; ``asyncio.sleep(0)`` under trio.

    Advice:
        Yield nothing yourself: ``return self._run().__await__()``, and ``await`` in ``_run``.

    Source:
        Python language reference, 3.4.1 "Awaitable Objects" (what is yielded belongs to the
        framework): https://docs.python.org/3/reference/datamodel.html#awaitable-objects
    """
    subject = await case.fresh()
    foreign: list[str] = []

    def look(trap: object) -> None:
        if not understands(case.library, trap):
            foreign.append(describe(trap))
            if len(foreign) == MOST_FOREIGN:
                raise _SeenEnough

    stuck = False
    try:
        await Stepped(awaited(case, subject), on_trap=look)
    except _SeenEnough:
        pass
    except BaseException as error:
        # Cancelled by the engine, because it waits for ever: that is for CO020 to say.
        stuck = case.loop.cancelled(error)
        if not (stuck or foreign):
            raise
    if foreign:
        raise Violation(
            f"it yielded {foreign[0]} to the loop, which {case.library} does not take; if it is "
            "not made for this library, leave that out of backends="
        )
    if stuck:
        raise Vacuous("it did not come to its end, which CO020 judges")


@Shown(use=by_await)
@rule("AW005", "iterator-has-send", Level.MUST, requires=("AW001", "AW002"), libraries=("trio",))
async def iterator_has_send(case: Case) -> None:
    """An iterator that suspends has ``send()``.

    When a task is resumed, trio sends it a value that is not None, and ``await`` passes that on by
    the iterator's ``send``. asyncio sends None only, for which ``__next__`` is enough. An iterator
    that never yields needs no ``send`` either.

    Why:
        Under trio the await ends with AttributeError, after the operation was begun.

    In practice:
        A class with ``__iter__`` and ``__next__`` around another awaitable's iterator.

    Advice:
        Write ``__await__`` as a generator, or give the iterator ``send``, ``throw`` and ``close``
        that pass on to the inner one.

    Source:
        PEP 380, "Formal Semantics" (``send`` for what is not None):
        https://peps.python.org/pep-0380/#formal-semantics
    """
    iterator: Any = _begin(await case.fresh())
    if has_attribute(iterator, "send"):
        discard(iterator)
        return
    try:
        resumed = await _to_its_first_resumption(iterator, case.library)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        raise Vacuous(f"it raised {describe_exception(error)}, which CO020 judges") from error
    if resumed:
        raise Violation(
            f"__await__ returned {describe(iterator)}, which yielded but has no send(); "
            f"{case.library} sent it a value"
        )


class _SeenEnough(BaseException):
    """Ends the await of a subject that would go on yielding nonsense."""


def _begin(subject: Subject) -> object:
    """What ``__await__`` gives; of a generator-based coroutine, itself."""
    method = subject.special("__await__")
    if method is None:
        return subject.object
    try:
        return method()
    except BaseException as error:
        raise Vacuous(
            f"__await__ raised {describe_exception(error)} at its call, which CO020 judges"
        ) from error


def is_generator_based(obj: object) -> bool:
    """Whether *obj* is a coroutine of the old kind, which is awaitable without ``__await__``."""
    return isinstance(obj, types.GeneratorType) and bool(
        obj.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE
    )


@types.coroutine
def _to_its_first_resumption(
    iterator: Iterator[object], library: str
) -> Generator[object, object, bool]:
    """Run *iterator* until the loop resumes it; False if it ends first, or yields nonsense."""
    try:
        trap = next(iterator)
    except StopIteration:
        return False
    if not understands(library, trap):
        return False
    yield trap
    return True
