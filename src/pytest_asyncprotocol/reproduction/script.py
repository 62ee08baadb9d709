"""The script that shows a violation, put together from what was recorded."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.recording import Event
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.reproduction import stage
from pytest_asyncprotocol.reproduction.looks import AROUND, BLOCKING, LOOKS
from pytest_asyncprotocol.reproduction.origins import Origins
from pytest_asyncprotocol.reproduction.remains import NEED_TIME, remains
from pytest_asyncprotocol.reproduction.replay import Replay
from pytest_asyncprotocol.reproduction.special import AT_START, SPECIAL, USES
from pytest_asyncprotocol.reproduction.wrapped import INNERS

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
    replay = Replay(finding.events, library, origins, written, ordered=rule.id != "CO012")
    body, at_start = replay.lines(), ""
    if not body:
        body = ["subject = " + replay.maker(finding.factory)]
        replay.subjects = {1: "subject"}
    if rule.id == "AI017" and "call(" not in "\n".join(body):
        body.append('print("it has aclose():", hasattr(subject, "aclose"))')
    variable = getattr(finding.declared, "sets_context", None) or finding.declared.reads_context
    named = "" if variable is None else origins.expression(variable)
    if finding.declared.reads_context is not None and rule.id == "CO014":
        body.insert(0, f"{named}.set('what its caller has set')")
    if rule.id == "CO013":
        body = ["sys.setprofile(look_for_blocking)", *body, "sys.setprofile(None)"]
    if rule.id in SPECIAL or rule.id in AT_START:
        use = USES[finding.factory.protocol.value]
        replay.subjects = {1: "subject"}
        starts = rule.id in AT_START and "after its use" not in finding.message
        text = "" if starts else SPECIAL.get(rule.id, "")
        text = text.replace("USE", use).replace("sleep(", f"{library}.sleep(")
        text = text.replace(
            "CancelScope", "trio.CancelScope" if library == "trio" else "anyio.CancelScope"
        )
        text = text.replace("SEND", "outcome.Value(None)" if library == "trio" else "None")
        maker = replay.maker(finding.factory)
        body = text.replace("MAKE", maker).strip().splitlines()
        if starts:
            at_start = AT_START[rule.id].replace("MAKE", maker.replace("await ", "")).strip()
    names = [name for name in replay.names if f"{name} = " in "\n".join(body)]
    body += ["", *remains(rule, finding.declared, library, names, origins)]
    parts = "\n".join(_parts(finding, replay, body, at_start)).replace("VARIABLE", named)
    modules = [f"import {name}" for name in _modules(library, parts)]
    head = dict.fromkeys([*modules, *origins.lines()[: origins.imports]])
    rest = origins.lines()[origins.imports :]
    lines = [*_docstring(finding), "", *head, *rest, "", "", parts]
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
    names = (
        "contextvars",
        "outcome",
        "socket",
        "time",
        "anyio",
        "asyncio",
        "gc",
        "inspect",
        "os",
        "re",
        "threading",
        "warnings",
        "weakref",
    )
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
    jumps = replay.duration > SHORT or replay.waits or finding.rule.id in NEED_TIME
    if jumps and library == "asyncio":
        yield stage.JUMPING_LOOP + "\n"
    names = [name for name in replay.names if name in text]
    yield "async def main():"
    if names:
        yield f"    global {', '.join(names)}"
    if library == "asyncio":
        yield "    asyncio.get_running_loop().set_exception_handler(told_the_loop)"
    if finding.rule.id == "CO017" or finding.backend == "asyncio+eager":
        yield "    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)"
    for line in body:
        yield f"    {line}" if line else ""
    yield "\n"
    yield 'if __name__ == "__main__":'
    yield from (
        f"    {line}"
        for line in (
            *at_start.splitlines(),
            "watch.start()",
            *_start(finding, jumps=jumps),
            "watch.cancel()",
        )
    )


def _stage(finding: Finding, replay: Replay, text: str) -> Iterator[str]:
    """The parts that *text* needs."""
    library, rule = finding.library, finding.rule.id
    plain = not re.search(r"call\((?s:.*?)(cancel|after|hold|passes_on)=", text)
    if rule == "AI015":
        plain = False
    moments = stage.MOMENTS if replay.tickets else stage.NO_MOMENTS
    full_call = (moments, stage.STEPS, stage.CALL)
    of_a_body = stage.CANCELLED
    if "cancelled_body()" in text:
        of_a_body = stage.WAITING_BODY_TRIO if library == "trio" else stage.WAITING_BODY
    in_a_task = stage.IN_A_TASK_TRIO if library == "trio" else stage.IN_A_TASK_ASYNCIO
    in_tasks = any(each in text for each in ("in_a_task(", "in_tasks(")) or rule in AROUND
    scope = "trio.CancelScope" if library == "trio" else "anyio.CancelScope"
    parts: list[tuple[bool, str]] = [
        (True, stage.SHOWN),
        (True, stage.HOOKS),
        (True, stage.WATCH.replace("{seconds}", str(PATIENCE))),
        ("made(" in text, stage.MADE),
        *((name in text, part) for name, part in INNERS.items()),
        ("set_up(" in text, stage.SET_UP),
        ("opened(" in text, stage.OPENED),
        ("call(" in text and plain, stage.PLAIN_CALL),
        *(("call(" in text and not plain, part) for part in full_call),
        ("cancel_with_the_result" in text, stage.CROSSING),
        ("leave(" in text, stage.LEAVE),
        (True, stage.TURNS),
        ("cancelled_body(" in text, of_a_body),
        (in_tasks, in_a_task),
        ("in_this_task(" in text, stage.IN_THIS_TASK),
        (rule in LOOKS, LOOKS.get(rule, "")),
        (rule in AROUND, AROUND.get(rule, "").replace("SCOPE", scope)),
        (rule == "CO013", BLOCKING.replace("LIBRARY", library)),
        (library == "asyncio", stage.TOLD_THE_LOOP),
    ]
    for needed, part in parts:
        if needed:
            yield part.replace("{library}", library)


def _start(finding: Finding, *, jumps: bool) -> list[str]:
    if finding.rule.id == "CO012":
        return [
            "for loop in (1, 2):",
            f"    {finding.library}.run(main())"
            if finding.library == "asyncio"
            else "    trio.run(main)",
        ]
    if finding.library == "trio":
        clock = ", clock=trio.testing.MockClock(autojump_threshold=0)" if jumps else ""
        return [f"trio.run(main{clock})"]
    if jumps:
        return [
            "with asyncio.Runner(loop_factory=JumpingLoop) as runner:",
            "    runner.run(main())",
        ]
    return ["asyncio.run(main())"]
