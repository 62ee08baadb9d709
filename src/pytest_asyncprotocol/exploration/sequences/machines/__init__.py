"""The state machine of each protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_asyncprotocol.exploration.sequences.machines.awaitable import AwaitableMachine
from pytest_asyncprotocol.exploration.sequences.machines.generator import GeneratorMachine
from pytest_asyncprotocol.exploration.sequences.machines.iterable import IterableMachine
from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorMachine
from pytest_asyncprotocol.exploration.sequences.machines.manager import ManagerMachine
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import StateMachine
from pytest_asyncprotocol.model.protocols import Protocol

MACHINES: Final[Mapping[Protocol, type[StateMachine]]] = {
    Protocol.AWAITABLE: AwaitableMachine,
    Protocol.ASYNC_ITERABLE: IterableMachine,
    Protocol.ASYNC_ITERATOR: IteratorMachine,
    Protocol.ASYNC_GENERATOR: GeneratorMachine,
    Protocol.ASYNC_CONTEXT_MANAGER: ManagerMachine,
}
