"""Rules for async context managers."""

from pytest_asyncprotocol.rules.async_context_manager import cancellation as cancellation
from pytest_asyncprotocol.rules.async_context_manager import entering as entering
from pytest_asyncprotocol.rules.async_context_manager import exceptions as exceptions
from pytest_asyncprotocol.rules.async_context_manager import generators as generators
from pytest_asyncprotocol.rules.async_context_manager import reuse as reuse
from pytest_asyncprotocol.rules.async_context_manager import shape as shape
from pytest_asyncprotocol.rules.async_context_manager import tasks as tasks
