"""Rules for async iterators, and for async generators, which are async iterators too."""

from pytest_asyncprotocol.rules.async_iterator import cancellation as cancellation
from pytest_asyncprotocol.rules.async_iterator import closing as closing
from pytest_asyncprotocol.rules.async_iterator import ending as ending
from pytest_asyncprotocol.rules.async_iterator import shape as shape
