"""What is left when the calls are over, as lines that print it."""

from __future__ import annotations

from pytest_asyncprotocol.model.catalogue import Rule
from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.reproduction.origins import Origins

_ALIVE_ASYNCIO = '''
await turns(20)
if len(asyncio.all_tasks()) > 1:
    await asyncio.sleep(0.2)
for task in asyncio.all_tasks() - {asyncio.current_task()}:
    print(f"still alive: the task running {task.get_coro().__qualname__}")
'''

_ALIVE_TRIO = '''
await turns(20)
own = trio.lowlevel.current_task()
for nursery in own.parent_nursery.parent_task.child_nurseries:
    for task in nursery.child_tasks - {own}:
        if "TrioToken" not in task.name:
            print(f"still alive: the task running {task.name}")
'''

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
    if declared.released is not None and subjects:
        released = origins.expression(declared.released)
        lines += ["await turns(10)"]
        for name in subjects:
            if name.startswith("subject"):
                lines += [
                    f"answer = {released}({name})",
                    "answer = await answer if inspect.isawaitable(answer) else answer",
                    f'print("released, {name}:", bool(answer))',
                ]
    for variable in (declared.reads_context, getattr(declared, "sets_context", None)):
        if variable is not None:
            lines.append(f'print("the variable:", {origins.expression(variable)}.get("unset"))')
    alive = _ALIVE_TRIO if library == "trio" else _ALIVE_ASYNCIO
    lines += alive.strip().splitlines()
    lines += [f"{name} = None" for name in subjects]
    lines += ["gc.collect()", "await turns(2)"]
    return lines
