"""What CO020 says of a subject that cannot be used as its protocol says."""

from __future__ import annotations

from pytest_asyncprotocol import check
from tests.specimens.common.use import Fails, SetsUpInAiter
from tests.subjects import Ticker


def test_an_iterator_that_needs_aiter_is_told_so() -> None:
    """To declare the exception would be the wrong advice."""
    messages = {v.message for v in check("async_iterator", SetsUpInAiter).violations}

    [message] = messages
    assert message.startswith("its plain use raised AttributeError: ")
    assert message.endswith(
        "; after aiter() it works, but anext() does not call that: set it up in __init__"
    )


def test_one_that_fails_in_any_case_may_be_meant_so() -> None:
    """Then the declaration is named."""
    messages = {v.message for v in check("async_iterator", Fails).violations}

    assert {
        "its plain use raised ValueError: no tick; if that is meant, declare raises=ValueError"
    } == messages


def test_a_declared_exception_that_does_not_come_shows_what_came() -> None:
    """The trace tells how the pass ended instead."""
    [verdict] = check("async_iterator", Ticker, raises=ValueError, backends=("trio",)).violations

    assert "raises=ValueError was declared, but nothing was raised" == verdict.message
    assert "__anext__ #4 -> raised StopAsyncIteration" in verdict.trace
