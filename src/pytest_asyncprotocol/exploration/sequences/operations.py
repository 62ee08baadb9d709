"""The operations of a state machine, and the sequences that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import KW_ONLY, dataclass, field
from inspect import isfunction
from typing import Any, TypeVar

from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.subject import Subject

Method = Callable[..., Coroutine[Any, Any, None]]
M = TypeVar("M", bound=Method)

Condition = Callable[[Declarations, Subject], bool | None]


def _always(declared: Declarations, subject: Subject) -> bool:
    del declared, subject
    return True


@dataclass(eq=False, slots=True)
class Operation:
    """Makes a method of a state machine one of its operations.

    Args:
        name: What messages call it; the words of the method's name if it is left out.
        plain: Whether it is the operation that comes between all others.
        weight: How often it stands among the steps to draw from.
        cancel_at: The suspensions that it is cancelled at in further steps. The method takes the
            suspension as ``at``, which is 0 where it is not cancelled.
        concurrent: Whether several tasks carry it out.
        hangs: The rule that forbids it to hang; left out where the machine's state decides.
        hangs_cancelled: The rule that forbids it to hang when it is cancelled itself.
        when: Whether it makes sense for what is declared, and for a subject.
    """

    name: str = ""
    _: KW_ONLY
    plain: bool = False
    weight: int = 1
    cancel_at: tuple[int, ...] = ()
    concurrent: bool = False
    hangs: str = ""
    hangs_cancelled: str = ""
    when: Condition = _always
    method: Method = field(init=False)

    def __call__(self, method: M) -> M:
        """Give *method* back as it is."""
        self.method = method
        self.name = self.name or method.__name__.replace("_", " ")
        _operations[method] = self
        return method

    @property
    def steps(self) -> OperationSequence:
        """The steps to draw from, each as often as it weighs."""
        cancelled = tuple(Step(self, at) for at in self.cancel_at)
        return (Step(self),) * self.weight + cancelled


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence; ``cancelled_at`` is the suspension to cancel it at, 0 for none."""

    operation: Operation
    cancelled_at: int = 0

    def __str__(self) -> str:
        if not self.cancelled_at:
            return self.operation.name
        return f"{self.operation.name} (cancelled at suspension {self.cancelled_at})"

    @property
    def hangs(self) -> str:
        """The rule that forbids it to hang; empty if the state of the machine decides."""
        cancelled = self.operation.hangs_cancelled if self.cancelled_at else ""
        return cancelled or self.operation.hangs

    async def carry_out(self, machine: object) -> None:
        """Carry out the operation on *machine*.

        Raises:
            Forbidden: its outcome is not allowed.
        """
        arguments = (self.cancelled_at,) if self.cancelled_at else ()
        await self.operation.method(machine, *arguments)


OperationSequence = tuple[Step, ...]

_operations: dict[Method, Operation] = {}


def operations_of(body: type) -> tuple[Operation, ...]:
    """The operations in the body of a class, in their order there."""
    methods = filter(isfunction, vars(body).values())
    return tuple(_operations[each] for each in methods if each in _operations)
