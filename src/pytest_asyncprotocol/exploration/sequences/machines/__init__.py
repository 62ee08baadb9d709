"""The model of each protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_asyncprotocol.exploration.sequences.machines.awaitable import AwaitableModel
from pytest_asyncprotocol.exploration.sequences.machines.generator import GeneratorModel
from pytest_asyncprotocol.exploration.sequences.machines.iterable import IterableModel
from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorModel
from pytest_asyncprotocol.exploration.sequences.machines.manager import ManagerModel
from pytest_asyncprotocol.exploration.sequences.running import Model
from pytest_asyncprotocol.model.protocols import Protocol

MODELS: Final[Mapping[Protocol, type[Model]]] = {
    Protocol.AWAITABLE: AwaitableModel,
    Protocol.ASYNC_ITERABLE: IterableModel,
    Protocol.ASYNC_ITERATOR: IteratorModel,
    Protocol.ASYNC_GENERATOR: GeneratorModel,
    Protocol.ASYNC_CONTEXT_MANAGER: ManagerModel,
}
