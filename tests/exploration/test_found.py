"""The exploration finds the faults that were written down before it, by its default bounds."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from pytest_asyncprotocol import Status, check
from tests.exploration import Fault, faults

FAULTS = faults()
NAMES = [each.name for each in FAULTS]

NOT_FOUND = {
    "LooksBeforeItsTurnOnly": "needs three tasks in one order, and a reader that comes late",
    "ForgetsItsConnectionTooLate": "needs two exits at once of what refuses two entries",
    "TakesItsConnectionForAnswer": "has a result together with the cancellation, which it may give",
    "LeavesItsReaderRunning": "its task ends by itself, within the time that tasks get",
    "GuardsWhatIsSentOnly": "needs a throw while another task is sending",
    "ChecksItsCountBeforeItsLock": "needs two exits at once before any other use",
    "LosesAWakeUp": "needs two waiters, one of which is cancelled in the turn of its wake-up",
}
"""Faults that the default bounds do not reach, with what it would take."""

DEPENDS = {
    "KeepsAHandleOfACancelledEntry": "on what the release of Hypothesis draws",
    "HandsOutItsOwnAwaitable": "on anyio: before 4.15 its scope cancels in circles, an error",
}
"""Faults that are found with some releases of what is used only; they count as missed."""

EXPLORING = {"CO001", "CO002", "CO007", "CO021"}
"""The rules of the cancellation sweep; all others have scenarios of their own."""

MODULES = {"iterator_mutants": 18, "manager_mutants": 18}


def _module(fault: Fault) -> str:
    return fault.factory.__module__.rpartition(".")[2]


@cache
def blamed(fault: Fault, *, examples: int | None = None) -> frozenset[tuple[str, str, str]]:
    """The rules that a check blames, with their backend and message."""
    bounds = {} if examples is None else {"examples": examples}
    report = check(
        fault.protocol, fault.factory, backends=fault.backends, **fault.declared, **bounds
    )
    return frozenset(
        (v.name.split()[0], v.backend, v.message)
        for v in report.failures
        if v.status is Status.VIOLATED
    )


@pytest.mark.parametrize(
    "fault", [pytest.param(each, id=each.name) for each in FAULTS if each.name not in DEPENDS]
)
def test_a_fault_is_found_or_known_to_be_missed(fault: Fault) -> None:
    """On each of its backends together, by whichever rule forbids what it does."""
    assert bool(blamed(fault)) is (fault.name not in NOT_FOUND)


@pytest.mark.parametrize(("module", "least"), MODULES.items())
def test_of_twenty_mutants_eighteen_are_found(module: str, least: int) -> None:
    """The list of those that are missed does not grow."""
    mutants = [each for each in FAULTS if _module(each) == module]

    assert len(mutants) == 20
    assert sum(each.name not in NOT_FOUND and each.name not in DEPENDS for each in mutants) >= least


def test_eight_reported_faults_each_are_found_by_no_scenario_rule() -> None:
    """Those of the sweep by nothing but the sweep, those of sequences by nothing without them."""
    found: Counter[str] = Counter()
    for each in FAULTS:
        if _module(each) != "reported" or each.name in NOT_FOUND:
            continue
        by_scenarios = {rule for rule, _, _ in blamed(each, examples=0)}
        found[each.found_by] += not by_scenarios - EXPLORING
        if each.found_by == "sequences":
            found[each.found_by] -= bool(by_scenarios)

    assert found["sweep"] >= 8
    assert found["sequences"] >= 8


@pytest.mark.parametrize("fault", FAULTS[::7], ids=NAMES[::7])
def test_the_same_is_found_again(fault: Fault) -> None:
    """Word for word, whatever was checked before."""
    before = blamed(fault)
    blamed.cache_clear()

    assert before == blamed(fault)
