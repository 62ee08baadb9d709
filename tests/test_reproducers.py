"""Each violation comes with a script of plain asyncio or trio that shows the fault."""

from __future__ import annotations

import ast
import gc
import io
import os
import re
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pytest_asyncprotocol import Status, Verdict, check
from pytest_asyncprotocol.model.recording import Call
from pytest_asyncprotocol.model.showing import Snippet
from pytest_asyncprotocol.reproduction.parts import parts_for, without_annotations
from pytest_asyncprotocol.reproduction.script import Finding
from pytest_asyncprotocol.snippets import looks, on_asyncio, special_uses
from tests.specimens import Specimen, specimens

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each script runs in a fork")

ROOT = Path(__file__).parents[1]

VIOLATORS = [each for each in specimens() if each.blamed]

AT_ONCE = 100
"""Scripts that run at the same time: those that hang wait for a second."""

SECONDS = 20
"""Real seconds after which a script is given up."""

_NO_ACCOUNT = "asyncio keeps no account of the time-outs and groups that are open"

_AFTERWARDS = "what disturbs the task that entered comes after all calls"

NOT_SHOWN: dict[str, str] = {
    "AG007-yields_in_asyncios_timeout asyncio": _NO_ACCOUNT,
    "AG007-yields_in_asyncios_task_group asyncio": _NO_ACCOUNT,
    "CO015-ForgetsItsTimeout asyncio": _NO_ACCOUNT,
    "CM018-LeavesItsScopeBehind asyncio": _AFTERWARDS,
    "CM018-LeavesItsScopeBehind trio": _AFTERWARDS,
}
"""Specimens whose fault no script shows, and why."""

SHOWN_BY: dict[Snippet | None, str] = {
    special_uses.by_await: r"await -> raised (TypeError|AttributeError)",
    special_uses.by_async_for: r"async for -> raised TypeError|async for: no item",
    special_uses.by_async_with: r"async with -> raised TypeError",
    special_uses.by_anext: r"anext\(\) -> raised TypeError",
    special_uses.by_both_iterations: r"^for: ",
    special_uses.by_other_protocols: r"with gives a",
    special_uses.open_it: r"never awaited|released, subject: False|still alive|nobody could catch",
    special_uses.look_at_its_iterator: (
        r"has __aiter__: False|is the iterator: False|aiter\(iterator\) -> raised"
    ),
    special_uses.look_at_its_methods: r"missing$",
    special_uses.look_for_aclose: r"has aclose\(\): False",
    special_uses.iterate_with_and_without_aiter: (
        r"is it: False|by anext\(\) alone: 'no item'|after that, by aiter"
    ),
    special_uses.make_two_awaitables: (
        r"one awaitable: True|after one that was closed unused: 1|await -> raised"
    ),
    special_uses.ask_for_a_default: r"-> raised \w+|hangs$",
    special_uses.step_by_hand: r"^it yielded to the loop|-> raised",
    special_uses.throw_by_hand: r"throw\(exception\) -> raised TypeError",
    special_uses.interrupt_by_hand: r"left .* suspended|-> raised (AttributeError|TypeError)",
    special_uses.make_in_a_thread: r"no event loop runs -> raised",
    special_uses.drop_unused: r"nobody could catch|never awaited",
    special_uses.drop_used: r"nobody could catch|never awaited",
    special_uses.keep_weakly: r"after gc.collect\(\): True",
    looks.suspensions: r"suspended 0 times|^__anext__ #1 -> returned",
    looks.growth: r"a traceback of",
    looks.variable_seen: r"its caller sees",
    looks.context_seen: r"sees .*'_language': .*en",
    looks.in_a_scope: r"a cancel scope around the call -> raised",
    looks.blocking: r"it blocks the event loop by",
    on_asyncio.in_a_task: r"raised ValueError",
}
"""What shows the fault, by what a script does besides the recorded calls."""

LEFT_BEHIND: dict[str, str] = {
    "AI017": r"aclose #\d.* -> raised|hangs$",
    "CM018": r"-> raised RuntimeError|in a different cancel scope",
    "CO005": (
        r"-> raised RuntimeError: coroutine ignored GeneratorExit|hangs$|released, subject: False"
    ),
    "CO006": r"never awaited",
    "CO007": r"still alive",
    "CO008": r"only the loop is told|nobody could catch",
    "CO016": r"ResourceWarning|nobody could catch|unclosed",
    "CO017": r"__aexit__ #1 -> raised AttributeError|__anext__ #1 -> returned 'working'",
}
"""What shows the fault where it is more than what calls return or raise."""


def reproducible(specimen: Specimen) -> list[Verdict]:
    """The violations of *specimen*, of the rule that it violates."""
    declared = {**specimen.declared, "level": "may"}
    report = check(
        specimen.protocol,
        specimen.factory,
        backends=specimen.backends,
        select=(str(specimen.blamed),),
        **declared,
    )
    return [v for v in report if v.status is Status.VIOLATED]


def started(script: str) -> tuple[int, int]:
    """A fork of this process that runs *script*: its id, and where its output arrives."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    try:
        os.dup2(write, 1)
        sys.stdout = sys.stderr = io.TextIOWrapper(os.fdopen(1, "wb", 0), write_through=True)
        exec(  # noqa: S102
            compile(script, "<reproducer>", "exec"),
            {"__name__": "__main__"},
        )
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def ended(child: int, read: int) -> str:
    """What the fork printed."""
    printed = b""
    while select.select([read], [], [], SECONDS)[0]:
        more = os.read(read, 65536)
        printed += more
        if not more:
            break
    else:
        os.kill(child, signal.SIGKILL)
        printed += b"\nit was given up\n"
    os.close(read)
    os.waitpid(child, 0)
    return printed.decode(errors="replace")


def run_alone(script: str, tmp_path: Path) -> str:
    """What *script* prints in a process of its own."""
    path = tmp_path / "reproducer.py"
    path.write_text(script, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return run.stdout


def outputs(scripts: Iterable[str]) -> Iterator[str]:
    """What each of *scripts* prints."""
    running: list[tuple[int, int]] = []
    for script in scripts:
        running.append(started(script))
        if len(running) == AT_ONCE:
            yield ended(*running.pop(0))
    for each in running:
        yield ended(*each)


def plain(line: str) -> str:
    """*line* without what differs from run to run."""
    line = re.sub(r"^(subject|iterator)_\d+: ", "", line)
    line = re.sub(r": cancelled due to explicit from task [^)]*|_?Inner object", "", line)
    line = re.sub(r"pytest_asyncprotocol[\w.]*\.|__main__\.|<reproducer>\.", "", line)
    line = re.sub(r" at 0x\w+| name='Task-\d+'|<Task '[^']*'>|<Task .*>", "", line)
    return " ".join(line.split())


def finding_of(verdict: Verdict) -> Finding:
    """What the script of *verdict* is made from."""
    return verdict.script.args[0]  # type: ignore[union-attr]


def calls(finding: Finding) -> list[str]:
    """What the calls of the violating run did, a line each."""
    return [e.outcome for e in finding.events if isinstance(e, Call) and e.outcome]


def pattern_for(finding: Finding) -> str | None:
    """What a line that shows the fault matches; None where it is what the calls did."""
    message, shown = finding.message, finding.rule.shown_by
    if " hangs: " in message or "did not end" in message:
        return r"hangs$"
    for snippet in (finding.use, shown.each_call, shown.profiler):
        if snippet in SHOWN_BY:
            return SHOWN_BY[snippet]
    if finding.rule.id in LEFT_BEHIND:
        return LEFT_BEHIND[finding.rule.id]
    told = {
        "released": r"released, subject\w*: False|raised",
        "still alive": "still alive",
        "never awaited": "never awaited",
    }
    return next((pattern for words, pattern in told.items() if words in message), None)


def missing(verdict: Verdict, output: str) -> str:
    """What *output* does not show of the fault."""
    finding = finding_of(verdict)
    lines = [plain(line) for line in output.splitlines()]
    pattern = pattern_for(finding)
    if pattern is not None:
        return "" if any(re.search(pattern, line) for line in lines) else pattern
    if "Traceback" in output:
        return "an end without a traceback"
    recorded = calls(finding)
    if not recorded:
        return "any call"
    for call in recorded[:12]:
        wanted = plain(call).split("…")[0]
        if wanted.startswith("__aiter__"):
            continue
        if not any(line.startswith(wanted[:90]) for line in lines):
            return wanted
    return ""


OF_EACH_KIND = (
    "CO012-SharesALockOfTheFirstLoop", "CO019-StaysInTheRegistry", "CO014-GreetsInAThread",
    "CM015-IsLocked", "AI008-LosesTheItemBehindItsAcknowledgement", "AG007-times_its_second_item",
    "AW010-LoadsForTheFirstOnly", "CO013-SleepsInTheThread", "AI010-EndsAtNothing",
)  # fmt: skip


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_script_stands_alone(name: str, tmp_path: Path) -> None:
    """Nothing that was checked before has left anything behind for it."""
    specimen = next(each for each in VIOLATORS if each.name == name)

    for verdict in reproducible(specimen):
        output = run_alone(verdict.reproducer, tmp_path)
        assert not missing(verdict, output), output


def test_what_passes_has_no_script() -> None:
    """Only a violation can be shown."""
    specimen = next(each for each in VIOLATORS if each.name == "AI005-EndsOnceOnly")
    report = check(specimen.protocol, specimen.factory, **specimen.declared)

    assert all(bool(v.reproducer) == (v.status is Status.VIOLATED) for v in report)


def test_each_library_has_what_its_scripts_need() -> None:
    """What is imported from the module of asyncio is in that of trio too."""
    snippets = ROOT / "src/pytest_asyncprotocol/snippets"
    taken = {
        alias.name
        for name in ("meetings", "looks", "inners", "special_uses")
        for node in ast.parse((snippets / f"{name}.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).endswith(".on_asyncio")
        for alias in node.names
    }

    assert taken
    assert taken <= parts_for("asyncio").definitions.keys()
    assert taken <= parts_for("trio").definitions.keys()


def test_a_part_has_no_annotations() -> None:
    """The rest of it stays as it is laid out."""
    code = """\
def first(
    one: int, *others: str, last: bool = False
) -> None:
    # A comment.
    count: int = 1

    def second(self: "C") -> int: # Another one.
        return (self
                + 1)
"""

    assert without_annotations(code).splitlines() == [
        "def first(one, *others, last=False):",
        "    # A comment.",
        "    count = 1",
        "",
        "    def second(self):",
        "        return (self",
        "                + 1)",
    ]


def test_the_script_of_each_violation_shows_it() -> None:
    """On every backend on which it is found; the script is plain asyncio or trio."""
    found = [(s, v, v.reproducer) for s in VIOLATORS for v in reproducible(s)]
    gc.collect()
    gc.freeze()
    try:
        printed = list(outputs(script for _, _, script in found))
    finally:
        gc.unfreeze()

    assert not [s.name for s, _, script in found if "pytest_asyncprotocol" in script]
    unseen: dict[str, str] = {}
    for (specimen, verdict, _), output in zip(found, printed, strict=True):
        lacks = missing(verdict, output)
        if lacks:
            unseen[f"{specimen.name} {verdict.backend}"] = f"{verdict.message}\n{lacks}\n{output}"
    expected = {key for key in unseen if key in NOT_SHOWN}
    assert not {k: v for k, v in unseen.items() if k not in expected}
    assert set(NOT_SHOWN) == expected
