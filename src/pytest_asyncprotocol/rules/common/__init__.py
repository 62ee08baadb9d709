"""Rules for all five protocols."""

from pytest_asyncprotocol.rules.common import aftermath as aftermath
from pytest_asyncprotocol.rules.common import cancellation as cancellation
from pytest_asyncprotocol.rules.common import context as context
from pytest_asyncprotocol.rules.common import event_loop as event_loop
from pytest_asyncprotocol.rules.common import garbage as garbage
from pytest_asyncprotocol.rules.common import leaks as leaks
from pytest_asyncprotocol.rules.common import own_cancellation as own_cancellation
from pytest_asyncprotocol.rules.common import use as use
