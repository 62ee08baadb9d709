"""The script that shows a violation, put together from what was recorded."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_asyncprotocol.model.catalogue import Rule
from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.recording import Event
from pytest_asyncprotocol.reproduction import stage
from pytest_asyncprotocol.reproduction.looks import AROUND, BLOCKING, LOOKS
from pytest_asyncprotocol.reproduction.origins import Origins
from pytest_asyncprotocol.reproduction.remains import remains
from pytest_asyncprotocol.reproduction.replay import Replay
from pytest_asyncprotocol.reproduction.special import AT_START, SPECIAL, USES

_OURS = __name__.partition(".")[0]

WIDTH = 100

SHORT = 0.2
"""Seconds of the loop's time that may be waited for really."""

PATIENCE = 1.0
"""Real seconds that a script waits before it says that something hangs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation, and all that is known of how it came about."""

    rule: Rule
    message: str
    backend: str
    library: str
    factory: Factory
    declared: Declarations
    events: tuple[Event, ...]


def script_for(finding: Finding) -> str:
    """A stand-alone script that shows what was found."""
    rule, library, origins = finding.rule, finding.library, Origins()
    written = "await {call}"
    if rule.id in LOOKS:
        written = "look({line}, await {call})"
    elif rule.id in AROUND:
        written = "await around({call})"
    replay = Replay(finding.events, library, origins, written)
    body, at_start = replay.lines(), ""
    if not body:
        body = ["subject = " + replay.maker(finding.factory)]
        replay.subjects = {1: "subject"}
    variable = getattr(finding.declared, "sets_context", None) or finding.declared.reads_context
    named = "" if variable is None else origins.expression(variable)
    if finding.declared.reads_context is not None and rule.id == "CO014":
        body.insert(0, f"{named}.set('what its caller has set')")
    if rule.id == "CO013":
        body = ["sys.setprofile(look_for_blocking)", *body, "sys.setprofile(None)"]
    if rule.id in SPECIAL or rule.id in AT_START:
        use = USES[finding.factory.protocol.value]
        replay.subjects = {1: "subject"}
        text = SPECIAL.get(rule.id, "").replace("USE", use).replace("sleep(", f"{library}.sleep(")
        text = text.replace("CancelScope", "trio.CancelScope" if library == "trio" else "anyio.CancelScope")
        text = text.replace("SEND", "outcome.Value(None)" if library == "trio" else "None")
        maker = replay.maker(finding.factory)
        body = text.replace("MAKE", maker).strip().splitlines()
        at_start = AT_START.get(rule.id, "").replace("MAKE", maker.replace("await ", "")).strip()
    names = [name for name in replay.names if f"{name} = " in "\n".join(body)]
    body += ["", *remains(rule, finding.declared, library, names, origins)]
    parts = "\n".join(_parts(finding, replay, body, at_start)).replace("VARIABLE", named)
    modules = [f"import {name}" for name in _modules(library, parts)]
    lines = [*_docstring(finding), "", *modules, *origins.lines(), "", "", parts]
    return "\n".join(lines).rstrip() + "\n"


def _docstring(finding: Finding) -> Iterator[str]:
    rule = finding.rule
    found = without_checker(finding.message).replace("\\", "\\\\").replace('"""', "'''")
    yield f'"""{rule.name}, on {finding.backend}.'
    yield ""
    yield from textwrap.wrap(f"{rule.title}.", WIDTH)
    yield ""
    yield from textwrap.wrap(f"Found: {found}", WIDTH, break_long_words=False)
    yield ""
    yield from f"Source: {rule.source}".splitlines()
    yield '"""'


def without_checker(text: str) -> str:
    """*text* without the names of what the checker itself ran."""
    text = re.sub(r": cancelled due to explicit from task <Task [^>]*>?", "", text)
    return re.sub(rf"\b{_OURS}\.[\w.]*?(\w+)(?![\w.])", r"\1", text)


def _modules(library: str, text: str) -> list[str]:
    names = ("contextvars", "outcome", "socket", "time", "anyio", "asyncio", "gc", "inspect", "os", "re", "threading", "warnings", "weakref")
    used = {name for name in names if f"{name}." in text}
    if "trio.testing" in text:
        used.add("trio.testing")
    return sorted({*used, library, "sys"})


def _parts(finding: Finding, replay: Replay, body: list[str], at_start: str) -> Iterator[str]:
    library = finding.library
    text = "\n".join(body)
    for name in sorted(replay.errors):
        yield f"class {name}(Exception):\n    pass\n\n"
    yield from (part + "\n" for part in _stage(finding, replay, text))
    jumps = replay.duration > SHORT or replay.waits
    if jumps and library == "asyncio":
        yield stage.JUMPING_LOOP + "\n"
    names = [name for name in replay.names if name in text]
    yield "async def main():"
    if names:
        yield f"    global {', '.join(names)}"
    if library == "asyncio":
        yield "    asyncio.get_running_loop().set_exception_handler(told_the_loop)"
    for line in body:
        yield f"    {line}" if line else ""
    yield "\n"
    yield 'if __name__ == "__main__":'
    yield from (f"    {line}" for line in (*at_start.splitlines(), "watch.start()", *_start(finding, jumps=jumps), "watch.cancel()"))


def _stage(finding: Finding, replay: Replay, text: str) -> Iterator[str]:
    """The parts that *text* needs."""
    library = finding.library
    sleep = f"{library}.sleep"
    yield stage.SHOWN
    yield stage.HOOKS
    yield stage.WATCH.format(seconds=PATIENCE)
    if "made(" in text:
        yield stage.MADE
    for name, part in stage.INNERS.items():
        if name in text:
            yield part.replace("{library}", library)
    rule = finding.rule.id
    if rule in LOOKS:
        yield LOOKS[rule]
    if rule in AROUND:
        scope = "trio.CancelScope" if library == "trio" else "anyio.CancelScope"
        yield AROUND[rule].replace("SCOPE", scope)
        text += " in_a_task("
    if rule == "CO013":
        yield BLOCKING.replace("LIBRARY", library)
    if "set_up(" in text:
        yield stage.SET_UP
    if "opened(" in text:
        yield stage.OPENED
    if "call(" in text:
        plain = not re.search(r"call\((?s:.*?)(cancel|after|hold|passes_on)=", text) and rule != "AI015"
        if plain:
            yield stage.PLAIN_CALL
    if "call(" in text and not plain:
        tickets = "tickets" in replay.uses
        yield stage.MOMENTS.replace("{library}", library) if tickets else stage.NO_MOMENTS
        yield stage.STEPS
        yield stage.CALL
    if "leave(" in text:
        yield stage.LEAVE
    yield stage.TURNS.format(sleep=sleep)
    if "cancelled_body(" in text:
        cancel = "asyncio.current_task().cancel()" if library == "asyncio" else "scope.cancel()"
        part = stage.WAITING_BODY if "cancelled_body()" in text else stage.CANCELLED
        if library == "trio" and "cancelled_body()" in text:
            part = stage.WAITING_BODY_TRIO
        yield part.format(sleep=sleep, cancel=cancel)
    if "in_a_task(" in text or "in_tasks(" in text:
        yield stage.IN_A_TASK_TRIO if library == "trio" else stage.IN_A_TASK_ASYNCIO
    if "in_this_task(" in text:
        yield stage.IN_THIS_TASK
    if library == "asyncio":
        yield stage.TOLD_THE_LOOP


def _start(finding: Finding, *, jumps: bool) -> list[str]:
    if finding.rule.id == "CO012":
        return ["for loop in (1, 2):", f"    {finding.library}.run(main())" if finding.library == "asyncio" else "    trio.run(main)"]
    if finding.library == "trio":
        clock = ", clock=trio.testing.MockClock(autojump_threshold=0)" if jumps else ""
        return [f"trio.run(main{clock})"]
    if jumps:
        return [
            "with asyncio.Runner(loop_factory=JumpingLoop) as runner:",
            "    runner.run(main())",
        ]
    return ["asyncio.run(main())"]
