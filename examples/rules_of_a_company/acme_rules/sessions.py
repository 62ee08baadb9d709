"""What an ``async with`` block works with."""

from __future__ import annotations

from typing import Any

from pytest_asyncprotocol.authoring import Case, Level, NotApplicable, Protocol, Violation, rule


# What cannot be entered and left is CO020's.
@rule("ACME002", "closed-tells-the-truth", Level.SHOULD,
      protocols=(Protocol.ASYNC_CONTEXT_MANAGER,), requires=("CO020",))  # fmt: skip
async def closed_tells_the_truth(case: Case) -> None:
    """What is entered has ``closed``: false inside of the block, and true after it.

    Also where the block raised. A manager whose entry gives None has nothing to be asked, and is
    left alone.

    Why:
        Our pools ask ``closed`` before they hand out a session again.

    In practice:
        ``__aexit__`` sets the flag as its last line, behind a goodbye that can fail.

    Advice:
        Set the flag first, or in ``finally``.

    Source:
        Acme, Handbook for services, "Sessions":
        https://handbook.acme.example/services/sessions
    """
    for error in (None, LookupError("raised by the block")):
        manager = await case.fresh()
        session = (await manager.enter()).unwrap()
        if session is None:
            raise NotApplicable("its entry gives None")
        inside = _closed(session)
        left = await manager.exit(error)
        if inside:
            raise Violation("closed is true inside of the block")
        if not _closed(session):
            how = "" if error is None else ", which raised"
            raise Violation(f"closed is false after the block{how}: {left.operation} {left}")


def _closed(session: Any) -> bool:
    if not hasattr(session, "closed"):
        raise Violation("what is entered has no closed")
    return bool(session.closed)
