"""What can be said of a class without an object of it.

Its methods are put into a stand-in, a class with nothing else, so that the rules that only look
can look at an object of that: nothing of the class itself is run. What kind of function a method
is says a little more. Where a decorator, a descriptor or ``__getattr__`` may have a word in it,
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, cast

from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import RuleOutcome, Violation
from pytest_asyncprotocol.model.protocols import Protocol, on_class
from pytest_asyncprotocol.model.recording import Log
from pytest_asyncprotocol.model.rule import Feeds, Rule
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.plan import Plan, plan_for
from pytest_asyncprotocol.plugin.coverage.targets import Target

_METHODS = {
    protocol: sorted(
        (*protocol.methods, *(("aclose",) if protocol is Protocol.ASYNC_GENERATOR else ())),
        key=lambda name: not name.startswith("__"),
    )
    for protocol in Protocol
}
"""The methods of each protocol; first those that the language itself calls."""


_Look = tuple[str, str]


def looks_at(target: Target) -> list[_Look]:
    """The rules that *target* breaks for all to see, and how; of each protocol the first."""
    if target.cls is None or target.abstract:
        return []
    found: list[_Look] = []
    for protocol in target.protocols:
        plan = plan_for(protocol, _stand_in(target.cls, protocol), {})
        seen = [*_by_rules(target.cls, plan), *_by_definition(target.cls, plan)]
        found += seen[:1]
    return found


def _by_rules(cls: type, plan: Plan) -> Iterator[_Look]:
    if not _shows_all(cls, plan.protocol):
        return
    nowhere: Any = None
    for rule in (each for each in plan.rules if each.feeds is Feeds.METHODS):
        subject = Subject(plan.factory.target, nowhere, Log(), 1)
        case = Case(plan.factory, plan.declared, library="asyncio", loop=nowhere, instance=subject)
        message = _message_of(rule, case)
        if message is not None:
            yield rule.name, message


def _message_of(rule: Rule, case: Case) -> str | None:
    """What *rule* finds wrong; a rule that only looks never waits for anything."""
    looking = cast("Any", rule.check(case))
    try:
        looking.send(None)
    except Violation as violation:
        return str(violation)
    except (RuleOutcome, StopIteration):
        return None
    finally:
        looking.close()
    return None


def _shows_all(cls: type, protocol: Protocol) -> bool:
    """Whether what is missing on *cls* is missing for good, and not left to a derived class."""
    missing = [name for name in _METHODS[protocol] if on_class(cls, name) is None]
    if not missing:
        return True
    if on_class(cls, "__getattr__") or on_class(cls, "__getattribute__") is not _getattribute:
        return False
    set_up = on_class(cls, "__init__")
    if isinstance(set_up, FunctionType) and set(missing) & set(set_up.__code__.co_names):
        return False
    return not any(on_class(sub, name) for sub in _below(cls) for name in missing)


def _below(cls: type) -> Iterator[type]:
    subclasses: list[type] = type.__subclasses__(cls)
    for sub in subclasses:
        yield sub
        yield from _below(sub)


def _stand_in(cls: type, protocol: Protocol) -> object:
    async def anything(*arguments: Any, **keywords: Any) -> None:
        del arguments, keywords

    methods = {name: on_class(cls, name) for name in _METHODS[protocol]}
    plain = {
        name: value if type(value) is FunctionType else anything
        for name, value in methods.items()
        if value is not None
    }
    return type(cls.__name__, (), plain)()


def _by_definition(cls: type, plan: Plan) -> Iterator[_Look]:
    checks = [(rule, check) for rule in plan.rules for check in rule.method_checks]
    methods = _METHODS[plan.protocol]
    for rule, check in sorted(checks, key=lambda each: methods.index(each[1].method)):
        method = on_class(cls, check.method)
        is_plain = type(method) is FunctionType and not hasattr(method, "__wrapped__")
        if is_plain and check.is_wrong(method):
            yield rule.name, f"{check.method} {check.message}"


_getattribute = on_class(object, "__getattribute__")
