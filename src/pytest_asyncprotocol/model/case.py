"""What a rule is given: fresh subjects, the author's declarations, and the loop."""

from __future__ import annotations

import typing
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.exceptions import NotApplicable, NoVerdict
from pytest_asyncprotocol.model.factory import Factory, TearDown, expect_fresh
from pytest_asyncprotocol.model.identity import identity_of, noting_makers
from pytest_asyncprotocol.model.protocols import Protocol, is_coroutine_like
from pytest_asyncprotocol.model.recording import Argument, new_log
from pytest_asyncprotocol.model.subject import Loop, Subject, discard
from pytest_asyncprotocol.model.text import describe_exception, name_of, source_of


class Record(typing.Protocol):
    """What was noticed in the whole process since a mark."""

    def mark(self) -> int:
        """The state of the record."""
        ...

    def since(self, mark: int) -> list[str]:
        """The coroutines that were made since and never awaited."""
        ...

    def mark_mishaps(self) -> int:
        """The state of the record of mishaps."""
        ...

    def mishaps_since(self, mark: int) -> list[str]:
        """The resources that were left open since, and the errors nobody could catch."""
        ...

    def lost_errors(self, library: str) -> AbstractContextManager[Callable[[], list[str]]]:
        """A function that tells the errors in this block which reached nobody but a log."""
        ...


class Case:
    """One rule at one kind of subject on one backend.

    ``declared`` holds the author's declarations, ``library`` names the event loop's library,
    ``log`` what was done in the run that is under way, or was the last; ``closing`` says that
    `tear_down` closes what a run left open.
    """

    def __init__(
        self,
        factory: Factory,
        declared: Declarations,
        *,
        library: str,
        loop: Loop,
        instance: Subject | None = None,
        recorder: Record | None = None,
    ) -> None:
        self.protocol: Protocol = factory.protocol
        self.declared = declared
        self.library = library
        self.loop = loop
        self.recorder = recorder
        self.log = new_log() if instance is None else instance.log
        self.runs = 0
        self.points = 0
        self.closing = False
        self._factory = factory
        self._instance = instance
        self._subjects: list[Subject] = []
        self._tear_downs: list[TearDown] = []
        self._making = False

    @property
    def is_instance(self) -> bool:
        """Whether there is but the one instance that the author gave."""
        return self._instance is not None

    async def fresh(self) -> Subject:
        """A fresh subject; where the author gave an instance, that one.

        Raises:
            NoVerdict: the factory failed.
        """
        if self._instance is not None:
            self.runs = 1
            self._subjects = [self._instance]
            return self._instance
        self._making = True
        made, tear_down = await self._factory.make()
        self._making = False
        if tear_down is not None:
            self._tear_downs.append(tear_down)
        self.runs += 1
        return self.adopt(made, self._factory)

    def make_at_once(self) -> None:
        """Call the factory, in whichever thread this is called, and let go of what it gives.

        Raises:
            NotApplicable: the factory is one that has to be awaited, or sets something up.
        """
        if self._factory.awaits or self._factory.yields:
            raise NotApplicable("its factory needs a loop")
        made = self._factory.target()
        if is_coroutine_like(made):
            discard(made)
            if self.protocol is not Protocol.AWAITABLE:
                raise NotApplicable("its factory needs a loop")

    async def fresh_of(self, name: str) -> Subject:
        """A fresh subject of the factory that the author declared as *name*, as ``failing=``.

        Raises:
            NotApplicable: the author declared none.
            NoVerdict: the factory failed.
        """
        make = getattr(self.declared, name)
        if make is None:
            raise NotApplicable(f"{name}= was not declared")
        made, _ = await Factory(make, self.protocol).make()
        self.runs += 1
        return self.adopt(made, make, name)

    def wrapping(self, inner: Any, source: Argument | None = None) -> Subject:
        """What the author's ``wraps=`` makes of *inner*, which a script makes by *source*.

        Raises:
            NotApplicable: ``wraps=`` was not declared.
            NoVerdict: it failed.
        """
        if self.declared.wraps is None:
            raise NotApplicable("wraps= was not declared")
        try:
            wrapped = self.declared.wraps(inner)
        except BaseException as error:
            discard(inner)
            raise NoVerdict(f"wraps= raised {describe_exception(error)}") from error
        self.runs += 1
        return self.adopt(wrapped, self.declared.wraps, "wraps", source)

    async def prove_factory(self) -> tuple[str, str | None, list[str]]:
        """Prove that the factory works here: a new object each time, of the right kind.

        Gives the name of what it makes, where that is defined, and its identities.

        Raises:
            NoVerdict: it does not; the message says what to write instead.
        """
        with noting_makers() as makers_of:
            first = await self.fresh()
            identities = [identity_of(first.object), *makers_of(first.object)]
        second = await self.fresh()
        try:
            expect_fresh(self._factory, first.object, second.object)
            source = source_of(first.object) or self._factory.source
            return name_of(first.object), source, identities
        finally:
            await self.tear_down()

    def adopt(
        self, made: Any, target: Any = None, declared_as: str = "", inner: Argument | None = None
    ) -> Subject:
        """Record the calls of *made*, an object that the author's *target* has just given."""
        number = self.log.made(target, declared_as, self.loop.task(), self.loop.now(), inner)
        subject = Subject(made, self.loop, self.log, number)
        self._subjects.append(subject)
        return subject

    async def tear_down(self, *, closing: bool = True) -> None:
        """End what the subjects of this run left open, and the author's own set-up.

        Not *closing* leaves the subjects alone, as after a hang.

        Raises:
            NoVerdict: the author's tear-down failed.
        """
        self.log.over()
        subjects, self._subjects = self._subjects, []
        tear_downs, self._tear_downs = self._tear_downs, []
        if closing and self._instance is None:
            self.closing = True
            for subject in subjects:
                for each in (*subject.derived, subject):
                    await _end(each)
            self.closing = False
        for tear_down in reversed(tear_downs):
            try:
                await tear_down()
            except NoVerdict:
                raise
            except Exception as error:
                tear_down_of = f"the tear-down of the factory {self._factory.name}"
                raise NoVerdict(f"{tear_down_of} raised {describe_exception(error)}") from error

    def trace(self) -> tuple[str, ...]:
        """The calls of this run, in the order of its subjects."""
        traces = [(s.trace, s.in_progress) for s in self._subjects if s.trace or s.in_progress]
        lines: list[str] = []
        for number, (trace, in_progress) in enumerate(traces, 1):
            if len(traces) > 1:
                lines.append(f"subject {number} of {len(traces)}:")
            lines.extend(_shortened(trace))
            if in_progress is not None:
                lines.append(f"{in_progress} -> did not end")
        return tuple(lines)

    def stalled(self) -> str | None:
        """What did not end, now that the check was given up; ``the factory`` if it was that."""
        if self._making:
            return "the factory"
        for subject in self._subjects:
            for each in (*subject.derived, subject):
                each.stalled()
                if each.in_progress or each.cancelled_in:
                    return each.in_progress or each.cancelled_in
        return None


def _shortened(trace: list[str]) -> list[str]:
    if len(trace) <= 12:
        return trace
    return [*trace[:3], f"... {len(trace) - 12} more calls ...", *trace[-9:]]


async def _end(subject: Subject) -> None:
    """Close what was left open, or was never used; an error is for the rules about closing."""
    if is_coroutine_like(subject.object):
        discard(subject.object)
    elif subject.has("aclose") and (subject.special("__anext__") or not subject.trace):
        await subject.aclose()
