"""Without trio, what needs it says so, and nothing is silently left out."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from pytest_asyncprotocol import ConformanceError, Status, assert_async_iterator, check

MISSING = "the backend trio needs trio, which is not installed: run `pip install 'anyio[trio]'`"

DECORATED = """
from pytest_asyncprotocol import conformance

class Ticker:
    def __init__(self):
        self.left = [0, 1, 2]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

@conformance.async_iterator(items=[0, 1, 2])
def test_it():
    return Ticker()
"""


class Ticker:
    """Counts to three."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


def test_trio_is_not_installed() -> None:
    """These tests prove something only where trio is absent."""
    assert find_spec("trio") is None


def test_an_assertion_fails_and_says_what_is_missing() -> None:
    """By default trio is among the backends, so an assertion can't pass without it."""
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(Ticker, items=[0, 1, 2])

    assert MISSING in str(caught.value)


def test_the_backend_that_is_missing_is_one_error() -> None:
    """All rules are still judged on asyncio, and trio has one verdict, an error."""
    alone = check("async_iterator", Ticker, items=[0, 1, 2], backends=("asyncio",))
    report = check("async_iterator", Ticker, items=[0, 1, 2])

    on_trio = [verdict for verdict in report if verdict.backend == "trio"]

    assert [verdict.status for verdict in on_trio] == [Status.ERROR]
    assert MISSING in on_trio[0].message
    assert len(report) == len(alone) + 1
    assert report.failures == tuple(on_trio)


def test_without_that_backend_it_passes() -> None:
    """The way out that the message names works."""
    report = assert_async_iterator(Ticker, items=[0, 1, 2], backends=("asyncio",))

    assert {verdict.backend for verdict in report} == {"asyncio"}


def test_a_decorated_test_fails_and_says_what_is_missing(pytester: pytest.Pytester) -> None:
    """No item of the backend that is missing passes, is skipped, or is left out unsaid."""
    pytester.makepyfile(DECORATED)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*the backend trio needs trio, which is not installed*"])


def test_a_decorated_test_passes_without_that_backend(pytester: pytest.Pytester) -> None:
    """Named backends that are there are all that is needed."""
    pytester.makepyfile(DECORATED)

    result = pytester.runpytest_subprocess("--asyncprotocol-backends=asyncio")

    assert result.ret == pytest.ExitCode.OK


def test_the_plugin_loads(pytester: pytest.Pytester) -> None:
    """A project that uses nothing of the plugin never notices."""
    pytester.makepyfile("def test_it():\n    pass")

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=1)
