"""Whether changes of the rules are noticed: all that Cosmic Ray can think of, in a few minutes.

``python .ci/mutants.py SESSION`` runs what is not yet run of a session of Cosmic Ray, and prints
the mutants that survive. A mutant is put in the place of its module in a forked process, so nothing
is written to the source, and nothing is imported again but the rules.

A mutant is noticed if the pages of the rules are not as they are written, or if a specimen shows
something else than without it: which rules of the module are violated, pass or find nothing to
judge, and of its own rule the message and how far it went.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import (
    MutationSpec,
    TestOutcome,
    WorkerOutcome,
    WorkItem,
    WorkResult,
)

if TYPE_CHECKING:
    from pytest_asyncprotocol import Verdict
    from tests.specimens import Specimen

ROOT = Path(__file__).parents[1]
RULES = "pytest_asyncprotocol.rules"
SECONDS = 120
"""As long may a mutant take; one that hangs is noticed."""
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]


def rules_with(path: Path) -> list[str]:
    """The ids of the rules in a module, and then of those in modules that import from it."""
    importing = f"from {name_of(path)} import"
    texts = [each.read_text(encoding="utf-8") for each in (ROOT / "src").rglob("rules/*/*.py")]
    own = (ROOT / path).read_text(encoding="utf-8")
    return [
        rule for text in (own, *texts) if text is own or importing in text for rule in _ids(text)
    ]


def _ids(text: str) -> list[str]:
    lines = text.replace("@rule(\n    ", "@rule(").splitlines()
    return [line.split('"')[1] for line in lines if line.startswith('@rule("')]


def name_of(path: Path) -> str:
    """The name of the module in a file."""
    return ".".join(path.with_suffix("").parts[1:])


Shown = dict[tuple[str, str], str]
"""What became of each rule on each backend."""

usual: dict[str, Shown] = {}
"""What each specimen shows without a mutant."""

HAVE_THREADS = {"CO011", "CO018"}
"""Rules that use threads themselves."""


def shown(specimen: Specimen, select: Iterable[str] = ()) -> Shown:
    """What became of the rules that judged *specimen*, without sequences.

    Backends are left out where threads or sockets had a part, which are ready by chance.
    """
    from pytest_asyncprotocol import Status, check

    judged = (Status.VIOLATED, Status.PASSED, Status.VACUOUS)
    keywords: dict[str, Any] = {"select": [*select]} if select else {}
    keywords = {**keywords, **specimen.declared, "examples": 0, "backends": specimen.backends}
    # Texts are other objects than those in the rules, as they are when read from a file.
    keywords = {name: _copied(value) for name, value in keywords.items()}
    report = check(specimen.protocol, specimen.factory, **keywords)
    opened = {v.backend for v in report if v.coverage.opened and _id(v) not in HAVE_THREADS}
    return {
        (_id(v), v.backend): f"{v.status.value} {v.message or v.coverage}"
        if _id(v) == specimen.rule
        else v.status.value
        for v in report
        if v.status in judged and v.backend not in opened
    }


def _id(verdict: Verdict) -> str:
    return verdict.name.split()[0]


def _shown_by(number: int) -> Shown:
    from tests.specimens import specimens

    return shown(specimens()[number])


def differences(rules: list[str]) -> Iterator[str]:
    """What is not as it should be: of the pages, of the specimens of *rules*, of all others."""
    from docs import generate
    from pytest_asyncprotocol.catalogue import catalogue
    from pytest_asyncprotocol.model.rule import Level
    from tests.specimens import specimens

    for name, page in generate.pages().items():
        if (generate.RULES / name).read_text(encoding="utf-8") != page:
            yield name
    judged = {protocol for rule in rules for protocol in catalogue()[rule].protocols}
    for each in sorted(specimens(), key=lambda specimen: specimen.rule not in rules):
        if each.protocol not in judged:
            continue
        wanted = [r for r in rules if "level" in each.declared or catalogue()[r].level != Level.MAY]
        found = shown(each, [*wanted, "CO020"])
        for key in usual[each.name].keys() | found.keys():
            if key[0] in rules and found.get(key) != usual[each.name].get(key):
                yield f"{each.name}: {key}: {found.get(key)}"


def _copied(value: Any) -> Any:
    """An equal text that is another object, or such texts; anything else as it is."""
    if isinstance(value, str):
        return "".join(list(value))
    if isinstance(value, tuple) and all(isinstance(each, str) for each in value):
        return tuple(map(_copied, value))
    return value


class Mutated(MetaPathFinder, Loader):
    """Imports one module from another text than that of its file."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """Where the one module is found."""
        if fullname != name_of(self.path):
            return None
        return spec_from_file_location(fullname, ROOT / self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the other text as the module."""
        exec(compile(self.text, ROOT / self.path, "exec"), module.__dict__)  # noqa: S102


def mutated(mutation: MutationSpec) -> str:
    """The text of the module with the mutation in it."""
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    text = (ROOT / mutation.module_path).read_text(encoding="utf-8")
    return mutate_code(text, operator, mutation.occurrence) or text


def judge(path: Path, text: str) -> str | None:
    """What is the first that differs, if the rules have another text at *path*."""
    from pytest_asyncprotocol.model import rule

    rule.registered.clear()
    for name in [name for name in sys.modules if name.startswith(RULES)]:
        del sys.modules[name]
    sys.meta_path.insert(0, Mutated(path, text))
    return next(differences(rules_with(path)), None)


def run(work: Iterable[WorkItem]) -> Iterator[tuple[WorkItem, str]]:
    """Each item with what was first noticed, or nothing; at a time as many as processors."""
    running: dict[int, tuple[WorkItem, int]] = {}
    for item in work:
        if len(running) == (os.cpu_count() or 1):
            yield _ended(running)
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            _judge_and_exit(item.mutations[0], writing)
        os.close(writing)
        running[process] = item, reading
    while running:
        yield _ended(running)


def _judge_and_exit(mutation: MutationSpec, writing: int) -> NoReturn:
    """What the forked process does: write what differs, and exit with 1 if anything does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    signal.alarm(SECONDS)
    try:
        said = judge(mutation.module_path, mutated(mutation))
    except BaseException as error:  # a mutant that can't be imported
        said = repr(error)
    if said:
        os.write(writing, said.encode()[:4000])
    os._exit(1 if said else 0)


def _ended(running: dict[int, tuple[WorkItem, int]]) -> tuple[WorkItem, str]:
    """The item of the process that ends next, and what it said."""
    process, status = os.wait()
    item, reading = running.pop(process)
    exit_code = os.waitstatus_to_exitcode(status)
    said = os.read(reading, 4000).decode(errors="replace") if exit_code == 1 else ""
    os.close(reading)
    return item, said or ("" if exit_code == 0 else f"exit code {exit_code}")


def line_of(item: WorkItem) -> str:
    """A line of the table of the mutants: module, line, mutant."""
    path = item.mutations[0].module_path
    before = (ROOT / path).read_text(encoding="utf-8").splitlines()
    after = mutated(item.mutations[0]).splitlines()
    differs = [n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other]
    number = differs[0] if differs else len(before) - 1
    cells = [before[number].strip(), after[number].strip()]
    name = path.relative_to("src/pytest_asyncprotocol/rules")
    return " | ".join([f"`{name}`", *(f"`{cell}`".replace("|", r"\|") for cell in cells)])


def unchanged(path: Path) -> WorkItem:
    """A mutant of the module that is none."""
    nowhere = MutationSpec(path, "core/NumberReplacer", -1, (0, 0), (0, 1))
    return WorkItem.single("unchanged", nowhere)


def main(session: str) -> None:
    """Run what is not yet run, and print what survives."""
    from tests.specimens import specimens

    names = [each.name for each in specimens()]
    with get_context("fork").Pool() as pool:
        usual.update(zip(names, pool.map(_shown_by, range(len(names))), strict=True))
    with use_db(session, WorkDB.Mode.open) as db:
        work = list(db.pending_work_items)
        modules = {item.mutations[0].module_path for item in work}
        for item, said in run(map(unchanged, modules)):
            if said:
                sys.exit(f"{item.mutations[0].module_path} differs before it is changed: {said}")
        for number, (item, said) in enumerate(run(work), 1):
            outcome = TestOutcome.KILLED if said else TestOutcome.SURVIVED
            db.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, said, outcome))
            print(f"{number}/{len(work)} {outcome.value}: {line_of(item)}: {said}", flush=True)
        ran = {job: result for job, result in db.results if result.test_outcome}
        survived = [i for i in db.work_items if i.job_id in ran and not ran[i.job_id].is_killed]
    print(*sorted(f"| {line_of(item)} |" for item in survived), sep="\n")
    print(f"{len(ran) - len(survived)} of {len(ran)} mutants were killed")


if __name__ == "__main__":
    main(sys.argv[1])
