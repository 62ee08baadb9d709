"""Declarations: a wrong one is refused at the call, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_asyncprotocol import (
    Report,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)
from pytest_asyncprotocol.model.declarations import (
    UNDECLARED,
    Declarations,
    declarations_of,
    same,
)
from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.keywords import KEYWORDS, CommonKeywords
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.plan import _VALIDATORS as COMMON


def refused(assertion: Callable[..., Report], **declared: Any) -> str:
    """The message with which *assertion* refuses *declared*."""
    with pytest.raises((TypeError, ValueError)) as caught:
        assertion(object, **declared)
    message = str(caught.value)

    assert "\n" not in message
    return message


def test_a_name_that_is_nearly_right() -> None:
    """The commonest slip."""
    expected = "assert_async_iterator takes no item=: did you mean items=?"

    assert expected == refused(assert_async_iterator, item=[1])


def test_a_name_of_another_protocol() -> None:
    """Where it belongs is better known than what is near."""
    expected = "assert_async_iterator takes no reiterable=: it belongs to assert_async_iterable"

    assert expected == refused(assert_async_iterator, reiterable=True)


def test_a_name_that_nothing_comes_near() -> None:
    """All names are listed."""
    message = refused(assert_awaitable, frobnicate=True)

    assert message.startswith("assert_awaitable takes no frobnicate=: it takes backends=, ")
    assert "returns=, " in message


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"items": 3},
            "items= takes a list of the items, or a callable that judges that list, not 3",
        ),
        (
            {"items": "abc"},
            "items= takes a list of the items, or a callable that judges that list, not 'abc'",
        ),
        (
            {"items": {1, 2}},
            "items= takes a list of the items, or a callable that judges that list, not {1, 2}",
        ),
        (
            {"raises": ValueError("no")},
            "raises= takes an exception type such as ValueError, not ValueError('no')",
        ),
        (
            {"raises": (ValueError, OSError)},
            (
                "raises= takes an exception type such as ValueError, not "
                "(<class 'ValueError'>, <class 'OSError'>)"
            ),
        ),
        ({"infinite": 1}, "infinite= takes True or False, not 1"),
        ({"closes": "yes"}, "closes= takes True or False, not 'yes'"),
        ({"released": True}, "released= takes a callable, not True"),
    ],
)
def test_a_value_of_the_wrong_type(declared: dict[str, Any], message: str) -> None:
    """It is shown beside what would be right."""
    assert message == refused(assert_async_iterator, **declared)


def test_one_of_a_few_words() -> None:
    """The words are listed."""
    expected = "reawait= takes 'same' or 'error' or 'again', not 'twice'"

    assert expected == refused(assert_awaitable, reawait="twice")


def test_a_word_that_can_not_even_be_compared() -> None:
    """Comparing is left to strings."""

    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("do not touch")

        __hash__ = None  # type: ignore[assignment]

    message = refused(assert_async_context_manager, reuse=Hostile())

    assert message.startswith("reuse= takes 'reusable' or 'reentrant' or 'single-use', not <")


def test_exception_types_of_a_context_manager() -> None:
    """A single one is taken as a tuple of one."""
    single = declarations_of(Protocol.ASYNC_CONTEXT_MANAGER, {"suppresses": OSError})

    assert (OSError,) == single.suppresses
    assert "suppresses= takes a tuple of exception types, not 'OSError'" == refused(
        assert_async_context_manager, suppresses="OSError"
    )
    assert "suppresses= takes an exception type such as ValueError, not 3" == refused(
        assert_async_context_manager, suppresses=(OSError, 3)
    )


@pytest.mark.parametrize(
    ("assertion", "declared", "message"),
    [
        (
            assert_async_context_manager,
            {"value": 1, "value_is_self": True},
            "value= and value_is_self= contradict each other: declare one of them",
        ),
        (
            assert_awaitable,
            {"returns": 1, "raises": OSError},
            "returns= and raises= contradict each other: declare one of them",
        ),
        (
            assert_async_iterator,
            {"infinite": True, "raises": OSError},
            (
                "infinite=True and raises= contradict each other, since raises= says how it ends: "
                "declare one of them"
            ),
        ),
        (
            assert_async_iterable,
            {"infinite": True, "items": sorted},
            "with infinite=True, items= takes a list of the first items, no callable",
        ),
    ],
)
def test_contradictory_declarations(
    assertion: Callable[..., Report], declared: dict[str, Any], message: str
) -> None:
    """Two promises that can't both be kept."""
    assert message == refused(assertion, **declared)


def test_what_does_not_contradict() -> None:
    """False is no promise."""
    declared = declarations_of(Protocol.ASYNC_CONTEXT_MANAGER, {"value": 1, "value_is_self": False})

    assert declared.declares("value")
    assert not declared.declares("value_is_self")


def test_a_decorator_refuses_them_where_it_stands() -> None:
    """Not only when the test runs."""
    with pytest.raises(TypeError, match=r"^assert_async_generator takes no item=: did you mean"):
        conformance.async_generator(item=[1])  # type: ignore[call-arg]


def test_none_is_a_value_that_can_be_declared() -> None:
    """Saying nothing is something else."""
    declared = declarations_of(Protocol.AWAITABLE, {"returns": None})

    assert declared.declares("returns")
    assert declared.as_judge("returns")(None)
    assert not declared.as_judge("returns")(0)
    assert not declarations_of(Protocol.AWAITABLE, {}).declares("returns")
    assert "UNDECLARED" == repr(UNDECLARED)


def test_a_callable_judges_the_value() -> None:
    """Its truth decides."""
    judge = declarations_of(Protocol.ASYNC_ITERATOR, {"items": lambda got: got[0] > 1}).as_judge(
        "items"
    )

    assert judge([2])
    assert not judge([1])


def test_a_callable_that_judges_has_to_say_so() -> None:
    """One that returns nothing would condemn everything."""
    judge = declarations_of(Protocol.ASYNC_ITERATOR, {"items": lambda got: None}).as_judge("items")

    with pytest.raises(NoVerdict) as caught:
        judge([1])

    expected = (
        "the callable items= returned None: it has to return True or False, so does it lack a "
        "`return`?"
    )
    assert expected == str(caught.value)


def test_items_are_kept_as_they_were_declared() -> None:
    """A list that grows later promises nothing more."""
    items = [1]
    declared = declarations_of(Protocol.ASYNC_ITERATOR, {"items": items})
    items.append(2)

    assert (1,) == declared.items


@pytest.mark.parametrize("error", [RuntimeError(), SystemExit()])
def test_values_that_can_not_be_compared_are_not_the_same(error: BaseException) -> None:
    """Unless they are one object."""

    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise error

        __hash__ = None  # type: ignore[assignment]

    one = Hostile()

    assert same(one, one)
    assert not same(one, Hostile())


def test_all_keywords_are_known_everywhere() -> None:
    """Types and fields name the same declarations."""
    typed = {name for each in KEYWORDS.values() for name in each.__annotations__}

    assert set(Declarations.__annotations__) == typed - set(COMMON)
    assert set(CommonKeywords.__annotations__) >= set(COMMON)
    assert set(Protocol) == set(KEYWORDS)


@pytest.mark.parametrize(
    "assertion",
    [
        assert_awaitable,
        assert_async_iterable,
        assert_async_iterator,
        assert_async_generator,
        assert_async_context_manager,
    ],
)
def test_each_assertion_takes_the_common_ones(assertion: Callable[..., Report]) -> None:
    """`background_ok` holds for any subject."""
    assert "background_ok= takes True or False, not 3" == refused(assertion, background_ok=3)
