"""What was done in a run, as the lines of a function that does it again."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.recording import Argument, Call, Event, Made, Pause, Scope, Style
from pytest_asyncprotocol.reproduction.ordering import meetings_of
from pytest_asyncprotocol.reproduction.origins import OURS, Origins

SHORTEST_WAIT = 0.001
"""Seconds of the loop's time between two calls that are worth to be waited for."""


class Replay:
    """Writes the lines; *written* writes each call, from its label and the expression of the call.

    If *ordered*, the calls of several tasks that meet begin and go on where they did in the run
    that was recorded. ``waits`` says that some time has to pass.
    """

    def __init__(
        self,
        events: Sequence[Event],
        library: str,
        origins: Origins,
        written: Callable[[str, str], str],
        *,
        ordered: bool = True,
    ) -> None:
        self.subjects: dict[int, str] = {}
        self._written = written
        self._ordered = ordered
        self.waits = False
        self._events = events
        self._calls = [each for each in events if isinstance(each, Call)]
        self._library = library
        self._origins = origins
        self._scopes: dict[int, str] = {}
        self._meetings: dict[int, list[str]] = {}
        self._labels: dict[int, str] = {}
        made = [each for each in events if isinstance(each, Made)]
        for each in made:
            self.subjects[each.number] = "subject" if len(made) == 1 else f"subject_{each.number}"
        several = len({call.subject for call in self._calls}) > 1
        for call in self._calls:
            if call.gives is not None:
                self.subjects[call.gives] = f"iterator_{call.gives}"
            shown = re.sub(r": cancelled due to explicit from task .*?(?=\)$)", "", call.shown)
            prefix = f"{self.subjects[call.subject]}: " if several else ""
            self._labels[id(call)] = prefix + shown
        self._main = made[0].task if made else 0

    @property
    def duration(self) -> float:
        """How much of the loop's time it took."""
        times = [e.moment for e in self._events if isinstance(e, (Made, Call))]
        times += [call.until for call in self._calls if call.ended is not None]
        return max(times, default=0.0) - min(times, default=0.0)

    @property
    def names(self) -> list[str]:
        """All that the lines assign."""
        return list(self.subjects.values())

    def lines(self) -> list[str]:
        """The body of ``main()``."""
        if any(map(self._is_met, self._calls)):
            if self._ordered:
                awaited = [call for call in self._calls if call.operation != "__aiter__"]
                self._meetings = meetings_of(awaited, self._labels)
            return list(self._in_tasks())
        return list(self._block(self._events, self._main, None))

    def _is_met(self, call: Call) -> bool:
        """Whether a call of another task began during *call*."""
        end = call.ended or float("inf")
        return any(c.task != call.task and call.began < c.began < end for c in self._calls)

    # Several tasks at once

    def _in_tasks(self) -> Iterator[str]:
        meets = next(c for c in self._calls if c.task != self._main or self._is_met(c))
        first = self._events.index(meets)
        yield from self._block(self._events[:first], self._main, None)
        rest = self._events[first:]
        tasks = dict.fromkeys(e.task for e in rest if not isinstance(e, Pause))
        names = [f"task_{number}" for number in range(1, len(tasks) + 1)]
        for name, task in zip(names, tasks, strict=True):
            own = [each for each in rest if each.task == task]
            yield from self._function(name, self._block(own, task, None))
        yield f"await in_tasks({', '.join(f'{name}()' for name in names)})"

    # One task

    def _function(self, name: str, body: Iterable[str]) -> Iterator[str]:
        assigned = [f"global {', '.join(self.names)}"] if self.names else []
        yield f"async def {name}():"
        yield from indented([*assigned, *body])
        yield ""

    def _block(self, events: Sequence[Event], task: int, scope: Scope | None) -> Iterator[str]:
        """The lines for *events* of one *task*, inside of *scope*."""
        place = 0
        latest: float | None = None
        while place < len(events):
            event = events[place]
            inner = _scope_of(event)
            end = place + 1
            if inner is not None and inner is not scope:
                end = _end_of(inner, events, place)
                yield from self._scoped(events[place:end], inner)
            elif event.task != task and not isinstance(event, Pause):
                while end < len(events) and events[end].task == event.task:
                    end += 1
                block = self._block(events[place:end], event.task, scope)
                yield from self._function("other_task", block)
                yield "await in_a_task(other_task())"
            else:
                yield from self._after(events[place:], latest, scope)
                if not isinstance(event, Pause):
                    latest = event.until if isinstance(event, Call) else event.moment
            place = end

    def _after(
        self, events: Sequence[Event], latest: float | None, scope: Scope | None
    ) -> Iterator[str]:
        """The lines for the first of *events*, with the time that passed since *latest*."""
        event, call = events[0], next((e for e in events if isinstance(e, Call)), None)
        in_its_body = call is not None and _leaves_cancelled_body(call)
        if isinstance(event, Pause):
            if not in_its_body:
                yield f"await turns({event.turns})"
            return
        passed = 0 if latest is None else event.moment - latest
        if passed > SHORTEST_WAIT and not in_its_body:
            self.waits = True
            yield f"await {self._library}.sleep({round(passed, 3)})"
        if scope is not None and self._fires_before(scope, event):
            cancel = self._cancel(scope)
            yield f"cancelled = await cancelled_body({cancel})" if in_its_body else f"{cancel}()"
        yield from self._called(event) if isinstance(event, Call) else self._made(event)

    def _fires_before(self, scope: Scope, event: Event) -> bool:
        """Whether *scope* was cancelled between calls, and *event* is the first one after that."""
        if scope.fired is None or scope.call is not None:
            return False
        return event is next((e for e in self._events[scope.fired :] if isinstance(e, Call)), None)

    def _scoped(self, events: Sequence[Event], scope: Scope) -> Iterator[str]:
        name = self._scopes.setdefault(id(scope), f"scope_{len(self._scopes) + 1}")
        task = next(each.task for each in events if isinstance(each, Call))
        block = self._block(events, task, scope)
        if scope.style.by_scope:
            yield f"with CancelScope() as {name}:"
            yield from indented([*block])
        else:
            yield from self._function(name, block)
            yield f"await in_{'a' if scope.own_task else 'this'}_task({name}())"

    def _cancel(self, scope: Scope) -> str:
        if scope.style.by_scope:
            return f"{self._scopes.get(id(scope), 'scope_1')}.cancel"
        if scope.style is Style.CROSSING:
            return "cancel_with_the_result"
        return "asyncio.current_task().cancel"

    def _made(self, made: Made) -> Iterator[str]:
        name = self.subjects[made.number]
        if made.declared_as == "wraps":
            inner = self._argument(made.inner) if made.inner is not None else "..."
            yield f"{name} = {self._origins.expression(made.target)}({inner})"
        else:
            yield f"{name} = {self.maker(made.target)}"

    def maker(self, target: Any) -> str:
        """What makes a subject, as source."""
        if not isinstance(target, Factory):
            return f"{self._origins.expression(target)}()"
        call, factory = self.factory_call(target), target.target
        if target.yields:
            return f"await set_up({call})"
        if target.awaits or (
            not target.is_instance
            and target.protocol is not Protocol.AWAITABLE
            and not isinstance(factory, type)
            and (inspect.iscoroutinefunction(factory) or not inspect.isfunction(factory))
        ):
            return f"await made({call})"
        return call

    def factory_call(self, factory: Factory) -> str:
        """The call of *factory* alone, as source; of an instance, the instance."""
        made = self._origins.expression(factory.target)
        return made if factory.is_instance else f"{made}()"

    def _called(self, call: Call) -> Iterator[str]:
        name = self.subjects[call.subject]
        if call.operation == "__aiter__":
            given = "" if call.gives is None else f"{self.subjects[call.gives]} = "
            yield f"{given}opened({name})"
            return
        line, scope = repr(self._labels[id(call)]), call.scope
        fired_before = scope is not None and scope.fired is not None and scope.call is not call
        if _leaves_cancelled_body(call) and not fired_before:
            self.waits = True
            yield "cancelled = await waiting_body()"
        function, options = "call", [line, self._begin(call, name)]
        if scope is not None and scope.call is call:
            cancel = self._cancel(scope)
            begin_cancel = f"lambda: {cancel}()" if cancel.startswith("asyncio") else cancel
            function = "call_in_steps"
            options += [f"at={scope.suspension}", f"cancel={begin_cancel}"]
            options += ["closes=True"] * (scope.style is Style.CLOSING)
        if self._meetings:
            function = "call_in_order"
            options += self._meetings[id(call)]
        if call.outcome.endswith("let the cancellation through"):
            options.append("passes_on=True")
        yield self._written(line, f"{function}({', '.join(options)})")

    def _begin(self, call: Call, name: str) -> str:
        if call.operation == "await":
            return f"lambda: {name}"
        arguments = [self._argument(each) for each in call.arguments]
        if call.operation == "__aexit__" and len(arguments) == 3 and arguments[1] != "None":
            return f"lambda: leave({name}, {arguments[1]})"
        return f"lambda: {name}.{call.operation}({', '.join(arguments)})"

    def _argument(self, argument: Argument) -> str:
        if argument.cancellation:
            return "cancelled"
        for each in argument.names:
            if not each.__module__.startswith(OURS):
                self._origins.expression(each)
        return argument.text


def _leaves_cancelled_body(call: Call) -> bool:
    return any(each.cancellation for each in call.arguments)


def _scope_of(event: Event) -> Scope | None:
    return event.scope if isinstance(event, Call) else None


def _end_of(scope: Scope, events: Sequence[Event], place: int) -> int:
    """Where the part of *events* ends that begins at *place* and belongs to *scope*."""
    for end, event in enumerate(events[place + 1 :], place + 1):
        later = any(_scope_of(each) is scope for each in events[end:])
        if _scope_of(event) is not scope and (isinstance(event, Call) or not later):
            return end
    return len(events)


def indented(lines: Sequence[str]) -> list[str]:
    """*lines* as the body of a block."""
    return [f"    {line}" if line else "" for line in lines] or ["    pass"]
