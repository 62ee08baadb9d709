"""Specimens: the methods of an async context manager, and what they give."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Generator
from typing import Any, Self

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager._bases import Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


@conforms("CM001", MANAGER)
class Plain(Session):
    """Has its methods in the class, or inherits them."""


@violates("CM001", MANAGER, says="OnlyCloses has no __aexit__ on its type")
class OnlyCloses:
    """Can be entered, but has close() where __aexit__ belongs."""

    async def __aenter__(self) -> Self:
        return self

    async def close(self) -> None:
        """Never called."""


@violates(
    "CM001",
    MANAGER,
    says=(
        "ForWith has no __aenter__ and no __aexit__ on its type; it is a manager for "
        "`with`, not for `async with`"
    ),
)
class ForWith:
    """Is a manager for `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        """Nothing to do."""


@violates("CM001", MANAGER, says="EntersOnly has no __aenter__ and no __aexit__ on its type")
class EntersOnly:
    """Is no manager for `with` either, having `__enter__` alone."""

    def __enter__(self) -> Self:
        return self


@violates("CM001", MANAGER, says="OnlyOnTheInstance has no __aenter__ and no __aexit__ on its type")
class OnlyOnTheInstance:
    """Has its methods as attributes of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__aenter__ = Session().__aenter__
        self.__aexit__ = Session().__aexit__


@violates("CM001", MANAGER, says="Forwards has no __aenter__ and no __aexit__ on its type")
class Forwards:
    """Forwards each attribute by __getattr__, which the language does not ask."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Session(), name)


@conforms("CM002", MANAGER)
class ReturnsCoroutines:
    """Has plain functions that return what async ones give."""

    def __init__(self) -> None:
        self.session: Session | None = None

    def __aenter__(self) -> Awaitable[Any]:
        self.session = Session()
        return self.session.__aenter__()

    def __aexit__(self, *details: Any) -> Awaitable[Any]:
        assert self.session is not None
        return self.session.__aexit__(*details)


@conforms("CM002", MANAGER)
class ReturnsAwaitables:
    """Gives objects of its own to await."""

    class Done:
        """Is there already."""

        def __await__(self) -> Generator[Any, Any, None]:
            return anyio.lowlevel.checkpoint().__await__()

    def __aenter__(self) -> Done:
        return self.Done()

    def __aexit__(self, *details: object) -> Done:
        return self.Done()


@violates(
    "CM002",
    MANAGER,
    says="__aenter__ returned <...EntersSynchronously object>; expected something to await",
)
class EntersSynchronously(Session):
    """Forgot the async of its entry."""

    def __aenter__(self) -> Any:
        return self


@violates("CM002", MANAGER, says="__aexit__ returned False; expected something to await")
class LeavesSynchronously(Session):
    """Forgot the async of its exit."""

    def __aexit__(self, *details: object) -> Any:
        return False


@conforms("CM003", MANAGER)
class TakesWhatever(Session):
    """Takes the three as one."""

    async def __aexit__(self, *details: object, **more: object) -> None:
        """Nothing to do."""


@conforms("CM003", MANAGER)
class SignatureLies(Session):
    """Wraps a method that takes nothing, and so shows that one's signature."""

    async def close(self) -> None:
        """Nothing to do."""

    @functools.wraps(close)
    async def __aexit__(self, *details: object) -> None:
        await self.close()

    __aexit__.__signature__ = inspect.signature(close)


@violates(
    "CM003",
    MANAGER,
    says=(
        "__aexit__ does not take the type, the value and the traceback: TypeError: "
        "TakesNothing.__aexit__() takes 1 positional argument but 4 were given"
    ),
)
class TakesNothing(Session):
    """Has no room for an exception."""

    async def __aexit__(self) -> None:  # noqa: PLE0302, PYI036 - that is its fault
        """Nothing to do."""


@violates(
    "CM003",
    MANAGER,
    says=(
        "__aexit__ does not take the type, the value and the traceback: TypeError: "
        "SignatureOfAnother.close() takes 1 positional argument but 4 were given"
    ),
)
class SignatureOfAnother(Session):
    """Takes nothing, and shows the signature of the method that it wraps."""

    async def close(self, *details: object) -> None:
        """Nothing to do."""

    @functools.wraps(close)
    async def __aexit__(self) -> None:  # noqa: PLE0302, PYI036 - that is its fault
        await self.close()


@conforms("CM003", MANAGER)
class InsistsOnATraceback(Session):
    """Counts on the traceback that the language always gives with an exception."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        assert error is None or traceback is not None


@conforms("CM025", MANAGER, value_is_self=True)
class GivesItself(Session):
    """Is its own target."""


@conforms("CM025", MANAGER, value=[1, 2])
class GivesAList(Session):
    """Gives a list, and empties it at its exit."""

    async def __aenter__(self) -> list[int]:
        self.numbers = [1, 2]
        return self.numbers

    async def __aexit__(self, *details: object) -> None:
        self.numbers.clear()


@conforms("CM025", MANAGER, value=lambda value: value is not None)
class GivesSomething(Session):
    """Gives what the author's function approves of."""


@violates(
    "CM025", MANAGER, value_is_self=True, says="__aenter__ gave None; expected the manager itself"
)
class ForgetsToReturnItself(Session):
    """Has no return in its entry."""

    async def __aenter__(self) -> None:
        await anyio.lowlevel.checkpoint()


@violates(
    "CM025",
    MANAGER,
    value_is_self=True,
    says="__aenter__ gave <...GivesItsEqual object>; expected the manager itself",
)
class GivesItsEqual(Session):
    """Equals each of its kind, and gives another one."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    __hash__ = Session.__hash__

    async def __aenter__(self) -> Self:
        return type(self)()


@violates("CM025", MANAGER, value=2, says="__aenter__ gave 1; expected 2")
class GivesAnotherValue(Session):
    """Gives what was not declared."""

    async def __aenter__(self) -> int:
        return 1


@violates(
    "CM025",
    MANAGER,
    value=lambda value: value.size == 3,
    says=(
        "__aenter__ gave None; the callable value= raised AttributeError: 'NoneType' "
        "object has no attribute 'size' for it"
    ),
)
class GivesNothingToLookAt(ForgetsToReturnItself):
    """Gives None where the author's function looks for a size."""


@violates(
    "CM025",
    MANAGER,
    value=1,
    says="__aenter__ gave <Prickly whose __repr__ raised ValueError>; expected 1",
)
class GivesWhatCannotBeCompared(Session):
    """Gives a value whose comparison and whose repr raise."""

    class Prickly:
        """Raises at every look."""

        def __eq__(self, other: object) -> bool:
            raise ValueError("no comparison")

        __hash__ = object.__hash__

        def __repr__(self) -> str:
            raise ValueError("no repr")

    async def __aenter__(self) -> Prickly:
        return self.Prickly()
