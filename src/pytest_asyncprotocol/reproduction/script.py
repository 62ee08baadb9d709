"""The script that shows a violation, put together from what was recorded."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pytest_asyncprotocol.model.backends import Backend
from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.recording import Call, Event
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.model.showing import Snippet
from pytest_asyncprotocol.reproduction.origins import OURS, Origins
from pytest_asyncprotocol.reproduction.parts import WIDTH, parts_for
from pytest_asyncprotocol.reproduction.replay import Replay, indented
from pytest_asyncprotocol.snippets.special_uses import await_it, enter, loop_over

SHORT = 0.2
"""Seconds of the loop's time that may be waited for really."""

PATIENCE = 1.0
"""Real seconds that a script waits before it says that something hangs."""

PLAIN_USES = {Protocol.AWAITABLE: await_it, Protocol.ASYNC_CONTEXT_MANAGER: enter}
"""How subjects are used that are not iterated over."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation, and all that is known of how it came about."""

    rule: Rule
    message: str
    backend: Backend
    factory: Factory
    declared: Declarations
    events: tuple[Event, ...]

    @property
    def use(self) -> Snippet | None:
        """What takes the place of the recorded calls."""
        shown = self.rule.shown_by
        called = any(isinstance(e, Call) and e.operation != "__aiter__" for e in self.events)
        return shown.use if called or shown.unused is None else shown.unused


def script_for(finding: Finding) -> str:
    """A stand-alone script that shows what was found."""
    library, shown, use = finding.backend.library, finding.rule.shown_by, finding.use
    parts = parts_for(library)
    origins = Origins(parts.definitions)
    writer = _writer(finding, origins)
    replay = Replay(finding.events, library, origins, writer, ordered=not shown.in_two_loops)
    if use is None:
        body = replay.lines() or [f"subject = {replay.maker(finding.factory)}"]
        body = _watched(finding, body, origins)
        subjects = replay.names or ["subject"]
    else:
        body = list(_used(use, finding, replay))
        subjects = ["subject"] if "subject" in _parameters(use) else []
    body += ["", *_remains(finding, subjects, origins)]
    jumps = max(replay.duration, shown.seconds) > SHORT or replay.waits
    frame = "\n".join([*_main(finding, body, subjects), "", "", *_start(finding, jumps=jumps)])
    imports, definitions = parts.used_in(frame, origins.bound)
    head = dict.fromkeys([*sorted({*imports, "import sys"}), *origins.imports()])
    return "\n".join(
        [_docstring(finding), "", *head, *origins.lines()]
        + [f"\n\n{text}" for text in (*definitions, frame)]
        + [""]
    )


def _docstring(finding: Finding) -> str:
    rule = finding.rule
    found = without_checker(finding.message).replace("\\", "\\\\").replace('"""', "'''")
    paragraphs = (
        f"{rule.name}, on {finding.backend.name}.",
        textwrap.fill(f"{rule.title}.", WIDTH),
        textwrap.fill(f"Found: {found}", WIDTH, break_long_words=False),
        f"Source: {rule.source}",
    )
    return '"""' + "\n\n".join(paragraphs) + '\n"""'


def without_checker(text: str) -> str:
    """*text* without the names of what the checker itself ran."""
    text = re.sub(r": cancelled due to explicit from task <Task [^>]*>?", "", text)
    return re.sub(rf"\b{OURS}\.[\w.]*?(\w+)(?![\w.])", r"\1", text)


def _parameters(snippet: Snippet) -> list[str]:
    return list(inspect.signature(snippet).parameters)


def _call(snippet: Snippet, **given: str) -> str:
    """The call of *snippet*, which gets what its parameters are named for."""
    call = f"{snippet.__name__}({', '.join(given[name] for name in _parameters(snippet))})"
    return f"await {call}" if inspect.iscoroutinefunction(snippet) else call


def _writer(finding: Finding, origins: Origins) -> Callable[[str, str], str]:
    """What writes a call, from its label and its expression."""
    snippet = finding.rule.shown_by.each_call
    if snippet is None:
        return lambda _, call: f"await {call}"
    declared, variable = finding.declared, ""
    if "variable" in _parameters(snippet):
        variable = origins.expression(declared.sets_context or declared.reads_context)
    return lambda line, call: _call(
        snippet, line=line, coroutine=call, result=f"await {call}", variable=variable
    )


def _watched(finding: Finding, calls: Sequence[str], origins: Origins) -> list[str]:
    """The recorded *calls*, with what comes before and after them."""
    shown, read = finding.rule.shown_by, finding.declared.reads_context
    if shown.profiler is not None:
        return [f"sys.setprofile({shown.profiler.__name__})", *calls, "sys.setprofile(None)"]
    if shown.each_call is not None and "variable" in _parameters(shown.each_call) and read:
        return [f"{origins.expression(read)}.set('what its caller has set')", *calls]
    return [*calls]


def _used(use: Snippet, finding: Finding, replay: Replay) -> Iterator[str]:
    """Another *use* of the subject than the recorded calls."""
    maker = replay.maker(finding.factory)
    plain_use = PLAIN_USES.get(finding.factory.protocol, loop_over)
    if "subject" in _parameters(use):
        yield f"subject = {maker}"
    if "make" in _parameters(use):
        yield from ("async def make():", f"    return {maker}", "")
    factory = f"lambda: {replay.factory_call(finding.factory)}"
    yield _call(use, subject="subject", make="make", factory=factory, use=plain_use.__name__)


def _remains(finding: Finding, subjects: Sequence[str], origins: Origins) -> Iterator[str]:
    """What prints what is left when the calls are over."""
    shown, released = finding.rule.shown_by, list[str]()
    if finding.declared.released is not None:
        function = origins.expression(finding.declared.released)
        made = [name for name in subjects if name.startswith("subject")]
        released = [f'await print_released("{name}", {function}({name}))' for name in made]
    tasks = f"await print_tasks_left({shown.seconds:g})"
    if shown.afterwards is not None:
        yield _call(shown.afterwards)
    yield from (*released, tasks) if shown.released_at_once else (tasks, *released)
    yield from (f"{name} = None" for name in subjects)
    yield "gc.collect()"
    yield "await turns(2)"


def _main(finding: Finding, body: Sequence[str], subjects: Sequence[str]) -> Iterator[str]:
    yield "async def main():"
    if subjects:
        yield f"    global {', '.join(subjects)}"
    if finding.backend.library == "asyncio":
        yield "    asyncio.get_running_loop().set_exception_handler(told_the_loop)"
    if finding.rule.shown_by.eager or finding.backend.task_factory:
        yield "    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)"
    yield from indented(body)


def _start(finding: Finding, *, jumps: bool) -> Iterator[str]:
    run = ["asyncio.run(main())"]
    if finding.backend.library == "trio":
        run = [f"trio.run(main{', clock=MockClock(autojump_threshold=0)' if jumps else ''})"]
    elif jumps:
        start = "with asyncio.Runner(loop_factory=JumpingLoop) as runner:"
        run = [start, "    runner.run(main())"]
    if finding.rule.shown_by.in_two_loops:
        run = ["for _ in (1, 2):", *indented(run)]
    yield 'if __name__ == "__main__":'
    yield from indented([f"timer = watch({PATIENCE})", *run, "timer.cancel()"])
