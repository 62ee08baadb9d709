"""The model of each protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_asyncprotocol.exploration.awaitable_model import AwaitableModel
from pytest_asyncprotocol.exploration.generator_model import GeneratorModel
from pytest_asyncprotocol.exploration.iterable_model import IterableModel
from pytest_asyncprotocol.exploration.iterator_model import IteratorModel
from pytest_asyncprotocol.exploration.manager_model import ManagerModel
from pytest_asyncprotocol.exploration.sequences import Model
from pytest_asyncprotocol.model.protocols import Protocol

MODELS: Final[Mapping[Protocol, type[Model]]] = {
    Protocol.AWAITABLE: AwaitableModel,
    Protocol.ASYNC_ITERABLE: IterableModel,
    Protocol.ASYNC_ITERATOR: IteratorModel,
    Protocol.ASYNC_GENERATOR: GeneratorModel,
    Protocol.ASYNC_CONTEXT_MANAGER: ManagerModel,
}
