"""The rules, one async function each. Importing this package fills the catalogue."""

from pytest_asyncprotocol.model.rule import retired
from pytest_asyncprotocol.rules import async_context_manager as async_context_manager
from pytest_asyncprotocol.rules import async_generator as async_generator
from pytest_asyncprotocol.rules import async_iterable as async_iterable
from pytest_asyncprotocol.rules import async_iterator as async_iterator
from pytest_asyncprotocol.rules import awaitable as awaitable
from pytest_asyncprotocol.rules import common as common

retired.update(
    AB010="the factory is checked before any rule, and a wrong one is an error that says so",
    CM021="CM004 says it of every manager, those that are written as generators too",
)
