"""What the report of a test carries of its checks: plain data, which a worker can send."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_asyncprotocol.plugin import interop
from pytest_asyncprotocol.plugin.generation import FIXTURE, check_of, parameters_of
from pytest_asyncprotocol.plugin.interop import library_of

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report, Verdict


def attach(report: pytest.TestReport, item: pytest.Item, finished: list[Report]) -> None:
    """Put what was checked on the report of *item*."""
    if finished:
        cast("Any", report).asyncprotocol = [_plain(each, item) for each in finished]


def add_properties(items: list[pytest.Item]) -> None:
    """Let the JUnit XML say the rule, backend and level of each generated item."""
    for item in items:
        check = check_of(item)
        if check is None:
            continue
        from pytest_asyncprotocol.catalogue import catalogue

        rule = catalogue()[check.rule]
        given = parameters_of(item).get(interop.ANYIO_BACKEND)
        backend = check.backend or (given and library_of(given))
        item.user_properties.append(("asyncprotocol_rule", rule.name))
        item.user_properties.append(("asyncprotocol_level", rule.level.value))
        if backend is not None:  # else a fixture decides when the item runs
            item.user_properties.append(("asyncprotocol_backend", backend))


def test_of(item: pytest.Item) -> str:
    """The node id of *item* without its rule and its backend, for which items are multiplied."""
    if not isinstance(item, pytest.Function) or item.parent is None:
        return item.nodeid
    ids = interop.ids_of(item)
    for added in _added_ids(item):
        if added in ids:
            ids.remove(added)
    return f"{item.parent.nodeid}::{item.originalname}" + f"[{'-'.join(ids)}]" * bool(ids)


def _added_ids(item: pytest.Function) -> Iterator[str]:
    check, parameters = check_of(item), parameters_of(item)
    if check is not None:
        yield check.id
    if FIXTURE in parameters:
        yield str(parameters[FIXTURE])
    if interop.ANYIO_BACKEND in parameters:
        yield library_of(parameters[interop.ANYIO_BACKEND])


def _plain(report: Report, item: pytest.Item) -> dict[str, Any]:
    from pytest_asyncprotocol.catalogue import catalogue

    rules = catalogue().values()
    return {
        "test": test_of(item),
        "generated": check_of(item) is not None,
        "subject": report.subject,
        "protocol": report.protocol.words,
        "targets": list(report.targets),
        "source": _portable_source(report.source, item.config),
        "complete": report.complete,
        "known": sum(report.protocol in rule.protocols for rule in rules),
        "catalogue": len(rules),
        "unconfirmed": list(report.unconfirmed),
        "verdicts": [_plain_verdict(verdict, item.config) for verdict in report],
    }


def _plain_verdict(verdict: Verdict, config: pytest.Config) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "rule": verdict.name,
        "backend": verdict.backend,
        "status": verdict.status.value,
        "failed": verdict.failed,
        "message": _portable(verdict.message, config),
        "skip": verdict.skip and verdict.skip.name,
        "enabled_by": list(verdict.enabled_by),
        "trace": [_portable(line, config) for line in verdict.trace],
        "coverage": {
            "runs": verdict.coverage.runs,
            "points": verdict.coverage.points,
            "opened": list(verdict.coverage.opened),
            "scheduled": verdict.coverage.scheduled,
        },
        "expected": verdict.expected,
    }
    reproducer = verdict.reproducer
    if reproducer:
        plain["reproducer"] = reproducer
    return plain


def _portable_source(source: str | None, config: pytest.Config) -> str | None:
    if source is None:
        return None
    path, _, line = source.rpartition(":")
    absolute = os.path.normpath(config.invocation_params.dir / path)
    return f"{Path(_portable(absolute, config)).as_posix()}:{line}"


def _portable(text: str, config: pytest.Config) -> str:
    """*text* with paths as they are on every machine: below the library, or below the rootdir."""
    for folder in (*_libraries(), str(config.rootpath)):
        if folder in text:
            text = re.sub(rf"(?<![\w.-]){re.escape(folder + os.sep)}", "", text)
    return text


@functools.cache
def _libraries() -> tuple[str, ...]:
    import sysconfig

    return tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib"))
