"""The rules, one async function each. Importing this package fills the catalogue."""

from pytest_asyncprotocol.rules import async_iterator as async_iterator
from pytest_asyncprotocol.rules import common as common
