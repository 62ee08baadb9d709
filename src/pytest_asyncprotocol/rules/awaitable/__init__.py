"""Rules for awaitables."""

from pytest_asyncprotocol.rules.awaitable import delegation as delegation
from pytest_asyncprotocol.rules.awaitable import result as result
from pytest_asyncprotocol.rules.awaitable import shape as shape
from pytest_asyncprotocol.rules.awaitable import sharing as sharing
