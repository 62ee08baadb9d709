"""Rules whose violation shows by another use than calls one by one; MAKE makes the subject."""

from __future__ import annotations

_LOOP = """
subject = MAKE
try:
    async for item in subject:
        print("async for: an item")
        break
    else:
        print("async for: no item")
except BaseException as error:
    print(f"async for -> raised {shown(error)}")
"""

_ITSELF = """
iterator = aiter(MAKE)
print("its iterator has __aiter__:", hasattr(type(iterator), "__aiter__"))
print("its iterator has __anext__:", hasattr(type(iterator), "__anext__"))
try:
    print("aiter(iterator) is the iterator:", aiter(iterator) is iterator)
except BaseException as error:
    print(f"aiter(iterator) -> raised {shown(error)}")
"""

_AWAIT = """
subject = MAKE
try:
    print(f"await -> returned {shown(await subject)}")
except BaseException as error:
    print(f"await -> raised {shown(error)}")
iterator = None
"""

_WITH = """
try:
    async with MAKE:
        print("entered")
    print("left")
except BaseException as error:
    print(f"async with -> raised {shown(error)}")
"""

SPECIAL: dict[str, str] = {
    "AB001": _LOOP,
    "AB002": _LOOP,
    "AB003": _LOOP,
    "AB004": _ITSELF,
    "AB007": """
subject = MAKE
aiter(subject)
await sleep(0)
""",
    "AB009": """
from itertools import islice

print("for:", list(islice(MAKE, 100)))
items = []
async for item in MAKE:
    items.append(item)
    if len(items) == 100:
        break
print("async for:", items)
""",
    "AG012": """
subject = MAKE
for name in ("__aiter__", "__anext__", "asend", "athrow", "aclose"):
    print(f"{name}:", "there" if callable(getattr(subject, name, None)) else "missing")
""",
    "AI001": """
subject = MAKE
try:
    print(f"anext() -> returned {shown(await anext(subject))}")
except BaseException as error:
    print(f"anext() -> raised {shown(error)}")
""",
    "AI004": """
subject = MAKE
print("aiter(it) is it:", aiter(subject) is subject)
print("by anext() alone:", shown(await anext(MAKE, "no item")))
subject = MAKE
print("the first item:", shown(await anext(subject, "no item")))
print("after that, by aiter():", shown(await anext(aiter(subject), "no item")))
""",
    "AI013": """
subject = MAKE
first = subject.__anext__()
second = subject.__anext__()
print("two calls gave one awaitable:", first is second)
if inspect.iscoroutine(first):
    taken = MAKE
    taken.__anext__().close()
    print("after one that was closed unused:", shown(await taken.__anext__()))
for each in (first, second):
    try:
        print(f"await -> returned {shown(await each)}")
    except BaseException as error:
        print(f"await -> raised {shown(error)}")
""",
    "AW001": _AWAIT,
    "AW002": _AWAIT,
    "AW004": """
iterator = MAKE.__await__()
try:
    for sent in (None, SEND, SEND):
        print(f"it yielded to the loop: {shown(iterator.send(sent))}")
except BaseException as error:
    print(f"await -> raised {shown(error)}")
""",
    "AW005": _AWAIT,
    "AW007": """
iterator = MAKE.__await__()
iterator.send(None)
try:
    iterator.throw(RuntimeError("thrown in"))
except BaseException as error:
    print(f"throw(exception) -> raised {shown(error)}")
""",
    "CM001": _WITH,
    "CM002": _WITH,
    "CM003": _WITH,
    "AI014": """
async def with_default():
    return await anext(subject, "the default")


for at, cancelled_call in ((0, 0), (1, 1), (1, 2), (2, 1), (1, 3)):
    subject = MAKE
    for number in range(1, 10):
        with CancelScope() as scope:
            line = f"anext(it, default) #{number}"
            cancel = (at, scope.cancel) if number == cancelled_call else (0, None)
            if cancel[0]:
                line += f", cancelled at suspension {at},"
            value = await call(line, with_default, cancel=cancel, passes_on=True)
        if scope.cancel_called or value == "the default" or isinstance(value, Exception):
            break
""",
    "AW006": """
for at in (1, 2):
    for name in ("throw", "close"):
        iterator = MAKE.__await__()
        try:
            iterator.send(None)
            for _ in range(at - 1):
                iterator.send(SEND)
            iterator.throw(RuntimeError("thrown in")) if name == "throw" else iterator.close()
        except BaseException as error:
            print(f"at suspension {at}, {name}() -> raised {shown(error)}")
        for each in gc.get_objects():
            if inspect.iscoroutine(each) and each.cr_frame and not each.cr_running:
                if "main" not in each.__qualname__ and each.cr_await is not None:
                    print(f"{name}() at suspension {at} left {each.__qualname__} suspended")
        iterator = None
""",
    "CM024": """
subject = MAKE
if hasattr(subject, "__await__"):
    print("await gives a", type(await subject).__name__)
subject = MAKE
if hasattr(subject, "__enter__"):
    with subject as given:
        print("with gives a", type(given).__name__)
else:
    async with subject as given:
        print("async with gives a", type(given).__name__)
""",
    "CO018": """
subject = MAKE
USE
held = [subject]
subject = None


def let_go():
    held.clear()
    gc.collect()


thread = threading.Thread(target=let_go)
thread.start()
thread.join()
print("dropped after its use where no event loop runs")
""",
    "CO019": """
subject = MAKE
USE
still = weakref.ref(subject)
subject = None
gc.collect()
print("still alive after gc.collect():", still() is not None)
""",
}

AT_START: dict[str, str] = {
    "CO011": """
try:
    MAKE
    print("made where no event loop runs")
except BaseException as error:
    print(f"made where no event loop runs -> raised {shown(error)}")
""",
    "CO018": """
subject = MAKE
subject = None
gc.collect()
print("dropped unused where no event loop runs")
""",
}
"""Those that show where no loop runs; CO018 only where it was not used before."""

USES = {
    "awaitable": "await subject",
    "async_iterable": "async for item in subject:\n    pass",
    "async_iterator": "async for item in subject:\n    pass",
    "async_generator": "async for item in subject:\n    pass",
    "async_context_manager": "async with subject:\n    pass",
}
"""The plain use of a subject."""
