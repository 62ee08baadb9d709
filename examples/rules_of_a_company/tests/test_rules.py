"""Our rules catch what they are for, and blame nothing else."""

from __future__ import annotations

import pytest
from acme_rules.specimens import Feed, OpenForEver, Session

from pytest_asyncprotocol import conformance
from pytest_asyncprotocol.testing import Specimen, assert_rule_catches, assert_specimen, specimens


@pytest.mark.parametrize("specimen", specimens("ACME"), ids=lambda each: each.name)
def test_a_specimen_shows_what_it_was_written_for(specimen: Specimen) -> None:
    """The whole battery meets it, on asyncio and on trio."""
    assert_specimen(specimen)


def test_a_session_that_never_ends_is_caught() -> None:
    """The same in one line, for a rule that has no more specimens than these."""
    assert_rule_catches("ACME002", OpenForEver, Session)


@conformance.async_iterator(items=[0, 1, 2])
def test_feed() -> Feed:
    """In a test suite our rules are items like all others."""
    return Feed()
