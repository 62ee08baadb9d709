"""A good lease of a pooled connection, and twenty mutants of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio

from pytest_asyncprotocol.model.protocols import Protocol
from tests.exploration import ASYNCIO, BOTH, FoundBy, faulty
from tests.exploration.peers import Peer

T = TypeVar("T")

SLOTS = 2
MOST_USES = 3
KEEP_ALIVE = 60
PATIENCE = 10


class Database(Peer):
    """What the connections lead to; it counts those that are open."""

    def __init__(self, *, refuses: bool = False, fails: bool = False, silent: bool = False) -> None:
        super().__init__()
        self.refuses = refuses
        self.fails = fails
        self.silent = silent
        self.open = 0

    async def answer(self, what: str) -> None:
        await super().answer(what)
        if self.silent and what == "commit":
            await anyio.Event().wait()


class Connection:
    """Is greeted once, in two steps; then it is good for one transaction at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stage = "new"
        self.in_transaction = False
        self.uses = 0
        self.idle_since = 0.0
        self.open = True
        database.open += 1

    async def hello(self) -> None:
        await self.database.answer("hello")
        self.stage = "greeted"

    async def login(self) -> None:
        await self.database.answer("login")
        if self.database.refuses:
            raise ConnectionError("the login was refused")
        self.stage = "ready"

    async def ping(self) -> None:
        await self.database.answer("ping")

    def begin(self) -> None:
        if self.stage != "ready" or self.in_transaction:
            raise ConnectionError("this connection cannot begin a transaction")
        self.in_transaction = True
        self.uses += 1

    async def commit(self) -> None:
        await self.database.answer("commit")
        if self.database.fails:
            raise ConnectionError("the commit failed")
        self.in_transaction = False

    async def rollback(self) -> None:
        await self.database.answer("rollback")
        self.in_transaction = False

    async def goodbye(self) -> None:
        try:
            await self.database.answer("goodbye")
        finally:
            self.close()

    def close(self) -> None:
        if self.open:
            self.open = False
            self.database.open -= 1


class Pool:
    """Some slots, and the connections that nobody uses just now."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.slots = anyio.Semaphore(SLOTS)
        self.idle: list[Connection] = []

    async def dial(self) -> Connection:
        await self.database.answer("dial")
        return Connection(self.database)

    def is_whole(self) -> bool:
        """Whether every slot is free, and no connection is open but those that are idle."""
        return self.slots.value == SLOTS and self.database.open == len(self.idle)


class Lease:
    """Lends a connection for one transaction: ``async with lease as connection``.

    It can be used again and again, by one task at a time; another entry meanwhile is refused.
    Connections are kept for the next use unless they are worn out, idle for long, or in an unknown
    state, since somebody was cancelled or something failed.
    """

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or Database()
        self.pool = Pool(self.database)
        self.connection: Connection | None = None
        self.busy = False

    async def __aenter__(self) -> Connection:
        if self.busy:
            raise RuntimeError("this lease is in use")
        self.busy = True
        try:
            self.connection = await self.connect()
        except BaseException:
            self.busy = False
            raise
        return self.connection

    async def connect(self) -> Connection:
        await self.pool.slots.acquire()
        connection = None
        try:
            connection = self.reuse()
            if connection is None:
                connection = await self.pool.dial()
                await self.greet(connection)
            else:
                await connection.ping()
            connection.begin()
        except BaseException:
            self.give_back(connection)
            raise
        return connection

    def reuse(self) -> Connection | None:
        """The connection that was idle for the shortest time, if that was not too long."""
        while self.pool.idle:
            connection = self.pool.idle.pop()
            if anyio.current_time() - connection.idle_since < KEEP_ALIVE:
                return connection
            connection.close()
        return None

    async def greet(self, connection: Connection) -> None:
        await connection.hello()
        await connection.login()

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            await self.finish(connection, kind)
        finally:
            self.give_back(connection)
            self.busy = False

    async def finish(self, connection: Connection, kind: type[BaseException] | None) -> None:
        if kind is None:
            await connection.commit()
        else:
            await connection.rollback()

    def give_back(self, connection: Connection | None) -> None:
        """Free a slot, and keep the connection if it is good for another use."""
        if connection is not None:
            if self.is_good(connection):
                connection.idle_since = anyio.current_time()
                self.pool.idle.append(connection)
            else:
                connection.close()
        self.pool.slots.release()

    def is_good(self, connection: Connection) -> bool:
        return (
            connection.stage == "ready"
            and not connection.in_transaction
            and connection.uses < MOST_USES
        )


def is_fresh(connection: Connection) -> bool:
    return connection.open and connection.stage == "ready" and connection.in_transaction


def promises(lease: type[Lease]) -> dict[str, Any]:
    """What the author of the good lease declares, and would go on to declare of each mutant."""
    return {
        "value": is_fresh,
        "reuse": "reusable",
        "concurrent_entry": "refused",
        "released": lambda lease: lease.pool.is_whole(),
        "failing_enter": lambda: lease(Database(refuses=True)),
        "failing_exit": lambda: lease(Database(fails=True)),
        "hanging": lambda: lease(Database(silent=True)),
    }


def mutant(
    sequence: str, *, found_by: FoundBy, backends: tuple[str, ...] = BOTH
) -> Callable[[type[T]], type[T]]:
    """A mutant of `Lease`."""

    def enter(lease: type[T]) -> type[T]:
        declare = faulty(
            Protocol.ASYNC_CONTEXT_MANAGER,
            sequence,
            found_by=found_by,
            backends=backends,
            good=Lease,
            **promises(lease),  # type: ignore[arg-type]
        )
        return declare(lease)

    return enter


@mutant("enter cancelled at the hello; enter is refused", found_by="sweep")
class StaysBusyAfterACancelledEntry(Lease):
    """An entry that fails is noted, one that is cancelled is not."""

    async def __aenter__(self) -> Connection:
        if self.busy:
            raise RuntimeError("this lease is in use")
        self.busy = True
        try:
            self.connection = await self.connect()
        except Exception:
            self.busy = False
            raise
        return self.connection


@mutant("enter; exit cancelled at the commit; enter is refused", found_by="sweep")
class StaysBusyAfterACancelledExit(Lease):
    """The line that ends the use stands behind the ``finally``, not in it."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            await self.finish(connection, kind)
        finally:
            self.give_back(connection)
        self.busy = False


@mutant("with a commit that fails: enter; exit; enter is refused", found_by="sequences")
class StaysBusyAfterAFailedCommit(Lease):
    """The use ends where all went well and where it was cancelled, not where the commit failed."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            await self.finish(connection, kind)
            self.busy = False
        except anyio.get_cancelled_exc_class():
            self.busy = False
            raise
        finally:
            self.give_back(connection)


@mutant("enter; enter is refused; enter comes in", found_by="sequences")
class ForgetsAfterItRefused(Lease):
    """The check stands inside the ``try``, so that a refused entry ends the use of the other."""

    async def __aenter__(self) -> Connection:
        try:
            if self.busy:
                raise RuntimeError("this lease is in use")
            self.busy = True
            self.connection = await self.connect()
        except BaseException:
            self.busy = False
            raise
        return self.connection


@mutant("enter; exit cancelled at the commit; enter raises", found_by="sweep")
class KeepsAnOpenTransaction(Lease):
    """A connection is kept although it is in a transaction still."""

    def is_good(self, connection: Connection) -> bool:
        return connection.stage == "ready" and connection.uses < MOST_USES


@mutant("enter cancelled at the login; enter raises", found_by="sweep")
class KeepsAHalfGreetedConnection(Lease):
    """A connection is kept although it is not logged in yet."""

    def is_good(self, connection: Connection) -> bool:
        return not connection.in_transaction and connection.uses < MOST_USES


@mutant("enter; exit; enter cancelled at the ping: a slot is lost", found_by="sweep")
class PingsOutsideOfItsTry(Lease):
    """A fresh connection is greeted inside the ``try``, one that is used again is tried outside."""

    async def connect(self) -> Connection:
        await self.pool.slots.acquire()
        connection = self.reuse()
        if connection is not None:
            await connection.ping()
        try:
            if connection is None:
                connection = await self.pool.dial()
                await self.greet(connection)
            connection.begin()
        except BaseException:
            self.give_back(connection)
            raise
        return connection


@mutant("enter; exit by an error, cancelled at the rollback: a slot is lost", found_by="sweep")
class RollsBackOutsideOfItsTry(Lease):
    """The commit stands inside the ``try``, the rollback outside."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        if kind is not None:
            await connection.rollback()
        try:
            if kind is None:
                await connection.commit()
        finally:
            self.give_back(connection)
            self.busy = False


@mutant("enter; exit; exit: there is a slot too many", found_by="sequences")
class GivesBackTwice(Lease):
    """The exit does not forget its connection."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection = self.connection
        if connection is None:
            return
        try:
            await self.finish(connection, kind)
        finally:
            self.give_back(connection)
            self.busy = False


@mutant("enter cancelled at the login; exit: there is a slot too many", found_by="sequences")
class KeepsAHandleOfACancelledEntry(Lease):
    """The connection is stored while it is greeted, and stays there if that is cancelled."""

    async def greet(self, connection: Connection) -> None:
        self.connection = connection
        await super().greet(connection)


@mutant("two enter at once both come in", found_by="sequences")
class ChecksThenWaits(Lease):
    """That it is in use is noted when the connection is there, not when the entry begins."""

    async def __aenter__(self) -> Connection:
        if self.busy:
            raise RuntimeError("this lease is in use")
        self.connection = await self.connect()
        self.busy = True
        return self.connection


@mutant("enter; exit cancelled at the commit: never awaited, and it stays open", found_by="sweep")
class ForgetsToAwaitItsGoodbye(Lease):
    """The ``await`` is missing where a connection is given up."""

    def give_back(self, connection: Connection | None) -> None:
        if connection is not None and not self.is_good(connection):
            connection.goodbye()  # type: ignore[unused-coroutine]
            connection = None
        super().give_back(connection)


@mutant("enter cancelled at the login; exit hangs", found_by="sequences")
class WaitsForItsEntry(Lease):
    """The exit waits for the entry, whose end is noted only where it is a good one."""

    entered: anyio.Event | None = None

    async def __aenter__(self) -> Connection:
        if self.busy:
            raise RuntimeError("this lease is in use")
        self.entered = anyio.Event()
        connection = await super().__aenter__()
        self.entered.set()
        return connection

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if self.entered is not None and not self.entered.is_set():
            await self.entered.wait()
        await super().__aexit__(kind, *details)


@mutant(
    "enter; exit cancelled at the commit, and again at the goodbye: it returns",
    found_by="sweep",
    backends=ASYNCIO,
)
class ReturnsFromItsGoodbye(Lease):
    """After a cancelled commit it says goodbye, and makes nothing of whatever comes of that."""

    async def finish(self, connection: Connection, kind: type[BaseException] | None) -> None:
        try:
            await super().finish(connection, kind)
        except anyio.get_cancelled_exc_class():
            try:
                with anyio.move_on_after(PATIENCE, shield=True):
                    await connection.goodbye()
            except BaseException:
                return
            raise


@mutant("three times enter and exit: a slot is lost", found_by="sequences")
class LosesTheSlotOfAWornConnection(Lease):
    """A connection that is worn out is closed, and its slot is forgotten."""

    def give_back(self, connection: Connection | None) -> None:
        if connection is not None and connection.uses >= MOST_USES:
            connection.close()
            return
        super().give_back(connection)


@mutant("enter; exit by an error; enter raises", found_by="sequences")
class NeverForgivesAnError(Lease):
    """That something went wrong is forgotten at the next good exit, to which it never comes."""

    broken = False

    async def __aenter__(self) -> Connection:
        if self.broken:
            raise ConnectionError("the last transaction was rolled back")
        return await super().__aenter__()

    async def finish(self, connection: Connection, kind: type[BaseException] | None) -> None:
        await super().finish(connection, kind)
        self.broken = kind is not None


@mutant("enter cancelled at the login: a slot is lost", found_by="sweep")
class LosesItsConnectionInTheLogin(Lease):
    """An error of the login gives the connection back, a cancellation does not."""

    async def connect(self) -> Connection:
        await self.pool.slots.acquire()
        connection = None
        try:
            connection = self.reuse() or await self.pool.dial()
        except BaseException:
            self.give_back(connection)
            raise
        try:
            if connection.stage == "new":
                await self.greet(connection)
            else:
                await connection.ping()
            connection.begin()
        except Exception:
            self.give_back(connection)
            raise
        return connection


@mutant("enter; exit; a minute passes; enter; exit: one stays open", found_by="sequences")
class ForgetsWhatWasIdleForLong(Lease):
    """A connection that was idle for too long is not used again, and not closed either."""

    def reuse(self) -> Connection | None:
        while self.pool.idle:
            connection = self.pool.idle.pop()
            if anyio.current_time() - connection.idle_since < KEEP_ALIVE:
                return connection
        return None


@mutant("enter; two exit at once: there is a slot too many", found_by="sequences")
class ForgetsItsConnectionTooLate(Lease):
    """The exit forgets its connection behind the commit, in which another one looks at it."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        connection = self.connection
        if connection is None:
            return
        try:
            await self.finish(connection, kind)
        finally:
            self.give_back(connection)
            self.connection = None
            self.busy = False


@mutant("enter; exit; some seconds pass; enter: TimeoutError", found_by="sequences")
class KeepsItsFirstDeadline(Lease):
    """The time limit of the entry is worked out once, for the first one."""

    deadline: float | None = None

    async def connect(self) -> Connection:
        if self.deadline is None:
            self.deadline = anyio.current_time() + PATIENCE
        with anyio.CancelScope(deadline=self.deadline):
            return await super().connect()
        raise TimeoutError("no connection within the time limit")
