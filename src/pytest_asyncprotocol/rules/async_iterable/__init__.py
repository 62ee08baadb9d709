"""Rules for async iterables."""

from pytest_asyncprotocol.rules.async_iterable import leaving as leaving
from pytest_asyncprotocol.rules.async_iterable import opening as opening
from pytest_asyncprotocol.rules.async_iterable import passes as passes
from pytest_asyncprotocol.rules.async_iterable import shape as shape
from pytest_asyncprotocol.rules.async_iterable import side_by_side as side_by_side
