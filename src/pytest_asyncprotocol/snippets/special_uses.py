"""Other uses of a subject than its calls one by one."""

from __future__ import annotations

import gc
import inspect
import threading
import weakref
from collections.abc import AsyncIterable, Awaitable, Callable
from functools import partial
from itertools import islice
from typing import Any

from pytest_asyncprotocol.snippets.anywhere import call_in_steps, shown
from pytest_asyncprotocol.snippets.on_asyncio import CancelScope, resumption, turns

Make = Callable[[], Awaitable[Any]]


async def await_it(subject: Awaitable[object]) -> None:
    """Use it as a caller does."""
    await subject


async def loop_over(subject: AsyncIterable[object]) -> None:
    """Use it as a caller does."""
    async for _ in subject:
        pass


async def enter(subject: Any) -> None:
    """Use it as a caller does."""
    async with subject:
        pass


async def by_await(subject: Awaitable[object]) -> None:
    """Await it, and print what came of it."""
    try:
        print(f"await -> returned {shown(await subject)}")
    except BaseException as error:
        print(f"await -> raised {shown(error)}")


async def by_async_for(subject: AsyncIterable[object]) -> None:
    """Begin a loop over it, and print what came of it."""
    try:
        async for _ in subject:
            print("async for: an item")
            break
        else:
            print("async for: no item")
    except BaseException as error:
        print(f"async for -> raised {shown(error)}")


async def by_async_with(make: Make) -> None:
    """Enter and leave it, and print what came of it."""
    try:
        async with await make():
            print("entered")
        print("left")
    except BaseException as error:
        print(f"async with -> raised {shown(error)}")


async def by_anext(subject: Any) -> None:
    """Call anext(), and print what came of it."""
    try:
        print(f"anext() -> returned {shown(await anext(subject))}")
    except BaseException as error:
        print(f"anext() -> raised {shown(error)}")


async def by_both_iterations(make: Make) -> None:
    """Print the items of `for` and of `async for`."""
    first: list[object] = list(islice(await make(), 100))
    print("for:", first)
    items: list[object] = []
    async for item in await make():
        items.append(item)
        if len(items) == 100:
            break
    print("async for:", items)


async def by_other_protocols(subject: Any, make: Make) -> None:
    """Print the types that `await` gives, and `with` or `async with`."""
    if hasattr(subject, "__await__"):
        print("await gives a", type(await subject).__name__)
    subject = await make()
    if hasattr(subject, "__enter__"):
        with subject as given:
            print("with gives a", type(given).__name__)
    else:
        async with subject as given:
            print("async with gives a", type(given).__name__)


async def open_it(subject: Any) -> None:
    """Call aiter(), and nothing more."""
    aiter(subject)
    await turns(1)


async def look_at_its_iterator(make: Make) -> None:
    """Print what its iterator has, and whether that is its own iterator."""
    subject: AsyncIterable[object] = await make()
    iterator = aiter(subject)
    print("its iterator has __aiter__:", hasattr(type(iterator), "__aiter__"))
    print("its iterator has __anext__:", hasattr(type(iterator), "__anext__"))
    try:
        print("aiter(iterator) is the iterator:", aiter(iterator) is iterator)
    except BaseException as error:
        print(f"aiter(iterator) -> raised {shown(error)}")


async def look_at_its_methods(subject: object) -> None:
    """Print which methods of an async generator it has."""
    for name in ("__aiter__", "__anext__", "asend", "athrow", "aclose"):
        print(f"{name}:", "there" if callable(getattr(subject, name, None)) else "missing")


async def look_for_aclose(subject: object) -> None:
    """Print whether it can be closed."""
    print("it has aclose():", hasattr(subject, "aclose"))


async def iterate_with_and_without_aiter(subject: Any, make: Make) -> None:
    """Print items by anext() alone, and by aiter()."""
    print("aiter(it) is it:", aiter(subject) is subject)
    print("by anext() alone:", shown(await anext(await make(), "no item")))
    subject = await make()
    print("the first item:", shown(await anext(subject, "no item")))
    print("after that, by aiter():", shown(await anext(aiter(subject), "no item")))


async def make_two_awaitables(subject: Any, make: Make) -> None:
    """Call __anext__() twice before the first awaitable is awaited."""
    first = subject.__anext__()
    second = subject.__anext__()
    print("two calls gave one awaitable:", first is second)
    if inspect.iscoroutine(first):
        taken = await make()
        taken.__anext__().close()
        print("after one that was closed unused:", shown(await taken.__anext__()))
    for each in (first, second):
        try:
            print(f"await -> returned {shown(await each)}")
        except BaseException as error:
            print(f"await -> raised {shown(error)}")


async def ask_for_a_default(make: Make) -> None:
    """Call anext() with a default until that is given, and cancel one of the calls."""

    async def with_default(subject: Any) -> object:
        return await anext(subject, "the default")

    for at, cancelled_call in ((0, 0), (1, 1), (1, 2), (2, 1), (1, 3)):
        subject = await make()
        for number in range(1, 10):
            line, begin = f"anext(it, default) #{number}", partial(with_default, subject)
            cancel_at = at if number == cancelled_call else 0
            if cancel_at:
                line += f", cancelled at suspension {at},"
            value = None
            with CancelScope() as scope:
                value = await call_in_steps(line, begin, cancel_at, scope.cancel, passes_on=True)
            if scope.cancel_called or value == "the default" or isinstance(value, Exception):
                break


async def step_by_hand(make: Make) -> None:
    """Resume it as the event loop does, and print what it yields."""
    iterator = (await make()).__await__()
    try:
        for sent in (None, resumption(), resumption()):
            print(f"it yielded to the loop: {shown(iterator.send(sent))}")
    except BaseException as error:
        print(f"await -> raised {shown(error)}")


async def throw_by_hand(make: Make) -> None:
    """Throw an exception in, without its type."""
    iterator = (await make()).__await__()
    iterator.send(None)
    try:
        iterator.throw(RuntimeError("thrown in"))
    except BaseException as error:
        print(f"throw(exception) -> raised {shown(error)}")


async def interrupt_by_hand(make: Make) -> None:
    """Throw into its first suspensions, or close it; print what is left suspended."""
    for at in (1, 2):
        for name, given in (("throw", (RuntimeError("thrown in"),)), ("close", ())):
            iterator = (await make()).__await__()
            try:
                iterator.send(None)
                for _ in range(at - 1):
                    iterator.send(resumption())
                getattr(iterator, name)(*given)
            except BaseException as error:
                print(f"at suspension {at}, {name}() -> raised {shown(error)}")
            for each in filter(inspect.iscoroutine, gc.get_objects()):
                suspended = each.cr_frame and each.cr_await is not None and not each.cr_running
                if suspended and "main" not in each.__qualname__:
                    print(f"{name}() at suspension {at} left {each.__qualname__} suspended")
            iterator = None


def in_a_thread(function: Callable[[], object]) -> None:
    """Call *function* where no event loop runs."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


async def make_in_a_thread(factory: Callable[[], object]) -> None:
    """Make it where no event loop runs."""

    def make() -> None:
        try:
            factory()
            print("made where no event loop runs")
        except BaseException as error:
            print(f"made where no event loop runs -> raised {shown(error)}")

    in_a_thread(make)


def let_go(held: list[object]) -> None:
    """Drop what is *held* where no event loop runs."""

    def clear() -> None:
        held.clear()
        gc.collect()

    in_a_thread(clear)


async def drop_unused(make: Make) -> None:
    """Drop it where no event loop runs."""
    let_go([await make()])
    print("dropped unused where no event loop runs")


async def drop_used(make: Make, use: Callable[[Any], Awaitable[None]]) -> None:
    """Use it, and drop it where no event loop runs."""
    held = [await make()]
    await use(held[0])
    let_go(held)
    print("dropped after its use where no event loop runs")


async def keep_weakly(make: Make, use: Callable[[Any], Awaitable[None]]) -> None:
    """Use it, and print whether it is still alive when only a weak reference is left."""
    subject = await make()
    await use(subject)
    still = weakref.ref(subject)
    del subject
    gc.collect()
    print("still alive after gc.collect():", still() is not None)
