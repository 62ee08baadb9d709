"""Every rule earns its place: there is a fault that no other rule would see."""

from __future__ import annotations

import pytest

from pytest_asyncprotocol.catalogue import catalogue
from tests.kill_matrix import SUBSUMED, alone, blamed, violators


@pytest.mark.parametrize("rule", sorted(set(catalogue()) - set(SUBSUMED)))
def test_a_rule_is_alone_with_one_of_its_violators(rule: str) -> None:
    """Also where no rule stands back behind those that it requires."""
    if not any(each.shows_on for each in violators(rule)):
        pytest.skip("its violators show on newer Pythons only")
    found = alone(rule)

    assert found is not None, {
        each.name: sorted(blamed(each, raw=True)) for each in violators(rule)
    }


@pytest.mark.parametrize("rule", sorted(SUBSUMED))
def test_a_subsumed_rule_is_really_never_alone(rule: str) -> None:
    """Otherwise it should leave the list."""
    assert rule in catalogue()
    assert alone(rule) is None
