"""No rule blames a real object that keeps its promises; what is blamed is known and told."""

from __future__ import annotations

from itertools import chain

import pytest

from pytest_asyncprotocol.model.protocols import Protocol
from tests.real import Real, real_objects


@pytest.mark.parametrize("subject", real_objects(), ids=lambda each: each.name)
def test_a_real_object(subject: Real) -> None:
    """Its report is clean, but for what stands in the findings, which all show."""
    report = subject.check()

    assert [] == [
        f"{v.name} {v.backend}: {v.status.value} {v.message} {v.trace}" for v in report.failures
    ]
    assert report.passed


def test_there_are_enough_of_them() -> None:
    """Sixty objects of eighteen libraries, and all five protocols."""
    assert len(real_objects()) >= 60
    assert len({each.library for each in real_objects()}) >= 18
    assert set(Protocol) == {each.protocol for each in real_objects()}


def test_each_finding_is_explained() -> None:
    """In words, not only by the id of the rule."""
    said = chain.from_iterable(each.findings.values() for each in real_objects())

    assert all(len(each) > 20 for each in said)
