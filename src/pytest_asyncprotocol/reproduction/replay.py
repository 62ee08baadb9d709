"""What was done in a run, as the lines of a function that does it again."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.recording import Argument, Call, Event, Made, Pause, Scope, Style
from pytest_asyncprotocol.reproduction.ordering import Moment, Order, orders_of
from pytest_asyncprotocol.reproduction.origins import Origins

_OURS = __name__.partition(".")[0]

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
        self._in_order = False
        self.waits = False
        self._events = list(events)
        self._library = library
        self._origins = origins
        self._scopes: dict[int, str] = {}
        self._order: dict[int, Order] = {}
        self._labels: dict[int, str] = {}
        made = [each for each in self._events if isinstance(each, Made)]
        calls = [each for each in self._events if isinstance(each, Call)]
        for each in made:
            self.subjects[each.number] = "subject" if len(made) == 1 else f"subject_{each.number}"
        for call in calls:
            if call.gives is not None:
                self.subjects[call.gives] = f"iterator_{call.gives}"
            several = len({c.subject for c in calls}) > 1
            shown = re.sub(r": cancelled due to explicit from task .*?(?=\)$)", "", call.shown)
            label = f"{self.subjects[call.subject]}: {shown}" if several else shown
            self._labels[id(call)] = label
        self._main = made[0].task if made else 0

    @property
    def duration(self) -> float:
        """How much of the loop's time it took."""
        times = [e.moment for e in self._events if isinstance(e, (Made, Call))]
        times += [e.until for e in self._events if isinstance(e, Call) and e.ended is not None]
        return max(times, default=0.0) - min(times, default=0.0)

    @property
    def names(self) -> list[str]:
        """All that the lines assign."""
        return list(self.subjects.values())

    def lines(self) -> list[str]:
        """The body of ``main()``."""
        if self._overlap():
            if self._ordered:
                self._in_order = True
                calls = [e for e in self._events if isinstance(e, Call)]
                self._order = orders_of([c for c in calls if c.operation != "__aiter__"])
            return list(self._in_tasks())
        return list(self._block(self._events, self._main, None))

    def _overlap(self) -> bool:
        calls = [each for each in self._events if isinstance(each, Call)]
        return any(
            one.task != other.task and one.began < other.began < (one.ended or float("inf"))
            for one in calls
            for other in calls
        )

    # Several tasks at once

    def _in_tasks(self) -> Iterator[str]:
        first = next(i for i, e in enumerate(self._events) if self._meets_another(e))
        yield from self._block(self._events[:first], self._main, None)
        rest = self._events[first:]
        tasks = list(dict.fromkeys(e.task for e in rest if not isinstance(e, Pause)))
        names: list[str] = []
        for number, task in enumerate(tasks, 1):
            own = [each for each in rest if each.task == task]
            names.append(f"task_{number}()")
            yield f"async def task_{number}():"
            yield from _indented([*self._globals(), *self._block(own, task, None)])
            yield ""
        yield f"await in_tasks({', '.join(names)})"

    def _meets_another(self, event: Event) -> bool:
        """Whether *event* is a call of another task, or one during which another one began."""
        if not isinstance(event, Call):
            return False
        end = event.ended or float("inf")
        others = [e for e in self._events if isinstance(e, Call) and e.task != event.task]
        return event.task != self._main or any(event.began < e.began < end for e in others)

    # One task

    def _globals(self) -> list[str]:
        return [f"global {', '.join(self.names)}"] if self.names else []

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
                yield from self._in_other_task(events[place:end], event.task, scope)
            else:
                yield from self._after(events[place:], latest, scope)
                if not isinstance(event, Pause):
                    latest = event.until if isinstance(event, Call) else event.moment
            place = end

    def _in_other_task(
        self, events: Sequence[Event], task: int, scope: Scope | None
    ) -> Iterator[str]:
        yield "async def other_task():"
        yield from _indented([*self._globals(), *self._block(events, task, scope)])
        yield ""
        yield "await in_a_task(other_task())"

    def _after(
        self, events: Sequence[Event], latest: float | None, scope: Scope | None
    ) -> Iterator[str]:
        """The lines for the first of *events*, with the time that passed since *latest*."""
        event = events[0]
        in_its_body = self._is_cancelled_in_its_body(events)
        if isinstance(event, Pause):
            if not in_its_body:
                yield from self._line(event)
            return
        passed = 0 if latest is None else event.moment - latest
        if passed > SHORTEST_WAIT and not in_its_body:
            self.waits = True
            yield f"await {self._library}.sleep({round(passed, 3)})"
        if scope is not None and self._fires_before(scope, event):
            yield from self._fire(scope, event)
        yield from self._line(event)

    def _is_cancelled_in_its_body(self, events: Sequence[Event]) -> bool:
        """Whether a manager is left next by a body that was cancelled, by whomever."""
        call = next((e for e in events if isinstance(e, Call)), None)
        return call is not None and any(each.cancellation for each in call.arguments)

    def _fires_before(self, scope: Scope, event: Event) -> bool:
        """Whether *scope* was cancelled between calls, and *event* is the first one after that."""
        if scope.fired is None or scope.call is not None or not isinstance(event, Call):
            return False
        later = [e for e in self._events[scope.fired :] if isinstance(e, Call)]
        return bool(later) and later[0] is event

    def _fire(self, scope: Scope, event: Event) -> Iterator[str]:
        cancel = self._cancel(scope)
        if isinstance(event, Call) and any(each.cancellation for each in event.arguments):
            yield f"cancelled = await cancelled_body({cancel})"
        else:
            yield f"{cancel}()"

    def _scoped(self, events: Sequence[Event], scope: Scope) -> Iterator[str]:
        number = len(self._scopes) + 1
        name = self._scopes.setdefault(id(scope), f"scope_{number}")
        task = next(each.task for each in events if isinstance(each, Call))
        block = list(self._block(events, task, scope))
        if scope.style.by_scope:
            yield f"with CancelScope() as {name}:"
            yield from _indented(block)
            return
        yield f"async def {name}():"
        yield from _indented([*self._globals(), *block])
        yield ""
        yield f"await in_{'a' if scope.own_task else 'this'}_task({name}())"

    def _cancel(self, scope: Scope) -> str:
        if scope.style.by_scope:
            return f"{self._scopes.get(id(scope), 'scope_1')}.cancel"
        if scope.style is Style.CROSSING:
            return "cancel_with_the_result"
        return "asyncio.current_task().cancel"

    def _line(self, event: Event) -> Iterator[str]:
        if isinstance(event, Made):
            yield from self._made(event)
        elif isinstance(event, Pause):
            yield f"await turns({event.turns})"
        else:
            yield from self._called(event)

    def _made(self, made: Made) -> Iterator[str]:
        name = self.subjects[made.number]
        target = made.target
        if made.declared_as == "wraps":
            inner = self._argument(made.inner) if made.inner is not None else "..."
            yield f"{name} = {self._origins.expression(target)}({inner})"
            return
        yield f"{name} = {self.maker(target)}"

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
            yield from self._opened(call, name)
            return
        line = self._labels[id(call)]
        cancelled = [each for each in call.arguments if each.cancellation]
        scope = call.scope
        fired_before = scope is not None and scope.fired is not None and scope.call is not call
        if cancelled and not fired_before:
            self.waits = True
            yield "cancelled = await waiting_body()"
        function, options = "call", [repr(line), self._begin(call, name)]
        if scope is not None and scope.call is call:
            function = "call_in_steps"
            options += [f"at={scope.suspension}", f"cancel={self._lazy_cancel(scope)}"]
            options += ["closes=True"] * (scope.style is Style.CLOSING)
        if self._in_order:
            function = "call_in_order"
            options += self._meetings(call)
        if call.outcome.endswith("let the cancellation through"):
            options.append("passes_on=True")
        yield self._written(repr(line), f"{function}({', '.join(options)})")

    def _meetings(self, call: Call) -> Iterator[str]:
        order = self._order[id(call)]
        if order.after:
            yield f"after={tuple(map(self._moment, order.after))!r}"
        if order.hold:
            holds = {number: self._moment(each) for number, each in order.hold.items()}
            yield f"hold={holds!r}"

    def _moment(self, moment: Moment) -> tuple[str, int]:
        return self._labels[id(moment.call)], moment.far

    def _lazy_cancel(self, scope: Scope) -> str:
        cancel = self._cancel(scope)
        return f"lambda: {cancel}()" if cancel.startswith("asyncio") else cancel

    def _opened(self, call: Call, name: str) -> Iterator[str]:
        given = "" if call.gives is None else f"{self.subjects[call.gives]} = "
        yield f"{given}opened({name})"

    def _begin(self, call: Call, name: str) -> str:
        if call.operation == "await":
            return f"lambda: {name}"
        arguments = [self._argument(each) for each in call.arguments]
        if call.operation == "__aexit__" and len(arguments) == 3:
            if arguments[1] == "None":
                return f"lambda: {name}.__aexit__(None, None, None)"
            return f"lambda: leave({name}, {arguments[1]})"
        return f"lambda: {name}.{call.operation}({', '.join(arguments)})"

    def _argument(self, argument: Argument) -> str:
        if argument.cancellation:
            return "cancelled"
        for each in argument.names:
            if not each.__module__.startswith(_OURS):
                self._origins.expression(each)
        return argument.text


def _scope_of(event: Event) -> Scope | None:
    return event.scope if isinstance(event, Call) else None


def _end_of(scope: Scope, events: Sequence[Event], place: int) -> int:
    """Where the part of *events* ends that begins at *place* and belongs to *scope*."""
    end = place + 1
    while end < len(events):
        event = events[end]
        later = any(_scope_of(each) is scope for each in events[end:])
        if _scope_of(event) is not scope and (isinstance(event, Call) or not later):
            break
        end += 1
    return end


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines] or ["    pass"]
