"""What is left when the calls are over, as lines that print it."""

from __future__ import annotations

from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.reproduction.origins import Origins

NEED_TIME = ("CM009", "CM010", "CM011", "CM012", "CO007")
"""Rules about what is left when other tasks had some time."""

_ALIVE_ASYNCIO = """
await turns(20)
if len(asyncio.all_tasks()) > 1:
    await asyncio.sleep(SOME_TIME)
for task in asyncio.all_tasks() - {asyncio.current_task()}:
    print(f"still alive: the task running {task.get_coro().__qualname__}")
"""

_ALIVE_TRIO = """
await turns(20)
await trio.sleep(SOME_TIME)
own = trio.lowlevel.current_task()
for nursery in own.parent_nursery.parent_task.child_nurseries:
    for task in nursery.child_tasks - {own}:
        if "TrioToken" not in task.name:
            print(f"still alive: the task running {task.name}")
"""

_AT_ONCE = ("AG009",)
"""Rules that do not wait for what other tasks release."""

_QUESTIONS = {
    "CO004": 'print("requests to cancel that are left:", asyncio.current_task().cancelling())\n',
}


def remains(
    rule: Rule, declared: Declarations, library: str, subjects: list[str], origins: Origins
) -> list[str]:
    """The lines at the end of ``main()``."""
    lines: list[str] = []
    if library == "asyncio" and rule.id in _QUESTIONS:
        lines += _QUESTIONS[rule.id].splitlines()
    time = "1" if rule.id in NEED_TIME else "0.1"
    alive = _ALIVE_TRIO if library == "trio" else _ALIVE_ASYNCIO
    released_lines = _released(declared, subjects, origins)
    if rule.id in _AT_ONCE:
        lines += released_lines
    lines += alive.replace("SOME_TIME", time).strip().splitlines()
    if rule.id not in _AT_ONCE:
        lines += released_lines
    lines += [f"{name} = None" for name in subjects]
    lines += ["gc.collect()", "await turns(2)"]
    return lines


def _released(declared: Declarations, subjects: list[str], origins: Origins) -> list[str]:
    if declared.released is None:
        return []
    lines: list[str] = []
    released = origins.expression(declared.released)
    for name in subjects:
        if name.startswith("subject"):
            lines += [
                f"answer = {released}({name})",
                "answer = await answer if inspect.isawaitable(answer) else answer",
                f'print("released, {name}:", bool(answer))',
            ]
    return lines
