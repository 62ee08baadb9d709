"""A small test suite to report on, and a document made by hand that tries to break the writers."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

CHECKS = """
    import sys
    import pytest
    from pytest_asyncprotocol import assert_async_iterator, check, conformance
    from subjects import Restarting, Room, Ticker

    SOME = ["AI005", "CO001"]

    class TrioOnly(Ticker):
        async def __anext__(self):
            trio = sys.modules.get("trio.lowlevel")
            if not self.left and trio is not None and trio.in_trio_task():
                self.left = [*range(self.size)]
                raise StopAsyncIteration
            return await super().__anext__()

    @pytest.mark.parametrize("size", [1, 3])
    @conformance.async_iterator(select=SOME)
    def test_good(size):
        return Ticker(size)

    @conformance.async_iterator(items=[0, 1, 2], select=SOME)
    def test_bad():
        return TrioOnly(3)

    @conformance.async_iterator(
        select=SOME, expected_failures={"AI005": "known", "CO007": "tasks | are left"}
    )
    def test_known():
        return Restarting(3)

    class TestMethods:
        def test_several(self):
            assert_async_iterator(lambda: Ticker(3), select=SOME)
            assert_async_iterator(lambda: Ticker(2), select=SOME)
            assert_async_iterator(Ticker(3), select=SOME)
            assert_async_iterator(lambda: Restarting(1), select=["CO001"])

    def test_fixture(asyncprotocol):
        asyncprotocol.check("async_context_manager", Room, select=["CM004"])

    @pytest.mark.anyio
    async def test_awaited():
        await assert_async_iterator(lambda: Ticker(3), select=SOME)

    def test_factory():
        check("async_iterator", lambda: 3, select=["AI005"])
"""
"""Every way in, every way to end but vacuous."""

ORDINARY = """
    def test_ordinary():
        pass
"""

NASTY = '<script>alert("`x`|y")</script>\n&amp; __init__ **b** [l](javascript:1) ```'


def load(path: Path) -> dict[str, Any]:
    """The report at *path*."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def verdict(rule: str | None, backend: str, status: str, **other: Any) -> dict[str, Any]:
    """A verdict of a document."""
    coverage = {"runs": 1, "points": 2, "scheduled": True}
    plain = {"rule": rule, "backend": backend, "status": status, "message": "", "trace": []}
    return {**plain, "coverage": coverage, "expected": None, **other}


def subject(name: str, verdicts: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    """A subject of a document, with no more counts than there are verdicts."""
    endings = ("violated", "error", "expected", "passed", "vacuous", "skipped")
    statuses = ["expected" if v["expected"] is not None else v["status"] for v in verdicts]
    return {
        "id": f"test_x.py::test_{name}",
        "test": f"test_x.py::test_{name}",
        "subject": name,
        "protocol": "async iterator",
        "source": "x.py:1",
        "backends": sorted({v["backend"] for v in verdicts}),
        "opened": {},
        "complete": True,
        "counts": {ending: statuses.count(ending) for ending in endings},
        "unconfirmed": [],
        "verdicts": verdicts,
        **other,
    }


def package(name: str, *, error: str | None = None) -> dict[str, Any]:
    """The coverage of a package in which one of two targets was checked, and one is broken."""
    return {
        "package": name, "error": None, "pairs": 2, "checked": 1,
        "targets": [
            {
                "module": name, "name": target, "kind": "class", "protocol": "async iterator",
                "abstract": target == "Base", "checked_on": ["trio"] * (target == "Ticker"),
                "checked_only_as": ["async iterable"] * (target == "Clock"),
            }
            for target in ("Base", "Clock", "Ticker")
        ],
        "unimportable": [{"module": f"{name}.gui", "error": error}] if error else [],
        "violations": [
            {"module": name, "name": "Clock", "rule": "AI001 shape", "message": f"no {name}"}
        ],
    }  # fmt: skip


def document(
    *subjects: dict[str, Any], packages: list[dict[str, Any]] | None = None, **page: str
) -> dict[str, Any]:
    """A document of these subjects, with one rule that every verdict is about."""
    rule = {
        "id": "AI005", "slug": "sticky-stop", "level": "must", "title": "Exhaustion is permanent",
        "what": "", "why": "Because of `this`.", "advice": "Look.",
        "source": "PEP 525: https://peps.python.org/pep-0525/",
        "address": "https://peps.python.org/pep-0525/",
        **page,
    }  # fmt: skip
    counts = {e: sum(s["counts"][e] for s in subjects) for e in subject("", [])["counts"]}
    return {
        "schema": "asyncprotocol-report/1",
        "versions": {
            "python": "3.11.7", "implementation": "cpython", "platform": "linux",
            "pytest-asyncprotocol": None, "libraries": {"trio": "0.32"},
        },
        "configuration": {
            "backends": ["asyncio", "trio"], "level": "should", "select": [], "ignore": [],
            "timeout": 10.0,
        },
        "totals": {
            "subjects": len(subjects), "counts": counts, "rules": {"ran": 1, "catalogue": 44},
        },
        "rules": [rule],
        "subjects": list(subjects),
        "packages": [] if packages is None else packages,
    }  # fmt: skip


def nasty() -> dict[str, Any]:
    """A document in which every text that comes from outside is markup."""
    return document(
        subject(
            NASTY,
            [
                verdict("AI005", "asyncio", "violated", message=NASTY, trace=[NASTY],
                        reproducer=NASTY),
                verdict("AI005", "trio", "error", message=NASTY),
                verdict("AI007", "trio", "violated", message=NASTY, expected=NASTY),
                verdict("AI008", "trio", "skipped", message=NASTY),
                verdict(None, "asyncio", "error", message=NASTY),
            ],
            source=NASTY, opened={"trio": [NASTY]}, unconfirmed=[NASTY],
        ),
        packages=[package(NASTY, error=NASTY)],
        title=NASTY, why=NASTY, advice=NASTY, what=NASTY, source=NASTY,
        address="javascript://alert(1)",
    )  # fmt: skip


def _strict(schema: Any) -> Any:
    """*schema*, allowing no field that it does not describe."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _strict(value) for key, value in schema.items()}
    if "properties" in schema:
        closed["additionalProperties"] = False
    return closed


SCHEMA = json.loads(
    files("pytest_asyncprotocol.plugin").joinpath("report-schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(_strict(SCHEMA))
"""Of what a report in JSON is, and of nothing more."""
