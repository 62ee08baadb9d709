"""Rules for async iterators, and for async generators, which are async iterators too."""

from pytest_asyncprotocol.rules.async_iterator import awaitables as awaitables
from pytest_asyncprotocol.rules.async_iterator import cancellation as cancellation
from pytest_asyncprotocol.rules.async_iterator import checkpoints as checkpoints
from pytest_asyncprotocol.rules.async_iterator import closing as closing
from pytest_asyncprotocol.rules.async_iterator import concurrency as concurrency
from pytest_asyncprotocol.rules.async_iterator import ending as ending
from pytest_asyncprotocol.rules.async_iterator import errors as errors
from pytest_asyncprotocol.rules.async_iterator import items as items
from pytest_asyncprotocol.rules.async_iterator import shape as shape
