"""Rules for async generators, beyond those for async iterators."""

from pytest_asyncprotocol.rules.async_generator import clean_up as clean_up
from pytest_asyncprotocol.rules.async_generator import concurrency as concurrency
from pytest_asyncprotocol.rules.async_generator import scopes as scopes
from pytest_asyncprotocol.rules.async_generator import sending as sending
from pytest_asyncprotocol.rules.async_generator import shape as shape
from pytest_asyncprotocol.rules.async_generator import state as state
