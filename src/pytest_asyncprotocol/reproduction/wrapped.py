"""What wrappers are given to wrap, as source text."""

from __future__ import annotations

INNERS: dict[str, str] = {
    "giving(": '''\
async def giving(value, suspends):
    """An awaitable to wrap."""
    if suspends:
        await {library}.sleep(0)
    return value
''',
    "items(": '''\
async def items():
    """A generator to wrap."""
    try:
        for number in range(100):
            await {library}.sleep(0)
            yield number
    finally:
        await {library}.sleep(0)
        print("its source was cleaned up")
''',
    "Source(": '''\
class Source:
    """An iterator to wrap."""

    def __init__(self, items):
        self.left = list(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        await {library}.sleep(0)
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

    async def aclose(self):
        self.left.clear()
''',
    "Inner(": '''\
class Inner:
    """A manager to wrap, which suppresses the exception of its body."""

    async def __aenter__(self):
        await {library}.sleep(0)
        print("the wrapped manager was entered")
        return self

    async def __aexit__(self, kind, error, traceback):
        kind = getattr(kind, "__name__", kind)
        trace = "no" if traceback is None else "a"
        print(f"the wrapped manager was told of: {kind}, {shown(error)}, {trace} traceback")
        await {library}.sleep(0)
        return error is not None
''',
}
"""Each by how a call of it begins."""
