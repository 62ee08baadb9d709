"""Rules for async context managers."""

from pytest_asyncprotocol.rules.async_context_manager import body_errors as body_errors
from pytest_asyncprotocol.rules.async_context_manager import cancellation as cancellation
from pytest_asyncprotocol.rules.async_context_manager import ending as ending
from pytest_asyncprotocol.rules.async_context_manager import entering as entering
from pytest_asyncprotocol.rules.async_context_manager import generators as generators
from pytest_asyncprotocol.rules.async_context_manager import other_protocols as other_protocols
from pytest_asyncprotocol.rules.async_context_manager import passing_on as passing_on
from pytest_asyncprotocol.rules.async_context_manager import reuse as reuse
from pytest_asyncprotocol.rules.async_context_manager import shape as shape
from pytest_asyncprotocol.rules.async_context_manager import tasks as tasks
